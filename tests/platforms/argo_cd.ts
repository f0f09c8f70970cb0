/**
 * A platform that Argo CD applies: each Kustomization of the recorded facts becomes an Application that holds what it had
 * applied, with the words that Argo CD would write of it, and Flux is not there.
 */
import { applications, applicationSets } from "../../lib/components/argo_cd/mod.ts";
import type { Facts } from "../../lib/engine/model.ts";
import { FLUX, type Item, items, type Layout, notInstalled } from "./layouts.ts";

const PARTS = {
  "source-controller": "repo-server",
  "kustomize-controller": "application-controller",
  "helm-controller": "applicationset-controller",
};

/** Flux's controllers become those of Argo CD, and their namespace its own. */
function controllers(facts: Facts): void {
  const renames = Object.entries(PARTS).flatMap(([flux, part]): [string, string][] => [
    [`"app.kubernetes.io/component":"${flux}"`, `"app.kubernetes.io/name":"argocd-${part}"`],
    [`ghcr.io/fluxcd/${flux}:`, "quay.io/argoproj/argocd:"],
    [flux, `argocd-${part}`],
  ]);
  const text = renames.reduce(
    (all, [from, to]) => all.replaceAll(from, to),
    JSON.stringify(facts.sources).replaceAll("flux-system", "argocd")
      .replaceAll(/"(kustomize|helm)\.toolkit\.fluxcd\.io\/name":"/g, '"app.kubernetes.io/instance":"'),
  );
  facts.sources = JSON.parse(text);
  const isController = ({ metadata }: Item) => metadata.name === "argocd-application-controller";
  const all = items(facts, "deployments");
  const [controller] = all.splice(all.findIndex(isController), 1);
  if (!controller) throw new Error("there is no application controller");
  items(facts, "statefulsets").push(controller);
  for (const { metadata } of items(facts, "pods") as OwnedItem[]) {
    if (!metadata.name.startsWith("argocd-application-controller-")) continue;
    metadata.ownerReferences = [{
      kind: "StatefulSet",
      name: "argocd-application-controller",
      controller: true,
    }];
  }
}

interface OwnedItem extends Item {
  metadata: Item["metadata"] & { ownerReferences?: object[] };
}

interface Held {
  group: string;
  kind: string;
  namespace?: string;
  name: string;
}

function parse(id: string): Held {
  const [namespace = "", name = "", group = "", kind = ""] = id.split("_");
  return { group, kind, name, ...namespace ? { namespace } : {} };
}

/** What an Application holds where Flux had a Kustomization or a release. */
function held(facts: Facts, id: string): Held[] {
  const found = parse(id);
  if (found.kind === "Kustomization") return [{ ...found, group: "argoproj.io", kind: "Application" }];
  if (found.kind !== "HelmRelease") return [found];
  const isIts = ({ metadata }: Item) =>
    metadata.labels?.["app.kubernetes.io/managed-by"] === "Helm" &&
    metadata.labels["app.kubernetes.io/instance"] === found.name;
  const of = (source: string, group: string, kind: string) =>
    items(facts, source).filter(isIts).map(({ metadata }) => ({ group, kind, ...metadata }))
      .map(({ namespace, name }): Held => ({ group, kind, name, ...namespace ? { namespace } : {} }));
  return [...of("deployments", "apps", "Deployment"), ...of("services", "", "Service")];
}

function isDown(facts: Facts, { kind, namespace, name }: Held): boolean {
  const source = kind === "Deployment" ? "deployments" : kind === "StatefulSet" ? "statefulsets" : undefined;
  const object = source &&
    items(facts, source).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  return object !== undefined && object.spec.replicas > 0 && !object.status.readyReplicas;
}

/** Flux's objects as Argo CD keeps them. */
export function underArgoCd(facts: Facts): void {
  controllers(facts);
  const made = items(facts, "kustomizations").map(({ metadata, spec, status }) => {
    const resources = (status.inventory ?? []).flatMap((id: string) => held(facts, id)) as Held[];
    const down = resources.some((one) => isDown(facts, one));
    return applications.read({
      metadata: { name: metadata.name, namespace: "argocd", creationTimestamp: "2026-11-21T06:05:42Z" },
      spec: {
        project: "default",
        source: { path: spec.path },
        destination: {
          server: "https://kubernetes.default.svc",
          namespace: spec.targetNamespace ?? "argocd",
        },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
      status: {
        health: { status: down ? "Degraded" : "Healthy", lastTransitionTime: facts.collectedAt },
        sync: { status: "Synced" },
        reconciledAt: facts.collectedAt,
        operationState: {
          phase: "Succeeded",
          message: "successfully synced (all tasks run)",
          startedAt: "2026-11-21T06:06:42Z",
          finishedAt: "2026-11-21T06:07:42Z",
        },
        resources: resources.map((one) => ({ ...one, version: "v1", status: "Synced" })),
      },
    });
  });
  facts.sources[applications.id] = { ok: true, items: made };
  facts.sources[applicationSets.id] = { ok: true, items: [] };
  notInstalled(facts, ...FLUX);
}

export const ARGO_CD: Readonly<Record<string, Layout>> = { "under Argo CD": { change: underArgoCd } };
