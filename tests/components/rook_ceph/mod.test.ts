import assert from "node:assert/strict";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import { look, PATHS, platform, type Raw, the, unhealthy, without, workload } from "../flux/gitops.ts";
import { LONG_AGO, NOW, on, pod, rootsOf, waiting } from "../platform.ts";

const found = (diagnosis: Diagnosis, id: string) =>
  diagnosis.findings.filter((finding) => finding.check === `rook-ceph.${id}`);

const health = (health: string, details = {}, lastChecked = "2026-01-01T11:59:30Z") => ({
  phase: "Ready",
  ceph: { health, details, lastChecked },
});

Deno.test("ceph: HEALTH_OK is well and said so", async () => {
  const [seen] = found(await look(platform()), "health");
  assert.deepEqual([seen?.status, seen?.observed], ["ok", "HEALTH_OK"]);
});

Deno.test("ceph: HEALTH_WARN is a warning and HEALTH_ERR critical, with Ceph's words", async () => {
  const objects = platform();
  const details = { OSD_NEARFULL: { severity: "HEALTH_WARN", message: "1 nearfull osd(s)" } };
  the(objects, "cephClusters", "rook-ceph").status = health("HEALTH_WARN", details);
  const [warned] = on(await look(objects), "CephCluster", "rook-ceph").filter(({ status }) =>
    status === "warning"
  );
  assert.match(warned?.message ?? "", /OSD_NEARFULL \(1 nearfull osd\(s\)\)/);
  the(objects, "cephClusters", "rook-ceph").status = health("HEALTH_ERR", details);
  assert.deepEqual(rootsOf(await look(objects)), ["CephCluster rook-ceph HealthError"]);
});

Deno.test("ceph: a health that nobody has checked lately is not believed, and the stopped operator explains it", async () => {
  const objects = platform();
  the(objects, "cephClusters", "rook-ceph").status = health("HEALTH_OK", {}, LONG_AGO);
  assert.deepEqual(rootsOf(await look(objects)), ["CephCluster rook-ceph NotChecked"]);
  the(objects, "deployments", "rook-ceph-operator").status = { observedGeneration: 1, readyReplicas: 0 };
  assert.deepEqual(rootsOf(await look(objects)), ["Deployment rook-ceph-operator NoneReady"]);
});

Deno.test("ceph: a daemon that crashes explains the health error", async () => {
  const objects = platform();
  the(objects, "cephClusters", "rook-ceph").status = health("HEALTH_ERR");
  const osd = daemon("osd-0", "osd", 1);
  objects.deployments.push(osd);
  objects.pods.push(
    pod("rook-ceph-osd-0-x", {
      namespace: "rook-ceph",
      owner: { kind: "ReplicaSet", name: "rook-ceph-osd-0-abc" },
      ready: false,
      container: waiting("CrashLoopBackOff"),
    }) as unknown as Raw,
  );
  const diagnosis = await look(objects);
  const roots = rootsOf(diagnosis);
  assert.ok(roots.length === 1 && /^(Pod|Deployment) rook-ceph-osd-0/.test(roots[0] ?? ""), roots.join());
  assert.equal(
    on(diagnosis, "CephCluster", "rook-ceph").find(({ reason }) => reason === "HealthError")?.role,
    "symptom",
  );
});

Deno.test("ceph: no cluster, although the operator is here, is critical; where nothing needs one it does not apply", async () => {
  const objects = platform();
  objects.cephClusters = [];
  assert.equal(found(await look(objects), "health")[0]?.status, "critical");
  objects.cephObjectStores = [];
  objects.cephObjectStoreUsers = [];
  objects.objectBucketClaims = [];
  without(objects, "deployments", "rook-ceph-operator");
  assert.equal(found(await look(objects), "health")[0]?.status, "skipped");
});

Deno.test("ceph: what may not be read is unknown", async () => {
  const failure = { kind: "forbidden", message: "no" } as const;
  const diagnosis = await look(platform(), { failures: { [PATHS.cephClusters]: failure } });
  assert.ok(found(diagnosis, "health").every(({ status }) => status === "unknown"));
  assert.ok(found(diagnosis, "cephclusters").every(({ status }) => status === "unknown"));
});

