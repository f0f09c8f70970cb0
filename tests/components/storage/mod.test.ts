import assert from "node:assert/strict";
import { CLAIMS, CLASSES, healthy, look, put, type Small, the } from "../healthy.ts";
import { storage } from "../../../lib/components/storage/mod.ts";
import { EVENTS, LONG_AGO, NOW, on, rootsOf } from "../platform.ts";
import { expected, rowsOf, saying } from "../words.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};
const claim = (name: string, phase: string, storageClassName: string, creationTimestamp = LONG_AGO) => ({
  metadata: { name, namespace: "data-platform", creationTimestamp },
  spec: { storageClassName },
  status: { phase },
});
const VOLUMES = "/api/v1/persistentvolumes";
const immediate = { metadata: { name: "slow" }, provisioner: "p", volumeBindingMode: "Immediate" };

Deno.test("storage: bound claims are ok, with the count", async () => {
  const [found] = on(await look(healthy()), "PersistentVolumeClaim", "*");
  assert.deepEqual([found?.status, found?.observed], ["ok", "1 of 1"]);
});

Deno.test("storage: a claim that is not bound after a minute is critical, and says what its events say", async () => {
  const diagnosis = await broken((small) => {
    put(small, CLASSES, immediate);
    put(small, CLAIMS, claim("data", "Pending", "slow"));
    put(small, EVENTS, {
      metadata: { name: "e", namespace: "data-platform", creationTimestamp: LONG_AGO },
      involvedObject: { kind: "PersistentVolumeClaim", namespace: "data-platform", name: "data" },
      reason: "ProvisioningFailed",
      message: "no pool named replicated",
    });
  });
  const [found] = on(diagnosis, "PersistentVolumeClaim", "data");
  assert.deepEqual([found?.status, found?.reason], ["critical", "Pending"]);
  assert.match(found?.message ?? "", /no pool named replicated/);
  assert.deepEqual(rootsOf(diagnosis), ["PersistentVolumeClaim data Pending"]);
});

