/**
 * Who would have made what is not there. An object that a Kustomization has applied is in its inventory; one that
 * was never applied is in none, and then the Kustomizations and releases that could not apply what they hold are the
 * likely makers: those whose path, namespace or name fits.
 */
import type { Edge, ObjectRef, World } from "../../engine/model.ts";
import { refKey } from "../../engine/model.ts";
import { refOf } from "../common/fields.ts";
import { holders, inventoryOf, isAbsent, sourceOf, workloadsOf } from "./inventory.ts";
import { type HelmRelease, helmReleases, type Kustomization, kustomizations } from "./kinds.ts";
import { absentObjects, heldBack, lostKustomizations } from "./wanted.ts";
import { perWorld } from "../common/per_world.ts";
import { clusterOf } from "../postgresql/edges.ts";
import { userOfSecret } from "../rook_ceph/edges.ts";
import { definitionOf, GONE, notServed } from "../common/states.ts";

/** Stands for all Kustomizations when there is none. */
export const NO_KUSTOMIZATION: ObjectRef = { kind: "Kustomization", namespace: "flux-system", name: "*" };

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
  "AppliesNothing",
  "FirstApply",
  "HealthCheckWaiting",
  "ProgressingTooLong",
  "TerminatingStuck",
  ...GONE,
] as const;

/** Edges from what is absent to those who would have made it. */
export function makerEdges(world: World): Edge[] {
  return [
    ...definitionEdges(world),
    ...absentObjects(world).flatMap(({ ref: from, sure }) => [
      ...namespaceEdges(from, sure, world),
      ...ownerEdges(from, world),
      ...kustomizationEdges(from, world),
      ...releaseEdges(from, world),
    ]),
  ];
}

/** Nothing is in a namespace that is not there. */
function namespaceEdges(from: ObjectRef, sure: boolean, world: World): Edge[] {
  const to: ObjectRef = { kind: "Namespace", name: from.namespace ?? "" };
  if (!from.namespace || !isAbsent(world, to)) return [];
  return [{ from, to, via: "namespace", explains: [...GONE], optional: !sure }];
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

function kustomizationEdges(from: ObjectRef, world: World): Edge[] {
  const base = { from, explains: [...GONE], because: [...NOT_APPLIED], optional: true };
  const known = holders(world).get(refKey(from));
  if (known) return known.map((to) => ({ ...base, to, via: "applied by" }));
  const held = heldBack(world).filter((object) =>
    object.metadata?.name !== from.name || from.kind !== "Kustomization"
  );
  const fitting = [
    ...lostKustomizations(world).filter((ref) => namesFit(from.name, ref.name)),
    ...held.filter((object) => couldHold(object, from)).map((object) => refOf("Kustomization", object)),
  ];
  // Where nothing was ever applied, whatever never applied anything may hold it: a root of Kustomizations names nothing.
  const makers = fitting.length > 0 || isServed(from, world)
    ? fitting
    : held.filter((object) => object.status?.applied !== "current" || object.status.applies === 0).map((
      object,
    ) => refOf("Kustomization", object));
  const edges: Edge[] = makers.map((to) => ({ ...base, to, via: "probably applied by", inferred: true }));
  if (world.list(kustomizations).length > 0) return edges;
  return [{ ...base, to: NO_KUSTOMIZATION, via: "probably applied by", inferred: true }];
}

/** Whether some Kustomization has applied anything to the object's namespace, or of its kind. */
function isServed(ref: ObjectRef, world: World): boolean {
  return served(world).has(ref.namespace ?? ref.kind);
}

const served = perWorld((world) =>
  new Set(world.list(kustomizations).flatMap(inventoryOf).map(({ namespace, kind }) => namespace ?? kind))
);

/** Whether the path, the namespace or the name of a Kustomization speaks for it. */
function couldHold(object: Kustomization, ref: ObjectRef): boolean {
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
