/** Ceph's health codes are rated by what they mean for data; what is not known is neither healthy nor broken. */
import assert from "node:assert/strict";
import type { Finding } from "../../../lib/engine/model.ts";
import { look, type Platform, platform, the } from "../flux/gitops.ts";
import { LONG_AGO, NOW, on } from "../platform.ts";

const CHECKED = "2026-01-01T11:59:30Z";

/** What is said of a Ceph cluster with this health. */
function said(ceph: Record<string, unknown>, createdAt = LONG_AGO): Promise<Finding | undefined> {
  const objects = platform();
  const cluster = the(objects, "cephClusters", "rook-ceph");
  cluster.metadata.creationTimestamp = createdAt;
  cluster.status = { phase: "Ready", ceph: { lastChecked: CHECKED, ...ceph } };
  return of(objects, "CephCluster", "rook-ceph", "rook-ceph.cephclusters");
}

async function of(objects: Platform, kind: string, name: string, id: string): Promise<Finding | undefined> {
  return on(await look(objects), kind, name).find(({ check }) => check === id);
}

const warns = (...codes: [code: string, message: string][]) => ({
  health: "HEALTH_WARN",
  details: Object.fromEntries(
    codes.map(([code, message]) => [code, { severity: "HEALTH_WARN", message }]),
  ),
});

Deno.test("ceph: data that can't be read or written, or is damaged, is critical although Ceph only warns", async () => {
  const critical = {
    PG_AVAILABILITY: "DataUnavailable",
    OBJECT_UNFOUND: "DataUnavailable",
    OSD_ROOT_DOWN: "DataUnavailable",
    MDS_ALL_DOWN: "DataUnavailable",
    FS_WITH_FAILED_MDS: "DataUnavailable",
    MDS_DAMAGE: "DataDamaged",
    PG_DAMAGED: "DataDamaged",
    OSD_SCRUB_ERRORS: "DataDamaged",
    OSD_FULL: "WritesBlocked",
    POOL_FULL: "WritesBlocked",
  };
  for (const [code, reason] of Object.entries(critical)) {
    const seen = await said(warns(["PG_DEGRADED", "5 pgs degraded"], [code, "some words"]));
    assert.deepEqual([seen?.status, seen?.reason], ["critical", reason], code);
    assert.match(
      seen?.message ?? "",
      new RegExp(`although Ceph reports HEALTH_WARN: ${code} \\(some words\\); PG_DEGRADED`),
    );
  }
});

Deno.test("ceph: codes with which data can still be read and written are a warning, also one that is not known", async () => {
  for (
    const code of [
      "PG_DEGRADED",
      "OSD_DOWN",
      "OSD_HOST_DOWN",
      "MON_DOWN",
      "MGR_DOWN",
      "SLOW_OPS",
      "SOMETHING_NEW",
    ]
  ) {
    const seen = await said(warns([code, "some words"]));
    assert.deepEqual([seen?.status, seen?.reason], ["warning", "HealthWarning"], code);
  }
});

Deno.test("ceph: flags that stop reads or writes are critical, others a warning", async () => {
  const flags = async (message: string) => {
    const seen = await said(warns(["OSDMAP_FLAGS", message]));
    return `${seen?.status} ${seen?.reason}`;
  };
  assert.equal(await flags("pauserd,pausewr flag(s) set"), "critical DataUnavailable");
  assert.equal(await flags("pausewr,noout flag(s) set"), "critical WritesBlocked");
  assert.equal(await flags("full flag(s) set"), "critical WritesBlocked");
  assert.equal(await flags("noout,nobackfill flag(s) set"), "warning HealthWarning");
  assert.equal(await flags("nearfull flag(s) set"), "warning HealthWarning");
});

Deno.test("ceph: what is muted does not count, and an error says what it means for data", async () => {
  const { details } = warns(["PG_AVAILABILITY", "1 pg inactive"]);
  assert.equal(await said({ health: "HEALTH_OK", details }), undefined);
  const error = await said({ health: "HEALTH_ERR", details });
  assert.equal(error?.reason, "HealthError");
  assert.match(
    error?.message ?? "",
    /reports HEALTH_ERR, and has data that can be neither read nor written: PG/,
  );
});

Deno.test("ceph: no health, or one that is not known, is unknown; a new cluster is in progress", async () => {
  const odd = await said({ health: "HEALTH_FINE" });
  assert.deepEqual([odd?.status, odd?.reason], ["unknown", "NotUnderstood"]);
  const none = await said({});
  assert.deepEqual([none?.status, none?.reason], ["unknown", "NotChecked"]);
  const young = await said({}, "2026-01-01T11:59:00Z");
  assert.deepEqual([young?.status, young?.reason], ["ok", "Progressing"]);
});

Deno.test("ceph: every phase of Rook's objects is judged, and one that is not known is unknown", async () => {
  const phased = async (phase: string, createdAt = LONG_AGO) => {
    const objects = platform();
    const store = the(objects, "cephObjectStores", "storage");
    store.metadata.creationTimestamp = createdAt;
    store.status = { phase };
    const seen = await of(objects, "CephObjectStore", "storage", "rook-ceph.cephobjectstores");
    return `${seen?.status} ${seen?.reason}`;
  };
  for (const phase of ["Ready", "Connected"]) assert.equal(await phased(phase), "undefined undefined");
  for (
    const phase of [
      "Processing",
      "Reconciling",
      "Created",
      "Creating",
      "Connecting",
      "Configuring",
      "Updating",
    ]
  ) {
    assert.equal(await phased(phase), "critical Progressing");
    assert.equal(await phased(phase, NOW), "ok Progressing");
  }
  for (
    const phase of [
      "Failure",
      "Failed",
      "ReconcileFailed",
      "Error",
      "Deleting",
      "DeletionIsBlocked",
      "NotReady",
    ]
  ) {
    assert.equal(await phased(phase), `critical ${phase}`);
  }
  assert.equal(await phased("Dreaming"), "unknown NotUnderstood");
});

Deno.test("ceph: a claim in a phase that is not known is unknown, one that failed is critical", async () => {
  const claimed = async (phase: string) => {
    const objects = platform();
    the(objects, "objectBucketClaims", "warehouse").status = { phase };
    return await of(objects, "ObjectBucketClaim", "warehouse", "rook-ceph.objectbucketclaims");
  };
  assert.deepEqual((await claimed("Dreaming"))?.status, "unknown");
  assert.deepEqual((await claimed("Released"))?.reason, "Released");
  assert.equal(await claimed("Bound"), undefined);
});
