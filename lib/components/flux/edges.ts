/** What Flux's objects need: dependencies, sources, controllers, and what they applied. */
import {
  type Edge,
  IN_PROGRESS,
  isAbsent,
  type ListSource,
  type ObjectRef,
  type World,
} from "../../engine/model.ts";
import {
  deployments,
  deploymentsOf,
  dnsEdge,
  OPERATOR_DOWN,
  secrets,
  serviceOfHost,
  services,
  statefulSets,
} from "../kubernetes/mod.ts";
import { conditionOf, kindEdges, matches, mentionEdges, perWorld, refOf } from "../common/mod.ts";
import { inventoryOf, workloadsOf } from "./inventory.ts";
import {
  type FluxObject,
  fluxSources,
  type HelmRelease,
  helmReleases,
  type Kustomization,
  kustomizations,
} from "./kinds.ts";
import { chartOf, dependenciesOf, isMisnamed, manifestsOf } from "./references.ts";
import { RELEASE_FAILED } from "./words.ts";

/** Reasons of a Kustomization that what it applied can explain. */
const HEALTH = [
  "HealthCheckFailed",
  "HealthCheckWaiting",
  "ProgressingTooLong",
  IN_PROGRESS,
  "FirstApply",
] as const;
/** Reasons of a release that its workloads, and what they need, can explain. */
const RELEASE = [
  "HealthCheckWaiting",
  IN_PROGRESS,
  ...RELEASE_FAILED,
  "RetriesExceeded",
  "MissingRollbackTarget",
  "ProgressingTooLong",
] as const;
/** Reasons that a source can explain. */
const SOURCE = ["ArtifactFailed", "SourceNotReady", "WrongSource", IN_PROGRESS] as const;
/** Reasons that a controller which does not run can explain. */
const CONTROLLER = [
  IN_PROGRESS,
  "FirstApply",
  "NotReconciled",
  "NotObserved",
  "ProgressingTooLong",
  "TerminatingStuck",
] as const;
/** Reasons of a source that could not be asked for. */
const FETCH = [
  "FetchFailed",
  "GitOperationFailed",
  "OCIArtifactPullFailed",
  "IndexationFailed",
  "ChartPullError",
  "BucketOperationFailed",
  "AuthenticationFailed",
] as const;
/** Reasons that say that something could not be applied. */
const APPLY = ["ReconciliationFailed", "BuildFailed", ...RELEASE] as const;

export const CONTROLLERS = ["source-controller", "kustomize-controller", "helm-controller"] as const;
export type Controller = typeof CONTROLLERS[number];

/** A controller of Flux: where it runs, or where it should. */
export function controllerOf(world: World, name: Controller): ObjectRef {
  const all = deploymentsOf(world, name);
  return all.find(({ namespace }) => namespace === "flux-system") ?? all[0] ??
    { kind: "Deployment", namespace: "flux-system", name };
}

function controlled(from: ObjectRef, world: World, name: Controller, explains: readonly string[]): Edge {
  return {
    from,
    to: controllerOf(world, name),
    via: "reconciled by",
    explains,
    because: [...OPERATOR_DOWN],
    optional: true,
  };
}

/** Edges of Flux's own kinds. */
export function fluxEdges(world: World): Edge[] {
  return [
    ...world.list(kustomizations).flatMap((object) => kustomizationEdges(object, world)),
    ...world.list(helmReleases).flatMap((object) => releaseEdges(object, world)),
    ...fluxSources.flatMap((source) =>
      world.list(source).flatMap((object): Edge[] => {
        const from = refOf(source.kind, object);
        const { sourceRef, secretRef } = object.spec ?? {};
        const edges = [
          controlled(from, world, "source-controller", [...CONTROLLER, ...FETCH]),
          dnsEdge(from, world, FETCH),
        ];
        if (sourceRef?.name) {
          const to = {
            kind: sourceRef.kind ?? "HelmRepository",
            namespace: from.namespace,
            name: sourceRef.name,
          };
          edges.push({ from, to, via: "spec.sourceRef", explains: "any" });
        }
        if (secretRef?.name) {
          const to = { kind: "Secret", namespace: from.namespace, name: secretRef.name };
          edges.push({ from, to, via: "spec.secretRef", explains: "any" });
        }
        return edges;
      })
    ),
  ];
}

/** Dependencies and the source, in the same way for both kinds. A wrong name makes nothing missing. */
function referenceEdges(kind: string, object: Kustomization | HelmRelease, world: World): Edge[] {
  const from = refOf(kind, object);
  const source = manifestsOf(object);
  const edges = dependenciesOf(kind, object).map((to): Edge => ({
    from,
    to,
    via: "dependsOn",
    explains: ["DependencyNotReady", IN_PROGRESS],
    optional: isMisnamed(to, world),
    decisive: true,
  }));
  if (source) {
    edges.push({
      from,
      to: source,
      via: "sourceRef",
      explains: [...SOURCE],
      optional: isMisnamed(source, world),
      decisive: true,
    });
  }
  return edges;
}

