/** Rook and Ceph: the cluster, its pools and object stores, its users, and the buckets that were claimed. */
import { refText } from "../../engine/model.ts";
import { about } from "../../engine/sentence.ts";
import type { Check, Component, KindCheck, ListSource } from "../../engine/model.ts";
import { isApplied, makersShown } from "../gitops/mod.ts";
import { refOf, servedCheck } from "../common/mod.ts";
import {
  deployments,
  namespacesOf,
  type OperatorCheck,
  operatorCheck,
  silentWithout,
  storageClasses,
} from "../kubernetes/mod.ts";
import { daemonsOf } from "./daemons.ts";
import { claimCheck, clusterCheck, judgePhase, phaseWords } from "./judge.ts";
import { operatorsOf, provisionerFault, rookEdges } from "./edges.ts";
import { makersOf } from "./makers.ts";
import {
  cephBlockPools,
  cephClusters,
  cephObjectStores,
  cephObjectStoreUsers,
  objectBucketClaims,
  type Phased,
} from "./kinds.ts";
import { usualPart } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";

export { daemonsOf } from "./daemons.ts";
export { operatorsOf } from "./edges.ts";
export { claimCheck } from "./judge.ts";
export * from "./kinds.ts";
export {
  gatewayOf,
  gatewayPort,
  gatewaysOf,
  isOutsideCluster,
  outsideGateways,
  ownerOfClaim,
  ownersOfBucket,
  secretOfUser,
  storeOfClaim,
} from "./stores.ts";

const NAME = "rook-ceph";

function phaseCheck(source: ListSource<Phased>, title: string, explain: string): KindCheck<Phased> {
  return {
    id: `rook-ceph.${source.id}`,
    title,
    explain,
    source,
    words: [phaseWords],
    component: () => NAME,
    ref: (object) => refOf(source.kind, object),
    judge: (object, world) => judgePhase(source.kind, object, world),
  };
}

const presentCheck: Check = {
  id: "rook-ceph.health",
  title: "Ceph health",
  explain:
    "There is a CephCluster and Ceph says how it is. None at all is critical when something of Rook is there that needs it.",
  needs: [cephClusters],
  object: (world) => {
    const first = world.list(cephClusters)[0];
    return first ? refOf("CephCluster", first) : usualPart(NAME, "CephCluster", world.namespace);
  },
  run(world) {
    const all = world.list(cephClusters);
    const [first] = all;
    if (!first) {
      const needed = world.list(cephObjectStores).length + world.list(objectBucketClaims).length > 0;
      if (!needed && operatorsOf(world).length === 0) {
        return [{
          status: "skipped",
          reason: "NotUsed",
          message: "There is no CephCluster, and nothing needs one",
        }];
      }
      return [{
        status: "critical",
        reason: "Missing",
        message: "There is no CephCluster, although Rook's operator or object stores exist",
        observed: "0 CephClusters",
        expected: "at least 1",
        evidence: `GET ${cephClusters.path}`,
        next: [...makersShown(world), command`kubectl get cephclusters -A`],
      }];
    }
    return all.map((object) => {
      const judged = world.judge(clusterCheck, object);
      const { health = "no health", lastChecked } = object.status?.ceph ?? {};
      const place = {
        object: refOf("CephCluster", object),
        observed: health,
        evidence: "status.ceph.health",
      };
      if (judged && judged.status !== "ok") {
        const message = `${refText(place.object)} has a finding of its own`;
        return { ...place, status: "skipped", reason: "JudgedAlready", message };
      }
      if (judged) return { ...place, ...about(place.object, judged) };
      const message = `${refText(place.object)} reports ${health}${
        lastChecked ? ` (checked ${lastChecked})` : ""
      }`;
      return { ...place, status: "ok", reason: "HealthOk", message };
    });
  },
};

/** The namespace of Rook's operator is part of the name by which its provisioners answer. */
const provisionerCheck: Check = {
  id: "rook-ceph.provisioners",
  title: "bucket provisioners",
  explain:
    "The provisioner that a StorageClass for buckets names begins with the namespace in which Rook's operator runs; " +
    "otherwise the claims of that class are never served.",
  needs: [storageClasses, objectBucketClaims, deployments],
  object: () => ({ kind: "StorageClass", name: "*" }),
  run(world) {
    const used = new Set(
      world.list(objectBucketClaims).flatMap((claim) => claim.spec?.storageClassName ?? []),
    );
    const classes = world.list(storageClasses).filter((entry) => used.has(entry.metadata?.name ?? ""));
    if (classes.length === 0) {
      return [{
        status: "skipped",
        reason: "NotUsed",
        message: "No ObjectBucketClaim names a StorageClass that exists",
      }];
    }
    const bad = classes.flatMap((entry) => {
      const wrong = provisionerFault(entry, world);
      const object = refOf("StorageClass", entry);
      return wrong ? [{ ...about(object, wrong), object }] : [];
    });
    if (bad.length > 0) return bad;
    const names = classes.map((entry) => entry.metadata?.name).join(", ");
    return [{ status: "ok", reason: "Answered", message: `Rook serves the bucket classes ${names}` }];
  },
};

const SOURCES: ListSource[] = [
  cephClusters,
  cephBlockPools,
  cephObjectStores,
  cephObjectStoreUsers,
  objectBucketClaims,
];

const OPERATOR: OperatorCheck = {
  id: "rook-ceph.operator",
  title: "Rook operator",
  needs: [cephClusters, deployments],
  used: (world) => world.list(cephClusters).length > 0,
  found: operatorsOf,
  fallback: (world) => usualPart(NAME, "Deployment", world.namespace),
  stands: "no bucket, user or volume is made, and Ceph's health is not checked",
};

/** Checks that believe the status that Rook's operator writes: of its kinds, and of the users of the object store. */
const BELIEVING = [...SOURCES.map(({ id }) => `rook-ceph.${id}`), presentCheck.id, "s3-user.ready"];

export const rookCeph: Component = {
  name: NAME,
  title: "Rook Ceph",
  dependsOn: ["nodes", "kubernetes"],
  sources: SOURCES,
  namespaces: (world) => [
    ...namespacesOf(operatorsOf(world), "rook-ceph"),
    ...world.list(cephClusters).flatMap((object) => object.metadata?.namespace ?? []),
  ],
  kinds: [
    clusterCheck,
    phaseCheck(cephBlockPools, "block pools", "A CephBlockPool is in phase Ready."),
    phaseCheck(
      cephObjectStores,
      "object stores",
      "A CephObjectStore is in phase Ready: its gateways run and its pools exist. One that is being made may take five minutes.",
    ),
    phaseCheck(
      cephObjectStoreUsers,
      "object store users",
      "A CephObjectStoreUser is in phase Ready: the user exists in the object store and its keys are in its Secret.",
    ),
    claimCheck,
  ],
  checks: [
    servedCheck(
      NAME,
      "Rook",
      SOURCES,
      (world, source) => isApplied(world, source) || operatorsOf(world).length > 0,
    ),
    operatorCheck(OPERATOR),
    operatorCheck({
      id: "rook-ceph.daemons",
      title: "Ceph's daemons",
      needs: [deployments, cephClusters],
      used: () => false,
      found: (world) => daemonsOf(world).map(({ ref }) => ref),
      fallback: { kind: "Deployment", namespace: "rook-ceph", name: "rook-ceph-mon-a" },
      stands: "its part of Ceph does not work",
      onlyScaled: true,
    }),
    presentCheck,
    provisionerCheck,
  ],
  edges: rookEdges,
  silent: silentWithout(OPERATOR, ...BELIEVING),
  makers: makersOf,
};
