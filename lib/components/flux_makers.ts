/**
 * Who would have made what is not there. An object that a Kustomization has applied is in its inventory; one that
 * was never applied is in none, and then the Kustomizations and releases that could not apply what they hold are the
 * likely makers: those whose path, namespace or name fits.
 */
import type { Edge, ObjectRef, World } from "../model.ts";
import { refKey } from "../model.ts";
import { externalSecretEdges } from "./external_secrets_edges.ts";
import { conditionOf, refOf } from "./fields.ts";
import { workloadsOf } from "./flux_edges.ts";
import { holders, inventoryOf, isAbsent, sourceOf } from "./flux_inventory.ts";
import { type HelmRelease, helmReleases, type Kustomization, kustomizations } from "./flux_kinds.ts";
import { dependenciesOf, isMisnamed } from "./flux_references.ts";
import { deployments, jobs, type Pod, pods, statefulSets } from "./kinds.ts";
import { ownerOf } from "./membership.ts";
import { perWorld } from "./per_world.ts";
import { servicesOf, wantsOf } from "./pod_edges.ts";
import { clusterOf, postgresqlEdges } from "./postgresql_edges.ts";
import { rookEdges, userOfSecret } from "./rook_ceph_edges.ts";
import { definitionOf, GONE, notServed } from "./states.ts";

/** Why a Kustomization or a release did not apply what it holds. */
const NOT_APPLIED = [
  "ArtifactFailed",
  "SourceNotReady",
  "BuildFailed",
  "ReconciliationFailed",
  "DependencyNotReady",
  "DependencyCycle",
  "WrongDependency",
  "WrongSource",
  "AccessDenied",
  "ValuesError",
  "InstallFailed",
  "UpgradeFailed",
  "RetriesExceeded",
  "NotReconciled",
  "InventoryMissing",
  "TerminatingStuck",
  ...GONE,
] as const;

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

/** What the checks of the platform look for by name. */
function platformObjects(world: World): ObjectRef[] {
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
  ].filter((ref) => isAbsent(world, ref));
}

/** Edges from what is absent to those who would have made it. */
export function makerEdges(world: World): Edge[] {
  const made = new Map<string, ObjectRef>();
  for (const ref of [...absentNeeds(world), ...absentInventory(world), ...platformObjects(world)]) {
    made.set(refKey(ref), ref);
  }
  const lost = lostKustomizations(world);
  const held = world.list(kustomizations).filter(isHeldBack);
  for (const name of [...lost.map((ref) => ref.name), ...held.map((object) => object.metadata?.name ?? "")]) {
    for (const ref of mainObjects(name, world)) made.set(refKey(ref), ref);
  }
  const absent = [...made.values()];
  return [
    ...definitionEdges(world),
    ...absent.flatMap((from) => [
      ...namespaceEdges(from, world),
      ...ownerEdges(from, world),
      ...kustomizationEdges(from, held, lost, world),
      ...releaseEdges(from, world),
    ]),
  ];
}

/** Nothing is in a namespace that is not there. */
function namespaceEdges(from: ObjectRef, world: World): Edge[] {
  const to: ObjectRef = { kind: "Namespace", name: from.namespace ?? "" };
  return from.namespace && isAbsent(world, to) ? [{ from, to, via: "namespace", explains: [...GONE] }] : [];
}

/** What was applied and whose kind is not served any more is gone with the definition of its kind. */
function definitionEdges(world: World): Edge[] {
  return world.list(kustomizations).flatMap(inventoryOf).flatMap((from) => {
    const source = sourceOf(from.kind);
    const to = source && notServed(world, source) ? definitionOf(source) : undefined;
    return to ? [{ from, to, via: "kind", explains: [...GONE] }] : [];
  });
}

/** Makers that a rule of names tells, although they are gone too. A rule that fits many names makes nothing missing. */
function ownerEdges(from: ObjectRef, world: World): Edge[] {
  const edge = (to: ObjectRef, optional: boolean): Edge => ({
    from,
    to,
    via: "made by",
    explains: [...GONE],
    inferred: true,
    optional,
  });
  const user = userOfSecret(from, world);
  const cluster = clusterOf(from);
  const external: ObjectRef = { ...from, kind: "ExternalSecret" };
  return [
    ...user && isAbsent(world, user) ? [edge(user, false)] : [],
    ...cluster && isAbsent(world, cluster) ? [edge(cluster, !holders(world).has(refKey(cluster)))] : [],
    ...from.kind === "Secret" && isAbsent(world, external) && holders(world).has(refKey(external))
      ? [edge(external, false)]
      : [],
  ];
}

