/** Which of the objects that a Kustomization applied have failed; what its own health check waits for. */
import type { ListSource, ObjectRef, World } from "../../engine/model.ts";
import { conditionOf, perWorld } from "../common/mod.ts";
import { inventoryOf, workloadsOf } from "./inventory.ts";
import { type FluxObject, type HelmRelease, helmReleases, kustomizations } from "./kinds.ts";
import { isGoing } from "./words.ts";

/** Kinds of which a health check waits for what their judges judge. */
const WAITED_FOR = new Set([
  "Deployment",
  "StatefulSet",
  "ExternalSecret",
  "ClusterSecretStore",
  "SecretStore",
  "Cluster",
  "CephCluster",
  "CephBlockPool",
  "CephObjectStore",
  "CephObjectStoreUser",
  "ObjectBucketClaim",
]);

/** The workloads of a release that fail. */
export function failingWorkloads(release: HelmRelease, world: World): ObjectRef[] {
  return workloadsOf(release, world).filter((ref) => fails(ref, world));
}

function fails(ref: ObjectRef, world: World): boolean {
  if (ref.kind === "Kustomization") return isUnready(find(kustomizations, ref, world));
  if (ref.kind === "HelmRelease") return releaseFails(find(helmReleases, ref, world), world);
  return WAITED_FOR.has(ref.kind) && world.judged(ref).some(({ status }) => status === "critical");
}

const find = <T>(source: ListSource<T>, { namespace, name }: ObjectRef, world: World): T | undefined =>
  world.get(source, namespace, name);

function releaseFails(object: HelmRelease | undefined, world: World): boolean {
  const inTime = object && isGoing(conditionOf(object, "Ready")) && !object.spec?.suspend;
  return (inTime && failingWorkloads(object, world).length > 0) || isUnready(object);
}

function isUnready(object: FluxObject | undefined): boolean {
  if (object === undefined || object.spec?.suspend) return false;
  const ready = conditionOf(object, "Ready");
  return ready?.status === "False" && !isGoing(ready);
}

const known = perWorld(() => new WeakMap<object, ObjectRef[]>());

/** The objects of its inventory that are at fault themselves; of a HelmRelease none, it has no inventory. */
export function failingIn(object: FluxObject, world: World): ObjectRef[] {
  const found = known(world).get(object) ?? inventoryOf(object).filter((ref) => fails(ref, world));
  known(world).set(object, found);
  return found;
}
