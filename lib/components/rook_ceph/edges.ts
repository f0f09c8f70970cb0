/** What Rook's objects, the Secrets it writes and the buckets that were claimed need of each other. */
import {
  type Edge,
  GONE,
  IN_PROGRESS,
  type Judgement,
  type ObjectRef,
  type World,
} from "../../engine/model.ts";
import {
  deploymentsOf,
  dnsEdge,
  OPERATOR_DOWN,
  podsOf,
  services,
  storageClasses,
} from "../kubernetes/mod.ts";
import { CONNECTION_ERRORS, perWorld, POD_ERRORS, refOf, SERVICE_ERRORS } from "../common/mod.ts";
import { carries, daemonsOf } from "./daemons.ts";
import { OPERATOR_FAULTS } from "./judge.ts";
import {
  cephBlockPools,
  cephClusters,
  cephObjectStores,
  cephObjectStoreUsers,
  objectBucketClaims,
} from "./kinds.ts";
import { ownerOfClaim, storeOfClaim } from "./stores.ts";
import { usualPart } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";

/** Rook's operator, in whatever namespace. */
export const operatorsOf = perWorld((world) => deploymentsOf(world, "rook-operator"));

type StorageClass = NonNullable<ReturnType<typeof storageClasses.read>>;

/** Why nobody answers for a bucket class: its provisioner names a namespace without Rook's operator. */
export function provisionerFault(entry: StorageClass, world: World): Judgement | undefined {
  const [, place] = entry.provisioner?.match(/^(.+)\.ceph\.rook\.io\/bucket$/) ?? [];
  const where = operatorsOf(world).flatMap(({ namespace }) => namespace ?? []);
  if (!place || where.length === 0 || where.includes(place)) return undefined;
  return {
    status: "critical",
    reason: "WrongProvisioner",
    message:
      `names provisioner ${entry.provisioner}, but Rook's operator runs in namespace ${where.join(", ")}, ` +
      "so its claims are never served",
    observed: entry.provisioner,
    expected: `${where[0]}.ceph.rook.io/bucket`,
    evidence: "provisioner",
    next: [
      command`kubectl get storageclass ${entry.metadata?.name} -o yaml`,
      command`kubectl get deployments -A | grep rook-ceph-operator`,
    ],
  };
}

/** Reasons of a bucket claim or a user that an object store which does not work can explain. */
const STORE_NEEDED = [
  IN_PROGRESS,
  "Pending",
  "Failed",
  "ReconcileFailed",
  "UserNotReady",
  "NotReconciled",
] as const;

function clusterIn(world: World, namespace: string | undefined): ObjectRef {
  const found = world.list(cephClusters).find((object) => object.metadata?.namespace === namespace);
  return found
    ? refOf("CephCluster", found)
    : { kind: "CephCluster", namespace, name: namespace ?? "rook-ceph" };
}

/** Edges of all of Rook's kinds. */
export const rookEdges = perWorld((world): Edge[] => [
  ...clusterEdges(world),
  ...storeEdges(world),
  ...userEdges(world),
  ...claimEdges(world),
  ...operatorEdges(world),
  ...poisonEdges(world),
]);

const DAEMON_ERRORS = [...POD_ERRORS, ...OPERATOR_DOWN, "SomeReady"];

/** A daemon's Deployment, and its pods, which may be unwell while it is not yet. */
function daemonEdges(
  from: ObjectRef,
  wanted: (type: string) => boolean,
  explains: Edge["explains"],
  world: World,
): Edge[] {
  return daemonsOf(world).filter(({ type, ref }) => wanted(type) && ref.namespace === from.namespace)
    .flatMap(({ ref }) => [
      ref,
      ...podsOf(world, "Deployment", ref.namespace ?? "", ref.name).map((pod) => refOf("Pod", pod)),
    ])
    .map((to) => ({ from, to, via: "its daemons", explains, because: DAEMON_ERRORS }));
}

/** Ceph's daemons run in the cluster's namespace; a pool, and what stands on it, needs the cluster. */
function clusterEdges(world: World): Edge[] {
  const unhealthy = [
    "HealthError",
    "HealthWarning",
    "DataUnavailable",
    IN_PROGRESS,
    "Failure",
    "Error",
    "NotReady",
  ];
  const daemons = world.list(cephClusters).flatMap((object) =>
    daemonEdges(refOf("CephCluster", object), carries("CephCluster"), unhealthy, world)
  );
  const pools = world.list(cephBlockPools).map((object): Edge => ({
    from: refOf("CephBlockPool", object),
    to: clusterIn(world, object.metadata?.namespace),
    via: "namespace",
    explains: "any",
  }));
  // A class that names a pool is as good as the pool.
  const classes = world.list(storageClasses).filter((entry) => entry.parameters?.pool).map((entry): Edge => ({
    from: refOf("StorageClass", entry),
    to: { kind: "CephBlockPool", namespace: entry.parameters?.clusterID, name: entry.parameters?.pool ?? "" },
    via: "parameters.pool",
    explains: "any",
    optional: true,
  }));
  return [...daemons, ...pools, ...classes];
}