function isHeldBack(object: Kustomization): boolean {
  const ready = conditionOf(object, "Ready");
  if (!ready) return object.status?.applied !== "current";
  return ready.status === "False" && HELD_BACK.has(ready.reason ?? "") &&
    object.status?.applied !== "current";
}

/** Kustomizations that something names and that do not exist. */
const lostKustomizations = perWorld((world) => {
  const named = world.list(kustomizations).flatMap((object) => [
    ...dependenciesOf("Kustomization", object).filter((ref) => !isMisnamed(ref, world)),
    ...inventoryOf(object).filter(({ kind }) => kind === "Kustomization"),
  ]);
  const lost = named.filter((ref) => isAbsent(world, ref));
  return [...new Map(lost.map((ref) => [refKey(ref), ref])).values()];
});

function kustomizationEdges(
  from: ObjectRef,
  held: readonly Kustomization[],
  lost: readonly ObjectRef[],
  world: World,
): Edge[] {
  const base = { from, explains: [...GONE], because: [...NOT_APPLIED], optional: true };
  const known = holders(world).get(refKey(from));
  if (known) return known.map((to) => ({ ...base, to, via: "applied by" }));
  const makers: Edge[] = lost.filter((ref) => namesFit(from.name, ref.name))
    .map((to) => ({ ...base, to, via: "probably applied by", inferred: true }));
  for (const object of held) {
    if (!couldHold(object, from)) continue;
    makers.push({ ...base, to: refOf("Kustomization", object), via: "probably applied by", inferred: true });
  }
  return makers;
}

/** Whether the path, the namespace or the name of a Kustomization speaks for it. */
function couldHold(object: Kustomization, ref: ObjectRef): boolean {
  if (ref.kind === "Kustomization" && ref.name === object.metadata?.name) return false;
  if (namesFit(ref.name, object.metadata?.name ?? "")) return true;
  if (!ref.namespace) return object.status?.applied === "never";
  const { targetNamespace, path } = object.spec ?? {};
  return targetNamespace === ref.namespace || object.metadata?.namespace === ref.namespace ||
    (path ?? "").split("/").includes(ref.namespace);
}

/** Whether all words of one name are in the other: `postgres` and `nessie-postgres`. */
function namesFit(object: string, maker: string): boolean {
  const words = new Set(object.split("-"));
  const others = new Set(maker.split("-"));
  return words.isSubsetOf(others) || others.isSubsetOf(words);
}

/** A release that failed before it made anything has not made its workloads. */
function releaseEdges(from: ObjectRef, world: World): Edge[] {
  if (!["Deployment", "StatefulSet", "Service"].includes(from.kind)) return [];
  return world.list(helmReleases).filter((object) =>
    isOf(object, from) && workloadsOf(object, world).length === 0
  )
    .map((object) => ({
      from,
      to: refOf("HelmRelease", object),
      via: "probably made by",
      explains: [...GONE],
      because: [...NOT_APPLIED],
      inferred: true,
    }));
}

function isOf(object: HelmRelease, ref: ObjectRef): boolean {
  const { namespace, name } = object.metadata ?? {};
  const release = object.spec?.releaseName ?? name ?? "";
  return (object.spec?.targetNamespace ?? namespace) === ref.namespace &&
    (ref.name === release || ref.name.startsWith(`${release}-`));
}

function mainObjects(name: string, world: World): ObjectRef[] {
  const places = new Set([world.namespace, name, "external-secrets", "rook-ceph"]);
  return [...places].flatMap((namespace) => MAIN_KINDS.map((kind) => ({ kind, namespace, name })))
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

/** One pod of each owner: its siblings need the same. */
const distinctPods = perWorld((world): Pod[] => {
  const seen = new Map<string, Pod>();
  for (const pod of world.list(pods)) {
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
