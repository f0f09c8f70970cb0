import assert from "node:assert/strict";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import {
  condition,
  fault,
  look,
  PATHS,
  type Platform,
  platform,
  type Raw,
  the,
  unhealthy,
  without,
} from "../flux/gitops.ts";
import { pod, rootsOf, waiting } from "../platform.ts";

const found = (diagnosis: Diagnosis, id: string) =>
  diagnosis.findings.filter((finding) => finding.check === `postgresql.${id}`);

/** The toy platform with a cluster of three, of which so many are ready, in this phase since then. */
function three(readyInstances: number, phase: string, since?: string): Platform {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.spec = { ...cluster.spec, instances: 3 };
  const state = condition(readyInstances < 3 ? "False" : "True", "x", "x", since);
  cluster.status = { ...cluster.status, ...state, readyInstances, phase };
  return objects;
}

Deno.test("postgresql: one instance is enough when one is asked for", async () => {
  const diagnosis = await look(platform());
  assert.match(
    found(diagnosis, "instances")[0]?.message ?? "",
    /1 of 1 instance ready, .* primary is nessie-postgres-1/,
  );
  assert.equal(found(diagnosis, "primary-service")[0]?.status, "ok");
});

Deno.test("postgresql: a lost replica is a warning, no instance at all is critical", async () => {
  const lost = fault(await look(three(2, "Cluster in healthy state")), "Cluster", "nessie-postgres");
  assert.deepEqual([lost?.status, lost?.reason], ["warning", "SomeReady"]);
  const none = fault(await look(three(0, "Cluster in healthy state")), "Cluster", "nessie-postgres");
  assert.deepEqual([none?.status, none?.reason], ["critical", "NoneReady"]);
});

Deno.test("postgresql: a switchover and an upgrade are no faults while they last as long as they should", async () => {
  const recent = "2026-01-01T11:55:00Z";
  assert.deepEqual(unhealthy(await look(three(2, "Switchover in progress", recent))), []);
  assert.deepEqual(unhealthy(await look(three(2, "Upgrading cluster", recent))), []);
  assert.notDeepEqual(unhealthy(await look(three(2, "Upgrading cluster"))), []);
});

Deno.test("postgresql: for a minute after another primary was chosen, endpoints and the catalog may follow", async () => {
  const changed = async (targetPrimaryTimestamp: string) => {
    const objects = three(2, "Cluster in healthy state");
    const cluster = the(objects, "clusters", "nessie-postgres");
    cluster.status = { ...cluster.status, targetPrimaryTimestamp };
    for (const slice of objects.slices) {
      if (slice.metadata.name.startsWith("nessie-postgres")) slice.endpoints = [];
    }
    const owner = { kind: "Cluster", name: "nessie-postgres", controller: true };
    Object.assign(the(objects, "services", "nessie-postgres-rw").metadata, { ownerReferences: [owner] });
    return unhealthy(await look(objects));
  };
  assert.deepEqual(await changed("2026-01-01T11:59:57Z"), []);
  assert.notDeepEqual(await changed("2026-01-01T11:50:00Z"), []);
});

Deno.test("postgresql: a first primary may take five minutes", async () => {
  const objects = three(0, "Setting up primary");
  the(objects, "clusters", "nessie-postgres").metadata.creationTimestamp = "2026-01-01T11:57:00Z";
  objects.slices = objects.slices.filter(({ metadata }) => !metadata.name.startsWith("nessie-postgres"));
  without(objects, "services", "nessie-postgres-rw");
  without(objects, "pods", "nessie-postgres-1");
  assert.deepEqual(unhealthy(await look(objects)), []);
});

Deno.test("postgresql: a cluster that cannot start for want of its Secret is a symptom of that Secret's maker", async () => {
  const objects = three(0, "Setting up primary");
  without(objects, "secrets", "db");
  const failed = condition("False", "SecretSyncedError", "key not found in 1Password Vaults: db");
  the(objects, "externalSecrets", "db").status = failed;
  const diagnosis = await look(objects);
  const cluster = fault(diagnosis, "Cluster", "nessie-postgres");
  assert.equal(cluster?.role, "symptom");
  assert.ok(
    rootsOf(diagnosis).includes("OnePasswordItem lakehouse/db ItemNotFound"),
    rootsOf(diagnosis).join(),
  );
});

Deno.test("postgresql: phases that do not end by themselves are critical, whatever the number of instances", async () => {
  for (
    const phase of [
      "Unable to create required cluster objects",
      "Cluster is unrecoverable and needs manual intervention",
    ]
  ) {
    const seen = fault(await look(three(3, phase)), "Cluster", "nessie-postgres");
    assert.equal(seen?.status, "critical", phase);
  }
});

