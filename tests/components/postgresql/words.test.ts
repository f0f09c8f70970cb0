/** Every phase and condition that CloudNativePG writes is judged on purpose, and none that is not known is ok. */
import assert from "node:assert/strict";
import { PHASES } from "../../../lib/components/postgresql/phases.ts";
import type { Finding } from "../../../lib/engine/model.ts";
import { fault, look, platform, the, unhealthy } from "../flux/gitops.ts";
import { LONG_AGO, NOW, on } from "../platform.ts";

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

const HEALTHY = "Cluster in healthy state";
const READY = { type: "Ready", status: "True", lastTransitionTime: LONG_AGO };
const CHANGING = { ...READY, status: "False" };

/** What is said of a cluster with all its instances ready, in this phase and with these conditions. */
async function said(phase: string, ...conditions: Condition[]): Promise<Finding | undefined> {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.status = { ...cluster.status, phase, conditions };
  return on(await look(objects), "Cluster", "nessie-postgres").find(({ check }) =>
    check === "postgresql.clusters"
  );
}

const failing = (type: string, reason: string, since = LONG_AGO): Condition => ({
  type,
  status: "False",
  reason,
  message: "exit status 1",
  lastTransitionTime: since,
});

Deno.test("postgresql: each phase is healthy, ends in its time, or is a fault", async () => {
  assert.equal(PHASES.size, 28);
  for (const [phase, meaning] of PHASES) {
    const lasting = await said(phase, CHANGING);
    if (phase === HEALTHY) assert.equal(lasting, undefined);
    else if ("failed" in meaning) {
      assert.deepEqual([lasting?.status, lasting?.reason], ["critical", meaning.failed]);
    } else {
      assert.equal(lasting?.status, "warning", phase);
      const begun = await said(phase, { ...CHANGING, lastTransitionTime: NOW });
      const waiting = phase === "Waiting for user action";
      assert.deepEqual(
        [begun?.status, begun?.reason],
        waiting ? ["warning", "WaitingForUser"] : ["ok", "Progressing"],
      );
    }
  }
});

Deno.test("postgresql: a phase that is not known is neither healthy nor broken", async () => {
  for (const phase of ["Upgrading something new", "healthy state of a kind", "constructor"]) {
    for (const ready of [READY, CHANGING, { ...CHANGING, lastTransitionTime: NOW }]) {
      const seen = await said(phase, ready);
      assert.deepEqual([seen?.status, seen?.reason], ["unknown", "NotUnderstood"], phase);
      assert.match(seen?.message ?? "", new RegExp(`is in phase "${phase}", which is not understood`));
    }
  }
});

Deno.test("postgresql: a young cluster and one that changes its primary are not ok in a phase that is not known", async () => {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.metadata.creationTimestamp = NOW;
  cluster.spec = { ...cluster.spec, instances: 3 };
  cluster.status = { ...cluster.status, phase: "Dreaming", targetPrimaryTimestamp: NOW };
  assert.equal(fault(await look(objects), "Cluster", "nessie-postgres")?.reason, "NotUnderstood");
});

Deno.test("postgresql: WAL that is not archived and a backup that failed are warnings, each by itself", async () => {
  const archiving = failing("ContinuousArchiving", "ContinuousArchivingFailing");
  const backup = failing("LastBackupSucceeded", "LastBackupFailed");
  const both = await said(HEALTHY, READY, archiving, backup);
  assert.deepEqual([both?.status, both?.reason], ["warning", "ArchivingFailed"]);
  assert.match(
    both?.message ?? "",
    /has not archived its WAL for 2 h, and its last backup failed, so there is no recovery point after 2026-01-01T10:00:00Z: exit/,
  );
  const alone = await said(HEALTHY, READY, archiving);
  assert.match(alone?.message ?? "", /has not archived its WAL for 2 h, so there is no recovery point after/);
  const failed = await said(HEALTHY, READY, backup);
  assert.deepEqual([failed?.status, failed?.reason], ["warning", "BackupFailed"]);
  assert.match(failed?.message ?? "", /could not make its last backup 2 h ago: exit status 1/);
});

Deno.test("postgresql: a backup that has begun is no fault for a day", async () => {
  assert.equal(await said(HEALTHY, READY, failing("LastBackupSucceeded", "BackupStarted")), undefined);
  const lost = await said(
    HEALTHY,
    READY,
    failing("LastBackupSucceeded", "BackupStarted", "2025-12-30T12:00:00Z"),
  );
  assert.match(lost?.message ?? "", /has not finished the backup that it began 2 d ago/);
});

Deno.test("postgresql: a cluster with another fault says of its backups, too", async () => {
  const seen = await said(
    "Not enough disk space",
    CHANGING,
    failing("ContinuousArchiving", "ContinuousArchivingFailing"),
  );
  assert.equal(seen?.reason, "NotEnoughDiskSpace");
  assert.match(seen?.message ?? "", /; it also has not archived its WAL/);
});

Deno.test("postgresql: a switchover is no fault while WAL is not archived", async () => {
  const objects = platform();
  const cluster = the(objects, "clusters", "nessie-postgres");
  const conditions = [READY, failing("ContinuousArchiving", "ContinuousArchivingFailing")];
  cluster.status = { ...cluster.status, targetPrimaryTimestamp: NOW, conditions };
  const owner = { kind: "Cluster", name: "nessie-postgres", controller: true };
  Object.assign(the(objects, "services", "nessie-postgres-rw").metadata, { ownerReferences: [owner] });
  for (const slice of objects.slices) {
    if (slice.metadata.name.startsWith("nessie-postgres")) slice.endpoints = [];
  }
  assert.deepEqual(
    unhealthy(await look(objects)).filter((line) => line.startsWith("Service nessie-postgres-rw")),
    [],
  );
});

Deno.test("postgresql: instances of different databases are critical; what was not reported is a warning", async () => {
  const mismatch = await said(HEALTHY, READY, failing("ConsistentSystemID", "Mismatch"));
  assert.deepEqual([mismatch?.status, mismatch?.reason], ["critical", "SystemIDMismatch"]);
  const none = await said(HEALTHY, READY, failing("ConsistentSystemID", "NotFound"));
  assert.deepEqual([none?.status, none?.reason], ["warning", "SystemIDUnknown"]);
  const topology = failing("SyncReplicationTopologySatisfied", "InsufficientCrossDomainReplicas");
  assert.equal((await said(HEALTHY, READY, topology))?.reason, "TopologyNotSatisfied");
});

Deno.test("postgresql: a condition that is not known, or neither True nor False, is not understood", async () => {
  for (
    const odd of [
      failing("DiskIsAlive", "Dead"),
      { ...READY, type: "ContinuousArchiving", status: "Unknown" },
      { ...READY, type: "LastBackupSucceeded", status: "Perhaps" },
    ]
  ) {
    const seen = await said(HEALTHY, READY, odd);
    assert.deepEqual([seen?.status, seen?.reason], ["unknown", "NotUnderstood"], odd.type);
  }
  assert.equal(await said(HEALTHY, READY, { ...READY, type: "DiskIsAlive" }), undefined);
});
