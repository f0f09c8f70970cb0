/** Faults of Ceph, its gateway, buckets and users. */
import { at, copyObjectUserKeys, text } from "../../platform/mod.ts";
import type { Fault } from "../fault.ts";
import { bucketClaim, ceph, core, externalSecret, kustomization, PLATFORM, pods, ROOK } from "../objects.ts";
import {
  hurry,
  restart,
  scale,
  scaleBack,
  type Scene,
  untilCondition,
  untilGone,
  untilReadyPods,
} from "../scene.ts";
import { edit } from "../tree.ts";

const GATEWAY = "rook-ceph-rgw-storage-a";

/** Waits until the catalog's pods are not Ready, and long enough for a person to worry. */
export async function untilNessieUnready(scene: Scene): Promise<void> {
  await untilReadyPods(scene, PLATFORM, "nessie", 0, 60);
}

const gatewayStopped: Fault = {
  name: "rgw-stopped",
  title: "The S3 gateway was scaled to zero",
  story:
    "Somebody drained the object store for an upgrade. S3 refuses connections; the catalog's warehouse goes down with it.",
  shows: "Deployment rook-ceph-rgw-storage-a, then Service rook-ceph-rgw-storage (no pod there)",
  break: (scene) => scale(scene, ROOK, GATEWAY, 0),
  async settled(scene) {
    await untilReadyPods(scene, ROOK, GATEWAY, 0, 40);
    await untilNessieUnready(scene);
  },
  repair: (scene) => scaleBack(scene, ROOK, GATEWAY),
  expect: {
    exit: 2,
    roots: [`Deployment rook-ceph/${GATEWAY}`],
    symptoms: [
      "Service rook-ceph/rook-ceph-rgw-storage",
      "Deployment data-platform/nessie",
    ],
  },
};

const osdDown: Fault = {
  name: "osd-down",
  title: "Ceph's disk daemon does not run",
  story:
    "The OSD's pod was stopped. Ceph says so within seconds; S3 requests hang, and everything above becomes unready.",
  shows: "Deployment rook-ceph-osd-0, then CephCluster (OSD_DOWN)",
  break: (scene) => scale(scene, ROOK, "rook-ceph-osd-0", 0),
  async settled(scene) {
    await untilReadyPods(scene, ROOK, "rook-ceph-osd-0", 0, 40);
    await scene.until("Ceph's complaint", 60, async () => {
      const health = text(
        await scene.kube.get(ceph("cephclusters", "rook-ceph")),
        "status",
        "ceph",
        "health",
      );
      return health !== "HEALTH_OK" || `it is ${health}`;
    });
  },
  repair: (scene) => scaleBack(scene, ROOK, "rook-ceph-osd-0"),
  expect: {
    exit: 2,
    roots: ["Deployment rook-ceph/rook-ceph-osd-0"],
    symptoms: ["CephCluster rook-ceph/rook-ceph"],
  },
};

function admin(scene: Scene, ...argv: string[]): Promise<string> {
  return scene.exec(ROOK, "deploy/rook-ceph-mon-a", "mon", ["radosgw-admin", ...argv]);
}

/** Gives a bucket another name; it stays its owner's. */
async function renameBucket(scene: Scene, from: string, to: string): Promise<void> {
  const { owner } = JSON.parse(await admin(scene, "bucket", "stats", "--bucket", from));
  await admin(scene, "bucket", "link", "--uid", owner, "--bucket", from, "--bucket-new-name", to);
}

const bucketGone: Fault = {
  name: "bucket-renamed",
  title: "The warehouse's bucket has another name now",
  story:
    "Somebody cleaned up with `radosgw-admin bucket link`. The claim still says Bound; the catalog gets 404.",
  shows: "S3Bucket iceberg-warehouse (404)",
  async break(scene) {
    scene.save("renamed", true);
    await renameBucket(scene, "iceberg-warehouse", "iceberg-warehouse-old");
  },
  settled: (scene) => untilNessieUnready(scene),
  async repair(scene) {
    if (scene.saved("renamed") !== true) return;
    await renameBucket(scene, "iceberg-warehouse-old", "iceberg-warehouse").catch(() => undefined);
  },
  expect: {
    exit: 2,
    roots: ["S3Bucket iceberg-warehouse"],
    symptoms: ["Warehouse default warehouse of nessie"],
  },
};

const USER_KEYS = core("secrets", ROOK, "rook-ceph-object-user-storage-iceberg");
const COPIES = ["s3-credentials", "spark-s3-credentials", "iceberg-s3-user"];

/** The user comes back with other keys. People copy them to the vault, and pods read them when they start. */
async function newUser(scene: Scene): Promise<void> {
  await hurry(scene.kube, kustomization("rook-ceph-iceberg-user"));
  await scene.until("new keys of the user", 60, async () => await scene.kube.get(USER_KEYS) !== undefined);
  await copyObjectUserKeys(scene.ctx, scene.kube);
  for (const name of COPIES) await hurry(scene.kube, externalSecret(name));
  await scene.until("the keys that pods read", 60, async () => {
    const [made, copy] = await Promise.all([
      scene.kube.get(USER_KEYS),
      scene.kube.get(core("secrets", PLATFORM, "s3-credentials")),
    ]);
    return text(made, "data", "AccessKey") === text(copy, "data", "access-key-id");
  });
  for (const name of ["nessie", "spark-history-server", "spark-client"]) {
    await scene.kube.remove(pods(PLATFORM, `app.kubernetes.io/name=${name}`));
  }
}