function storeEdges(world: World): Edge[] {
  return world.list(cephObjectStores).flatMap((object) => {
    const from = refOf("CephObjectStore", object);
    const gateway = { kind: "Service", namespace: from.namespace, name: `rook-ceph-rgw-${from.name}` };
    const failing = ["Failure", IN_PROGRESS, "NotReady"];
    return [
      { from, to: clusterIn(world, from.namespace), via: "namespace", explains: "any" } satisfies Edge,
      ...daemonEdges(from, carries("CephObjectStore"), failing, world),
      {
        from,
        to: gateway,
        via: "its gateway's Service",
        explains: failing,
        because: [...SERVICE_ERRORS],
        inferred: true,
        optional: true,
      } satisfies Edge,
      // Rook asks the gateway by the name of that Service, which it makes when it makes the store.
      dnsEdge(from, world, failing),
    ];
  });
}

function userEdges(world: World): Edge[] {
  return world.list(cephObjectStoreUsers).flatMap((object) => {
    const from = refOf("CephObjectStoreUser", object);
    const store = object.spec?.store ?? "";
    const place = object.spec?.clusterNamespace ?? from.namespace;
    const to = { kind: "CephObjectStore", namespace: place, name: store };
    return [
      { from, to, via: "spec.store", explains: [...STORE_NEEDED, "Failure"] },
      dnsEdge(from, world, [...STORE_NEEDED, "Failure"]),
    ] satisfies Edge[];
  });
}

function claimEdges(world: World): Edge[] {
  return world.list(objectBucketClaims).flatMap((object) => {
    const from = refOf("ObjectBucketClaim", object);
    const { storageClassName = "", bucketName } = object.spec ?? {};
    const found = storeOfClaim(object, world);
    const owner = ownerOfClaim(object, world);
    const edges: Edge[] = [
      {
        from,
        to: { kind: "StorageClass", name: storageClassName },
        via: "storageClassName",
        explains: ["Pending", "Failed", IN_PROGRESS],
        optional: object.status?.phase === "Bound",
      },
    ];
    if (bucketName) {
      edges.push({
        from: { kind: "S3Bucket", name: bucketName },
        to: from,
        via: "claimed by",
        explains: "any",
      });
    }
    if (found) {
      const inferred = !found.told;
      edges.push({ from, to: found.store, via: "object store", explains: [...STORE_NEEDED], inferred });
    }
    if (owner) {
      edges.push({
        from,
        to: owner,
        via: "additionalConfig.bucketOwner",
        explains: ["Pending", "Failed", IN_PROGRESS],
        optional: true,
      });
    }
    return edges;
  });
}

/** A claim that Rook cannot decode stops its operator, for everybody. */
function poisonEdges(world: World): Edge[] {
  const claims = world.list(objectBucketClaims).filter((object) => object.spec?.additionalConfig?.notStrings)
    .map((object) => refOf("ObjectBucketClaim", object));
  return operatorsOf(world).flatMap((ref) => [
    ref,
    ...podsOf(world, "Deployment", ref.namespace ?? "", ref.name).map((pod) => refOf("Pod", pod)),
  ]).flatMap((from) =>
    claims.map((to) => ({
      from,
      to,
      via: "a claim it cannot decode",
      explains: [...OPERATOR_DOWN, "SomeReady", ...CONNECTION_ERRORS],
      because: ["InvalidConfig"],
    }))
  );
}

function operatorEdges(world: World): Edge[] {
  const [to = usualPart("rook-ceph", "Deployment", world.namespace)] = operatorsOf(world);
  const all = [
    ...[cephClusters, cephBlockPools, cephObjectStores, cephObjectStoreUsers].flatMap((source) =>
      world.list(source).map((object) => refOf(source.kind, object))
    ),
    ...world.list(objectBucketClaims).map((object) => refOf("ObjectBucketClaim", object)),
  ];
  const gateways = world.list(services).filter((entry) =>
    /^rook-ceph-(rgw|mon|mgr)/.test(entry.metadata?.name ?? "")
  )
    .map((entry) => refOf("Service", entry));
  return [...all, ...gateways].map((from) => ({
    from,
    to,
    via: "reconciled by",
    explains: from.kind === "Service" ? [...GONE] : [...OPERATOR_FAULTS],
    because: [...OPERATOR_DOWN],
    optional: true,
  }));
}
