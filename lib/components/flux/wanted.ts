/** What is not there and should be: what objects name, what was applied, and what the platform consists of. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { refKey } from "../../engine/model.ts";
import { externalSecretEdges } from "../external_secrets/edges.ts";
import { conditionOf } from "../common/fields.ts";
import { inventoryOf, isAbsent } from "./inventory.ts";
import { type Kustomization, kustomizations } from "./kinds.ts";
import { dependenciesOf, isMisnamed } from "./references.ts";
import { deployments, jobs, namespaces, type Pod, statefulSets } from "../kubernetes/kinds.ts";
import { ownerOf, podsOfConcern } from "../common/membership.ts";
import { perWorld } from "../common/per_world.ts";
import { servicesOf, wantsOf } from "../workloads/pod_edges.ts";
import { postgresqlEdges } from "../postgresql/edges.ts";
import { rookEdges } from "../rook_ceph/edges.ts";

/** Conditions of a Kustomization under which it has applied nothing new. */
const HELD_BACK = new Set([
  "ArtifactFailed",
  "SourceNotReady",
  "BuildFailed",
  "ReconciliationFailed",
  "DependencyNotReady",
  "AccessDenied",
]);

/** Kinds of which the main object of an app bears the app's name. */
const MAIN_KINDS = [
  "Deployment",
  "StatefulSet",
  "Service",
  "HelmRelease",
  "Cluster",
  "ConfigMap",
  "ExternalSecret",
];

export interface Wanted {
  ref: ObjectRef;
  /** It was there once: Flux applied it. A name alone may be wrong. */
  sure: boolean;
}

/** Absent objects, each once. */
export const absentObjects = perWorld((world): Wanted[] => {
  const found = new Map<string, Wanted>();
  const add = (refs: ObjectRef[], sure: boolean) => {
    for (const ref of refs) if (!found.has(refKey(ref))) found.set(refKey(ref), { ref, sure });
  };
  add(absentInventory(world), true);
  add(absentNeeds(world), false);
  add(absentOfPlatform(world), false);
  const makers = [...lostKustomizations(world), ...heldBack(world).map((object) => object.metadata)];
  for (const maker of makers) add(mainObjects(maker?.name ?? "", world), false);
  return [...found.values()];
});

/** Kustomizations that have not applied what they hold now. */
export const heldBack = perWorld((world) => world.list(kustomizations).filter(isHeldBack));

/** What the checks of the platform look for by name. */
export function absentOfPlatform(world: World): ObjectRef[] {
  const { namespace } = world;
  return [
    ...["nessie", "spark-operator", "spark-history-server", "spark-client"].map((name) => ({
      kind: "Deployment",
      namespace,
      name,
    })),
    { kind: "Service", namespace, name: "nessie" },
    { kind: "Cluster", namespace, name: "nessie-postgres" },
    { kind: "CephObjectStoreUser", namespace: "rook-ceph", name: "iceberg" },
    { kind: "CephCluster", namespace: "rook-ceph", name: "rook-ceph" },
    { kind: "Deployment", namespace: "rook-ceph", name: "rook-ceph-operator" },
    { kind: "Deployment", namespace: "cnpg-system", name: "cnpg-controller-manager" },
    { kind: "Deployment", namespace: "external-secrets", name: "external-secrets" },
    { kind: "Service", namespace: "external-secrets", name: "onepassword-connect" },
    { kind: "Deployment", namespace: "external-secrets", name: "onepassword-connect" },
  ].filter((ref) => isAbsent(world, ref));
}

function isHeldBack(object: Kustomization): boolean {
  const ready = conditionOf(object, "Ready");
  if (ready?.status === "True" && object.status?.applies === 0) return true;
  if (ready?.status !== "True" && ready?.status !== "False") {
    return object.status?.applied !== "current" && !hasApplied(object);
  }
  return ready.status === "False" && HELD_BACK.has(ready.reason ?? "") &&
    object.status?.applied !== "current";
}

/** Whether all it holds is applied and only waits to become well. */
function hasApplied(object: Kustomization): boolean {
  return /^Running health checks/.test(conditionOf(object, "Reconciling")?.message ?? "");
}

/** Kustomizations that something names and that do not exist. */
export const lostKustomizations = perWorld((world) => {
  const named = world.list(kustomizations).flatMap((object) => [
    ...dependenciesOf("Kustomization", object).filter((ref) => !isMisnamed(ref, world)),
    ...inventoryOf(object).filter(({ kind }) => kind === "Kustomization"),
  ]);
  const lost = named.filter((ref) => isAbsent(world, ref));
  return [...new Map(lost.map((ref) => [refKey(ref), ref])).values()];
});

function mainObjects(name: string, world: World): ObjectRef[] {
  const places = [world.namespace, name, "external-secrets", "rook-ceph"].filter((place) =>
    place === world.namespace || world.get(namespaces, undefined, place)
  );
  return [...new Set(places)].flatMap((namespace) => MAIN_KINDS.map((kind) => ({ kind, namespace, name })))
    .filter((ref) => isAbsent(world, ref));
}

function absentInventory(world: World): ObjectRef[] {
  return world.list(kustomizations).flatMap(inventoryOf).filter((ref) => isAbsent(world, ref));
}

/** What pods, workloads, stores and custom resources name and what does not exist. */
const absentNeeds = perWorld((world): ObjectRef[] => {
  const wanted = new Map<string, ObjectRef>();
  const want = (ref: ObjectRef) => wanted.set(refKey(ref), ref);
  for (const { namespace, spec } of podSpecs(world)) {
    for (const { kind, name } of wantsOf(spec)) want({ kind, namespace, name });
    for (const volume of spec?.volumes ?? []) {
      const name = volume.persistentVolumeClaim?.claimName;
      if (name) want({ kind: "PersistentVolumeClaim", namespace, name });
    }
  }
  for (const pod of distinctPods(world)) for (const { to } of servicesOf(pod, world)) want(to);
  const own = [...externalSecretEdges(world), ...postgresqlEdges(world), ...rookEdges(world)];
  for (const edge of own) want(edge.to);
  return [...wanted.values()].filter((ref) => isAbsent(world, ref));
});

/** One pod of each owner, for its siblings need the same. */
const distinctPods = perWorld((world): Pod[] => {
  const seen = new Map<string, Pod>();
  for (const pod of podsOfConcern(world)) {
    const owner = ownerOf(pod);
    seen.set(`${pod.metadata?.namespace}/${owner ? `${owner.kind}/${owner.name}` : pod.metadata?.name}`, pod);
  }
  return [...seen.values()];
});

function podSpecs(world: World) {
  return [
    ...distinctPods(world).map((pod) => ({ namespace: pod.metadata?.namespace, spec: pod.spec })),
    ...[deployments, statefulSets].flatMap((source) =>
      world.list(source).map((object) => ({
        namespace: object.metadata?.namespace,
        spec: object.spec?.template?.spec,
      }))
    ),
    ...world.list(jobs).map((object) => ({
      namespace: object.metadata?.namespace,
      spec: object.spec?.template?.spec,
    })),
  ];
}