const userDeleted: Fault = {
  name: "object-store-user-deleted",
  title: "The object store's user was deleted",
  story:
    "`kubectl delete cephobjectstoreuser iceberg`: its Secret goes with it, and what copies that Secret fails next.",
  shows: "CephObjectStoreUser iceberg (absent)",
  async break(scene) {
    const path = ceph("cephobjectstoreusers", "iceberg");
    await scene.kube.remove(path);
    // Rook asks the gateway to delete its user first.
    await untilGone(scene, path, 60);
    await untilGone(scene, USER_KEYS, 40);
  },
  async settled(scene) {
    await hurry(scene.kube, externalSecret("iceberg-s3-user"));
    await untilCondition(scene, externalSecret("iceberg-s3-user"), "Ready", "False", 45);
  },
  repair: newUser,
  expect: {
    exit: 2,
    roots: ["CephObjectStoreUser rook-ceph/iceberg"],
    symptoms: ["ExternalSecret data-platform/iceberg-s3-user", "Warehouse default warehouse of nessie"],
  },
};

const operatorCrash: Fault = {
  name: "rook-operator-crash",
  title: "A number in a bucket claim stops Rook's operator",
  story:
    "`maxObjects: 1000` without quotes: Rook reads strings only and can't decode its claims. It serves none any more, and " +
    "once it starts anew it gives up after two minutes, for all storage.",
  shows: "ObjectBucketClaim spark-events (InvalidConfig)",
  manifests(tree) {
    edit(
      tree,
      "kubernetes/apps/rook-ceph/buckets/spark-events.yaml",
      "ObjectBucketClaim/spark-events",
      (claim) => claim.setIn(["spec", "additionalConfig", "maxObjects"], 1000),
    );
  },
  async break(scene) {
    await scene.until("the number in the claim", 60, async () => {
      const claim = await scene.kube.get(bucketClaim("spark-events"));
      return at(claim, "spec", "additionalConfig", "maxObjects") === 1000;
    });
    await restart(scene, ROOK, "app=rook-ceph-operator");
  },
  async settled(scene) {
    await scene.until("an operator that gave up", 200, async () => {
      const all = await scene.kube.list(pods(ROOK, "app=rook-ceph-operator"));
      return all.some((pod) => Number(text(pod, "status", "containerStatuses", "0", "restartCount")) > 0);
    });
  },
  expect: {
    exit: 2,
    roots: [`ObjectBucketClaim data-platform/spark-events`],
  },
};

const CLAIM_JOB = `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: spark-scratch
  namespace: ${PLATFORM}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ceph-fast
  resources: {requests: {storage: 1Gi}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: compact-tables
  namespace: ${PLATFORM}
spec:
  template:
    metadata: {labels: {app.kubernetes.io/part-of: spark}}
    spec:
      restartPolicy: Never
      containers:
        - name: compact
          image: ghcr.io/lakecheck/spark-iceberg:3.5.9
          command: [sleep, "1"]
          volumeMounts: [{name: scratch, mountPath: /scratch}]
      volumes: [{name: scratch, persistentVolumeClaim: {claimName: spark-scratch}}]
`;

const classMissing: Fault = {
  name: "storage-class-missing",
  title: "A claim asks for a StorageClass that does not exist",
  story:
    "A job came from another cluster, where `ceph-fast` exists. Its claim is Pending for ever, and so is its pod.",
  shows: "PersistentVolumeClaim spark-scratch (Pending)",
  async break(scene) {
    await scene.kube.apply("storage-class-missing", CLAIM_JOB);
  },
  async settled(scene) {
    const path = core("persistentvolumeclaims", PLATFORM, "spark-scratch");
    await scene.until("a claim that waits for over a minute", 90, async () => {
      const claim = await scene.kube.get(path);
      const age = Date.now() - Date.parse(text(claim, "metadata", "creationTimestamp"));
      return text(claim, "status", "phase") === "Pending" && age > 62_000;
    });
  },
  async repair(scene) {
    await scene.kube.remove(
      `/apis/batch/v1/namespaces/${PLATFORM}/jobs/compact-tables?propagationPolicy=Background`,
    );
    await scene.kube.remove(core("persistentvolumeclaims", PLATFORM, "spark-scratch"));
    await untilGone(scene, core("persistentvolumeclaims", PLATFORM, "spark-scratch"), 30);
  },
  expect: {
    exit: 2,
    roots: ["StorageClass ceph-fast"],
    symptoms: ["PersistentVolumeClaim data-platform/spark-scratch", "Pod data-platform/compact-tables-*"],
  },
};

const monitorDown: Fault = {
  name: "ceph-mon-down",
  title: "Ceph's monitor does not run",
  story:
    "Without a quorum Ceph answers nothing: the operator can't read its health, and S3 hangs when its map gets old.",
  shows: "Deployment rook-ceph-mon-a, then CephCluster (HEALTH_ERR)",
  break: (scene) => scale(scene, ROOK, "rook-ceph-mon-a", 0),
  async settled(scene) {
    await untilReadyPods(scene, ROOK, "rook-ceph-mon-a", 0, 40);
    await scene.until(
      "Ceph's silence",
      60,
      async () =>
        text(await scene.kube.get(ceph("cephclusters", "rook-ceph")), "status", "ceph", "health") ===
          "HEALTH_ERR",
    );
  },
  repair: (scene) => scaleBack(scene, ROOK, "rook-ceph-mon-a"),
  expect: {
    exit: 2,
    roots: ["Deployment rook-ceph/rook-ceph-mon-a"],
    symptoms: ["CephCluster rook-ceph/rook-ceph"],
  },
};

/** Every fault of this family, in the order of `--list`. */
export const storageFaults: readonly Fault[] = [
  gatewayStopped,
  osdDown,
  monitorDown,
  bucketGone,
  userDeleted,
  operatorCrash,
  classMissing,
];