function kustomizationEdges(object: Kustomization, world: World): Edge[] {
  const from = refOf("Kustomization", object);
  const message = conditionOf(object, "Ready")?.message;
  const checked = (object.spec?.healthChecks ?? []).map(({ kind, namespace, name }) => ({
    kind: kind ?? "",
    namespace: namespace ?? from.namespace,
    name: name ?? "",
  }));
  const substitutes = (object.spec?.postBuild?.substituteFrom ?? []).map((ref): Edge => ({
    from,
    to: { kind: ref.kind ?? "ConfigMap", namespace: from.namespace, name: ref.name ?? "" },
    via: "postBuild.substituteFrom",
    explains: ["BuildFailed", "ReconciliationFailed"],
    optional: ref.optional,
  }));
  const applied = inventoryOf(object);
  return [
    ...referenceEdges("Kustomization", object, world),
    ...applied.map((to): Edge => ({ from, to, via: "inventory", explains: [...HEALTH], decisive: true })),
    ...checked.filter(({ kind }) => world.kinds.has(kind)).map((to): Edge => ({
      from,
      to,
      via: "healthChecks",
      explains: [...HEALTH],
      decisive: true,
    })),
    ...namespaceEdges(from, applied, world),
    ...substitutes,
    controlled(from, world, "kustomize-controller", CONTROLLER),
    controlled(from, world, "source-controller", SOURCE),
    // What it applies may live anywhere, so a name without a namespace says too little.
    ...mentionEdges(from, message, [...HEALTH, ...APPLY], { namespace: undefined }),
    ...kindEdges(from, message, APPLY, world),
  ];
}

/** What was applied to a namespace that is gone went with it. */
function namespaceEdges(from: ObjectRef, applied: ObjectRef[], world: World): Edge[] {
  const gone = [...new Set(applied.flatMap(({ namespace }) => namespace ?? []))]
    .map((name) => ({ kind: "Namespace", name }))
    .filter((to) => isAbsent(world, to));
  return gone.map((to) => ({
    from,
    to,
    via: "namespace of what it applied",
    explains: ["InventoryMissing"],
  }));
}

function releaseEdges(object: HelmRelease, world: World): Edge[] {
  const from = refOf("HelmRelease", object);
  const namespace = object.spec?.targetNamespace ?? from.namespace;
  const chart = chartOf(object);
  const message = [conditionOf(object, "Ready")?.message, conditionOf(object, "Stalled")?.message].join(" ");
  const values = (object.spec?.valuesFrom ?? []).map((ref): Edge => ({
    from,
    to: { kind: ref.kind ?? "Secret", namespace: from.namespace, name: ref.name ?? "" },
    via: "valuesFrom",
    explains: ["ValuesError", ...RELEASE],
    optional: ref.optional,
  }));
  return [
    ...referenceEdges("HelmRelease", object, world),
    ...chart ? [{ from, to: chart, via: "chart", explains: [...SOURCE, "ChartError"], optional: true }] : [],
    ...values,
    ...workloadsOf(object, world).map((to): Edge => ({
      from,
      to,
      via: "its workloads",
      explains: [...RELEASE],
      decisive: true,
    })),
    ...valueEdges(object, namespace ?? "", world),
    controlled(from, world, "helm-controller", CONTROLLER),
    controlled(from, world, "source-controller", SOURCE),
    ...mentionEdges(from, message, RELEASE, { namespace }),
    ...kindEdges(from, message, APPLY, world),
  ];
}

/** A failed release may have been rolled back, pods and all; its values still say what its pods wanted. */
function valueEdges(object: HelmRelease, namespace: string, world: World): Edge[] {
  const from = refOf("HelmRelease", object);
  const named = (object.spec?.values?.secrets ?? []).map((name) => ({ kind: "Secret", namespace, name }));
  const hosts = (object.spec?.values?.hosts ?? []).flatMap((host) =>
    serviceOfHost(host, namespace, world) ?? []
  );
  return [...named, ...hosts].map((to) => ({
    from,
    to,
    via: "named in its values",
    explains: [...RELEASE],
    inferred: true,
    optional: to.kind !== "Secret" && world.get(services, to.namespace, to.name) === undefined,
  })).filter(({ to }) => to.kind !== "Secret" || world.get(secrets, namespace, to.name) || isMade(to, world));
}

/** Whether something would make this Secret: only then does its absence mean anything. */
function isMade(ref: ObjectRef, world: World): boolean {
  return madeSecrets(world).has(`${ref.namespace}/${ref.name}`);
}

const madeSecrets = perWorld((world) => {
  const source = world.kinds.get("ExternalSecret") as
    | ListSource<FluxObject & { spec?: { target?: { name?: string; manifest?: { kind?: string } } } }>
    | undefined;
  const makers = (source ? world.list(source) : []).filter(({ spec }) =>
    (spec?.target?.manifest?.kind ?? "Secret") === "Secret"
  );
  return new Set(
    makers.map(({ metadata, spec }) => `${metadata?.namespace}/${spec?.target?.name ?? metadata?.name}`),
  );
});

/** Services that select nothing any more, to the absent workloads that were applied together with them. */
export function orphanEdges(world: World): Edge[] {
  return world.list(kustomizations).flatMap((object) => {
    const applied = inventoryOf(object);
    const lost = applied.filter((ref) =>
      ["Deployment", "StatefulSet"].includes(ref.kind) && isAbsent(world, ref)
    );
    return lost.flatMap((to) =>
      applied.filter((ref) =>
        ref.kind === "Service" && ref.namespace === to.namespace && selectsNothing(ref, world)
      )
        .map((from) => ({
          from,
          to,
          via: "applied together",
          explains: ["NoEndpoints", "NoAnswer"],
          inferred: true,
        }))
    );
  });
}

function selectsNothing(ref: ObjectRef, world: World): boolean {
  const service = world.get(services, ref.namespace, ref.name);
  return service !== undefined &&
    ![...world.list(deployments), ...world.list(statefulSets)].some((object) =>
      object.metadata?.namespace === ref.namespace &&
      matches(service.spec?.selector, object.spec?.template?.metadata?.labels)
    );
}