Deno.test("ceph: a user that waits for a store that failed is a symptom of the store", async () => {
  const objects = platform();
  the(objects, "cephObjectStores", "storage").status = { phase: "Failure", message: "no gateway answers" };
  the(objects, "cephObjectStoreUsers", "iceberg").status = { phase: "ReconcileFailed" };
  assert.deepEqual(rootsOf(await look(objects)), ["CephObjectStore storage Failure"]);
});

Deno.test("ceph: a claim may wait a minute; after that its class's provisioner is named", async () => {
  const objects = platform();
  const claim = the(objects, "objectBucketClaims", "warehouse");
  claim.status = { phase: "Pending" };
  claim.metadata.creationTimestamp = NOW;
  assert.deepEqual(unhealthy(await look(objects)), []);
  claim.metadata.creationTimestamp = LONG_AGO;
  const [seen] = on(await look(objects), "ObjectBucketClaim", "warehouse");
  assert.match(seen?.message ?? "", /rook-ceph\.ceph\.rook\.io\/bucket/);
});

Deno.test("ceph: a class whose provisioner names another namespace than the operator's explains its claims", async () => {
  const objects = platform();
  the(objects, "objectBucketClaims", "warehouse").status = { phase: "Pending" };
  the(objects, "storageClasses", "ceph-bucket").provisioner = "storage.ceph.rook.io/bucket";
  assert.deepEqual(rootsOf(await look(objects)), ["StorageClass ceph-bucket WrongProvisioner"]);
});

Deno.test("ceph: a claim whose class does not exist is a symptom of that", async () => {
  const objects = platform();
  the(objects, "objectBucketClaims", "warehouse").status = { phase: "Pending" };
  objects.storageClasses = [];
  assert.deepEqual(rootsOf(await look(objects)), ["StorageClass ceph-bucket Missing"]);
});

function daemon(name: string, type: string, replicas: number): Raw {
  const made = workload(`rook-ceph-${name}`, "rook-ceph");
  made.metadata.labels = { app: `rook-ceph-${type}` };
  made.spec = { ...made.spec, replicas };
  made.status = { observedGeneration: 1, replicas, readyReplicas: 0 };
  return made;
}

Deno.test("ceph: a daemon that was scaled to zero is the root of what Ceph and the store say", async () => {
  const objects = platform();
  the(objects, "cephClusters", "rook-ceph").status = health("HEALTH_WARN");
  objects.deployments.push(daemon("osd-0", "osd", 0));
  assert.deepEqual(rootsOf(await look(objects)), ["Deployment rook-ceph-osd-0 ScaledToZero"]);
  const stores = platform();
  the(stores, "cephObjectStores", "storage").status = { phase: "Failure" };
  stores.deployments.push(daemon("rgw-storage-a", "rgw", 0));
  assert.deepEqual(rootsOf(await look(stores)), ["Deployment rook-ceph-rgw-storage-a ScaledToZero"]);
});

Deno.test("ceph: a claim with a value that Rook cannot read is the root of its operator's crash", async () => {
  const objects = platform();
  const claim = the(objects, "objectBucketClaims", "warehouse");
  claim.spec = { ...claim.spec, additionalConfig: { maxObjects: 1000, bucketOwner: "iceberg" } };
  the(objects, "deployments", "rook-ceph-operator").status = {
    observedGeneration: 1,
    replicas: 1,
    readyReplicas: 0,
  };
  objects.pods.push(
    pod("rook-ceph-operator-x", {
      namespace: "rook-ceph",
      owner: { kind: "ReplicaSet", name: "rook-ceph-operator-abc" },
      ready: false,
      container: waiting("CrashLoopBackOff"),
    }) as unknown as Raw,
  );
  assert.deepEqual(rootsOf(await look(objects)), ["ObjectBucketClaim warehouse InvalidConfig"]);
});