Deno.test("postgresql: an instance that crashes explains the missing one", async () => {
  const objects = three(2, "Cluster in healthy state");
  const labels = { "cnpg.io/cluster": "nessie-postgres" };
  objects.pods.push(
    pod("nessie-postgres-2", {
      labels,
      ready: false,
      container: waiting("CrashLoopBackOff"),
    }) as unknown as Raw,
  );
  assert.deepEqual(rootsOf(await look(objects)), ["Pod nessie-postgres-2 CrashLoopBackOff"]);
});

Deno.test("postgresql: a stopped operator explains an instance that nobody replaces", async () => {
  const objects = three(2, "Cluster in healthy state");
  the(objects, "deployments", "cnpg-controller-manager").status = { observedGeneration: 1, readyReplicas: 0 };
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Deployment cnpg-controller-manager NoneReady"]);
});

Deno.test("postgresql: a cluster that was hibernated on purpose says so and how to wake it", async () => {
  const objects = three(0, "Cluster in healthy state");
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.metadata.annotations = { "cnpg.io/hibernation": "on" };
  const seen = fault(await look(objects), "Cluster", "nessie-postgres");
  assert.equal(seen?.reason, "Hibernated");
});

Deno.test("postgresql: a Service that leads to another pod than the primary is a fault of the cluster", async () => {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.status = {
    ...cluster.status,
    currentPrimary: "nessie-postgres-2",
    targetPrimary: "nessie-postgres-2",
  };
  objects.pods.push(
    pod("nessie-postgres-2", { labels: { "cnpg.io/cluster": "nessie-postgres" } }) as unknown as Raw,
  );
  assert.deepEqual(rootsOf(await look(objects)), ["Cluster nessie-postgres NoPrimary"]);
});

Deno.test("postgresql: no cluster that nothing leads to does not apply, nor does a kind that is not served", async () => {
  const objects = platform();
  objects.clusters = [];
  assert.equal(found(await look(objects), "instances")[0]?.reason, "NotFound");
  const failures = { [PATHS.clusters]: { kind: "not-installed", message: "404" } as const };
  assert.equal(found(await look(objects, { failures }), "instances")[0]?.status, "skipped");
});

Deno.test("postgresql: what may not be read is unknown", async () => {
  const failures = { [PATHS.clusters]: { kind: "forbidden", message: "no" } as const };
  const diagnosis = await look(platform(), { failures });
  assert.ok(found(diagnosis, "instances").every(({ status }) => status === "unknown"));
  assert.ok(found(diagnosis, "clusters").every(({ status }) => status === "unknown"));
});

Deno.test("postgresql: roles that cannot be kept are a warning with the reason that the operator gives", async () => {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.status = {
    ...cluster.status,
    managedRolesStatus: { cannotReconcile: { spark: ["secret not found"] } },
  };
  const seen = fault(await look(objects), "Cluster", "nessie-postgres");
  assert.deepEqual([seen?.status, seen?.reason], ["warning", "RolesNotReconciled"]);
  assert.match(seen?.message ?? "", /spark \(secret not found\)/);
});

Deno.test("postgresql: instances that are fenced off are a warning that says which, and what to look at", async () => {
  const objects = platform();
  const { metadata } = the(objects, "clusters", "nessie-postgres");
  metadata.annotations = { "cnpg.io/fencedInstances": '["nessie-postgres-1"]' };
  const seen = fault(await look(objects), "Cluster", "nessie-postgres");
  assert.deepEqual([seen?.status, seen?.reason], ["warning", "Fenced"]);
  assert.match(seen?.message ?? "", /has fenced instances \["nessie-postgres-1"\]/);
  assert.match(seen?.next?.join() ?? "", /nessie-postgres/);
  metadata.annotations = { "cnpg.io/fencedInstances": "[]" };
  assert.deepEqual(unhealthy(await look(objects)), []);
});

Deno.test("postgresql: a cluster that nobody has looked at has a minute for it", async () => {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  delete cluster.status;
  const judged = async (creationTimestamp: string) => {
    cluster.metadata.creationTimestamp = creationTimestamp;
    return found(await look(objects), "clusters").map(({ status, reason }) => `${status} ${reason}`);
  };
  assert.deepEqual(await judged("2026-01-01T11:59:01Z"), ["ok Progressing"]);
  assert.deepEqual(await judged("2026-01-01T11:58:59Z"), ["critical NotReconciled"]);
});
