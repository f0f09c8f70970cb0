/** Waits until the platform is what its manifests say, and shows each app's time. */
import { setTimeout as sleep } from "node:timers/promises";
import { Buffer } from "node:buffer";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { type Layout, layoutOf } from "../layout.ts";
import type { Progress } from "../progress.ts";
import { at, condition, type Kube, type KubeObject, text } from "./kube.ts";
import { setItem } from "./vault.ts";

const FLUX = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
const userSecret = ({ user }: Layout) =>
  `/api/v1/namespaces/rook-ceph/secrets/rook-ceph-object-user-storage-${user}`;
/** Where the platform stands, besides its own namespace. */
const NAMESPACES = ["flux-system", "external-secrets", "cnpg-system", "rook-ceph"];

/** Something that is not as it should be yet. */
export interface Pending {
  /** `kind name`, as people write it. */
  object: string;
  why: string;
}

/** Copies the S3 user's keys to the vault, as people do by hand or by script. True when something changed. */
export async function copyObjectUserKeys(ctx: LabContext, kube: Kube): Promise<boolean> {
  const secret = await kube.get(userSecret(layoutOf(ctx)));
  const value = (key: string) => Buffer.from(text(secret, "data", key), "base64").toString();
  if (!secret || value("AccessKey") === "") return false;
  return setItem(ctx, "s3-credentials", {
    "access-key-id": value("AccessKey"),
    "secret-access-key": value("SecretKey"),
  });
}

/** Why a Flux object is not Ready for `digest`; undefined when it is. */
function fluxPending(object: KubeObject, digest: string | undefined): string | undefined {
  const ready = condition(object, "Ready");
  if (at(object, "status", "observedGeneration") !== object.metadata.generation) {
    return "was not looked at yet";
  }
  if (ready?.status !== "True") return ready?.message || "has no Ready condition yet";
  const applied = text(object, "status", "lastAppliedRevision");
  if (digest !== undefined && !applied.endsWith(digest)) {
    return `applied ${applied || "nothing"}, not ${digest}`;
  }
  return undefined;
}

function podPending(pod: KubeObject): string | undefined {
  const phase = text(pod, "status", "phase");
  if (phase === "Succeeded" || condition(pod, "Ready")?.status === "True") return undefined;
  const all = at(pod, "status", "containerStatuses");
  const states: unknown[] = Array.isArray(all) ? all : [];
  const waiting = states.map((one) => text(one, "state", "waiting", "reason")).find((reason) =>
    reason !== ""
  );
  return waiting ?? (phase === "Running" ? "is not Ready" : phase);
}

/** What keeps the platform from being as its manifests say, the apps included. Empty: all is well. */
export async function pendingObjects(
  ctx: LabContext,
  kube: Kube,
  digest: string | undefined,
): Promise<Pending[]> {
  const [apps, releases, secrets, stores, clusters, ...pods] = await Promise.all([
    kube.list(FLUX),
    kube.list("/apis/helm.toolkit.fluxcd.io/v2/helmreleases"),
    kube.list("/apis/external-secrets.io/v1/externalsecrets"),
    kube.list("/apis/external-secrets.io/v1/clustersecretstores"),
    kube.list("/apis/postgresql.cnpg.io/v1/clusters"),
    ...[...NAMESPACES, layoutOf(ctx).namespace].map((name) => kube.list(`/api/v1/namespaces/${name}/pods`)),
  ]);
  const pending: Pending[] = [];
  const add = (kind: string, object: KubeObject, why: string | undefined) => {
    if (why !== undefined) pending.push({ object: `${kind} ${object.metadata.name}`, why });
  };
  for (const one of apps) add("Kustomization", one, fluxPending(one, digest));
  for (const one of releases) add("HelmRelease", one, fluxPending(one, undefined));
  for (const [kind, objects] of [["ExternalSecret", secrets], ["ClusterSecretStore", stores]] as const) {
    for (const one of objects) {
      const ready = condition(one, "Ready");
      add(kind, one, ready?.status === "True" ? undefined : ready?.message || "was not looked at yet");
    }
  }
  for (const one of clusters) {
    const [ready, wanted] = [text(one, "status", "readyInstances") || "0", text(one, "spec", "instances")];
    const healthy = ready === wanted && text(one, "status", "phase") === "Cluster in healthy state";
    add(
      "Cluster",
      one,
      healthy ? undefined : `${ready} of ${wanted} instances, ${text(one, "status", "phase") || "no phase"}`,
    );
  }
  for (const one of pods.flat()) add("Pod", one, podPending(one));
  if (apps.length < 2) {
    pending.push({ object: "Kustomization cluster-apps", why: "has not made the apps yet" });
  }
  return pending;
}

/** A line in the progress for each app, from when Flux knows it until it is Ready. */
function showApps(
  progress: Progress,
  shown: Map<string, boolean>,
  apps: readonly KubeObject[],
  digest: string,
): void {
  for (const app of apps) {
    const name = `app ${app.metadata.name}`;
    if (!shown.has(name)) {
      progress.start(name);
      shown.set(name, false);
    }
    if (shown.get(name) || fluxPending(app, digest) !== undefined) continue;
    progress.done(name);
    shown.set(name, true);
  }
}

/**
 * Waits until every app, release, secret, database and pod is ready for the manifests of `digest`. Throws LabError, naming
 * what is not, after `timeoutMs` or when `signal` says so.
 */
export async function settle(
  ctx: LabContext,
  kube: Kube,
  progress: Progress,
  digest: string,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const end = Date.now() + options.timeoutMs;
  const shown = new Map<string, boolean>();
  progress.start("all pods and secrets");
  for (;;) {
    options.signal?.throwIfAborted();
    await copyObjectUserKeys(ctx, kube);
    showApps(progress, shown, await kube.list(FLUX), digest);
    const pending = [...shown.values()].includes(false) || shown.size < 2
      ? undefined
      : await pendingObjects(ctx, kube, digest);
    if (pending?.length === 0) return progress.done("all pods and secrets");
    if (Date.now() > end) {
      const left = (pending ?? await pendingObjects(ctx, kube, digest)).map((one) =>
        `${one.object}: ${one.why}`
      );
      for (const name of shown.keys()) if (!shown.get(name)) progress.skip(name, "not ready");
      const why = `not ready after ${options.timeoutMs / 1000} s:\n  ${left.slice(0, 12).join("\n  ")}`;
      const next =
        `KUBECONFIG=${ctx.kubeconfig} kubectl get kustomizations,helmreleases,externalsecrets,pods -A`;
      progress.fail("all pods and secrets", { why, next });
      throw new LabError("platform", why, undefined, next);
    }
    await sleep(500, undefined, { signal: options.signal });
  }
}
