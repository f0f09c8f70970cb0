/** Which of the objects that a Kustomization applied have failed; what its own health check waits for. */
import type { ListSource, ObjectRef, World } from "../../engine/model.ts";
import { conditionOf } from "../common/fields.ts";
import { judgeExternalSecret, judgeStore } from "../external_secrets/judge.ts";
import { clusterSecretStores, externalSecrets, secretStores } from "../external_secrets/kinds.ts";
import { inventoryOf, workloadsOf } from "./inventory.ts";
import { type FluxObject, type HelmRelease, helmReleases, kustomizations } from "./kinds.ts";
import { deployments, statefulSets } from "../kubernetes/kinds.ts";
import { perWorld } from "../common/per_world.ts";
import { judgeCluster } from "../postgresql/judge.ts";
import { clusters } from "../postgresql/kinds.ts";
import { judgeWorkload } from "../workloads/readiness.ts";
import { judgeBucketClaim, judgeCephCluster, judgePhase } from "../rook_ceph/judge.ts";
import {
  cephBlockPools,
  cephClusters,
  cephObjectStores,
  cephObjectStoreUsers,
  objectBucketClaims,
} from "../rook_ceph/kinds.ts";
import { own } from "../../untrusted/lookup.ts";

type Fails = (world: World, ref: ObjectRef) => boolean;

function fails<T>(
  source: ListSource<T>,
  judge: (object: T, world: World) => { status: string } | undefined,
): Fails {
  return (world, { namespace, name }) => {
    const object = world.get(source, namespace, name);
    return object !== undefined && judge(object, world)?.status === "critical";
  };
}

/** The workloads of a release that fail. */
export function failingWorkloads(release: HelmRelease, world: World): ObjectRef[] {
  return workloadsOf(release, world).filter((ref) => own(JUDGES, ref.kind)?.(world, ref) === true);
}

function releaseFails(object: HelmRelease, world: World): { status: string } | undefined {
  const inTime = conditionOf(object, "Ready")?.status === "Unknown" && !object.spec?.suspend;
  return inTime && failingWorkloads(object, world).length > 0 ? { status: "critical" } : unready(object);
}

const unready = (object: FluxObject) =>
  conditionOf(object, "Ready")?.status === "False" && !object.spec?.suspend
    ? { status: "critical" }
    : undefined;

const JUDGES: Record<string, Fails> = {
  Kustomization: fails(kustomizations, unready),
  HelmRelease: fails(helmReleases, releaseFails),
  Deployment: fails(deployments, (object, world) => judgeWorkload("Deployment", object, world)),
  StatefulSet: fails(statefulSets, (object, world) => judgeWorkload("StatefulSet", object, world)),
  ExternalSecret: fails(externalSecrets, judgeExternalSecret),
  ClusterSecretStore: fails(
    clusterSecretStores,
    (object, world) => judgeStore("ClusterSecretStore", object, world),
  ),
  SecretStore: fails(secretStores, (object, world) => judgeStore("SecretStore", object, world)),
  Cluster: fails(clusters, judgeCluster),
  CephCluster: fails(cephClusters, judgeCephCluster),
  CephBlockPool: fails(cephBlockPools, (object, world) => judgePhase("CephBlockPool", object, world)),
  CephObjectStore: fails(cephObjectStores, (object, world) => judgePhase("CephObjectStore", object, world)),
  CephObjectStoreUser: fails(
    cephObjectStoreUsers,
    (object, world) => judgePhase("CephObjectStoreUser", object, world),
  ),
  ObjectBucketClaim: fails(objectBucketClaims, judgeBucketClaim),
};

const known = perWorld(() => new WeakMap<object, ObjectRef[]>());

/** The objects of its inventory that are at fault themselves; of a HelmRelease none, it has no inventory. */
export function failingIn(object: FluxObject, world: World): ObjectRef[] {
  const found = known(world).get(object) ??
    inventoryOf(object).filter((ref) => own(JUDGES, ref.kind)?.(world, ref) === true);
  known(world).set(object, found);
  return found;
}