Deno.test("storage: a claim younger than a minute, and one that nobody uses of a lazy class, are no fault", async () => {
  const diagnosis = await broken((small) => {
    put(small, CLASSES, immediate);
    put(
      small,
      CLAIMS,
      claim("young", "Pending", "slow", "2026-01-01T11:59:30Z"),
      claim("unused", "Pending", "fast"),
    );
  });
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("storage: a class that does not exist is the root of the claim that waits for it", async () => {
  const diagnosis = await broken((small) => put(small, CLAIMS, claim("data", "Pending", "gone")));
  assert.deepEqual(rootsOf(diagnosis), ["StorageClass gone Missing"]);
});

Deno.test("storage: a claim that a pod names and that does not exist is the root", async () => {
  const diagnosis = await broken((small) => {
    small.lists[CLAIMS] = [];
    const [database] = small.lists["/api/v1/pods"]?.filter((pod) => pod.metadata.labels.app === "database") ??
      [];
    assert.ok(database);
    delete database.spec.nodeName;
    Object.assign(database.status, { phase: "Pending", containerStatuses: [] });
    Object.assign(database.status.conditions[0], {
      status: "False",
      reason: "Unschedulable",
      message: 'persistentvolumeclaim "database" not found',
    });
    database.status.conditions[1].status = "False";
  });
  assert.ok(rootsOf(diagnosis).includes("PersistentVolumeClaim database Missing"), rootsOf(diagnosis).join());
});

Deno.test("storage: a lost claim is critical", async () => {
  const diagnosis = await broken((small) => the(small, CLAIMS, "database").status.phase = "Lost");
  assert.deepEqual(rootsOf(diagnosis), ["PersistentVolumeClaim database Lost"]);
});

Deno.test("storage: claims that cannot be listed are unknown, never ok", async () => {
  const diagnosis = await broken((small) => small.failures[CLAIMS] = { kind: "forbidden", message: "no" });
  const found = diagnosis.findings.filter(({ check }) => check === "persistentvolumeclaims.bound");
  assert.deepEqual(found.map(({ status }) => status), ["unknown"]);
});

const claimCheck = storage.kinds.find(({ source }) => source.kind === "PersistentVolumeClaim");
const volumeCheck = storage.kinds.find(({ source }) => source.kind === "PersistentVolume");

/** What is said of a claim in this phase, with this condition. */
async function saidOfClaim(
  phase: string,
  since: string,
  condition?: string,
  event?: string,
): Promise<string> {
  const [, type, status] = /^(\w+)=(\w+)$/.exec(condition ?? "") ?? [];
  const diagnosis = await broken((small) => {
    put(small, CLASSES, immediate);
    const conditions = type ? [{ type, status, message: "some words", lastTransitionTime: since }] : [];
    const made = claim("database", phase, "slow", since);
    small.lists[CLAIMS] = [];
    put(small, CLAIMS, { ...made, status: { phase, conditions } });
    if (event) {
      put(small, EVENTS, {
        metadata: { name: "e", namespace: "data-platform", creationTimestamp: NOW },
        involvedObject: { kind: "PersistentVolumeClaim", namespace: "data-platform", name: "database" },
        reason: event,
        message: "told by an event",
      });
    }
  });
  const [found] = on(diagnosis, "PersistentVolumeClaim", "database").filter(({ check }) =>
    check === claimCheck?.id
  );
  if (event && since === LONG_AGO) assert.match(found?.message ?? "", /told by an event/);
  return saying(found);
}

Deno.test("storage: every phase, condition and event of a claim is judged as its table says", async () => {
  assert.ok(claimCheck);
  const rows = rowsOf(claimCheck);
  assert.ok(rows.length >= 26, String(rows.length));
  for (const [field, word, verdict] of rows) {
    const { young, old } = expected(verdict);
    const said = (since: string) =>
      field === "status.conditions"
        ? saidOfClaim("Bound", since, word)
        : field === "status.phase"
        ? saidOfClaim(word, since)
        : saidOfClaim("Pending", since, undefined, word);
    assert.deepEqual([await said(NOW), await said(LONG_AGO)], [young, old], `${field} ${word}`);
  }
  assert.equal(await saidOfClaim("Dreaming", LONG_AGO), "unknown NotUnderstood");
  assert.equal(await saidOfClaim("Bound", LONG_AGO, "Dreaming=True"), "unknown NotUnderstood");
  assert.equal(await saidOfClaim("Bound", LONG_AGO, "Resizing=Perhaps"), "unknown NotUnderstood");
});

Deno.test("storage: a file system that is to grow at the next mount is no fault while no pod mounts it", async () => {
  const diagnosis = await broken((small) => {
    const conditions = [{ type: "FileSystemResizePending", status: "True", lastTransitionTime: LONG_AGO }];
    put(small, CLAIMS, { ...claim("unused", "Bound", "fast"), status: { phase: "Bound", conditions } });
  });
  assert.deepEqual(on(diagnosis, "PersistentVolumeClaim", "unused"), []);
});

/** What is said of the volume of the database's claim, or of one that is kept after its claim. */
async function saidOfVolume(phase: string, creationTimestamp: string, claimRef?: object): Promise<string> {
  const name = claimRef ? "pv-2" : "pv-1";
  const diagnosis = await broken((small) => {
    small.lists[VOLUMES] = (small.lists[VOLUMES] ?? []).filter(({ metadata }) => metadata.name !== name);
    put(small, VOLUMES, {
      metadata: { name, creationTimestamp },
      spec: { claimRef },
      status: { phase, message: "some words" },
    });
  });
  return saying(on(diagnosis, "PersistentVolume", name).find((one) => one.check === volumeCheck?.id));
}

Deno.test("storage: every phase of a volume is judged as its table says", async () => {
  assert.ok(volumeCheck);
  const rows = rowsOf(volumeCheck);
  assert.ok(rows.length >= 5, String(rows.length));
  for (const [, word, verdict] of rows) {
    const { young, old } = expected(verdict);
    const said = [await saidOfVolume(word, NOW), await saidOfVolume(word, LONG_AGO)];
    assert.deepEqual(said, [young, old], word);
  }
  assert.equal(await saidOfVolume("Dreaming", LONG_AGO), "unknown NotUnderstood");
});

Deno.test("storage: a volume whose claim was ours is judged, and one of another tenant is not", async () => {
  assert.equal(
    await saidOfVolume("Failed", LONG_AGO, { namespace: "data-platform", name: "old" }),
    "warning ReclaimFailed",
  );
  assert.equal(await saidOfVolume("Failed", LONG_AGO, { namespace: "shop", name: "old" }), "nothing");
});

Deno.test("storage: volumes that cannot be listed are unknown, never ok", async () => {
  const diagnosis = await broken((small) => small.failures[VOLUMES] = { kind: "forbidden", message: "no" });
  const found = diagnosis.findings.filter(({ check }) => check === volumeCheck?.id);
  assert.deepEqual(found.map(({ status }) => status), ["unknown"]);
});
