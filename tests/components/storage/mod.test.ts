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

Deno.test("storage: every phase of a claim is judged as its table says", async () => {
  const check = storage.kinds.find(({ source }) => source.kind === "PersistentVolumeClaim");
  assert.ok(check);
  const rows = rowsOf(check);
  assert.ok(rows.length >= 3, String(rows.length));
  const said = async (phase: string, createdAt: string) => {
    const diagnosis = await broken((small) => {
      put(small, CLASSES, immediate);
      put(small, CLAIMS, claim("data", phase, "slow", createdAt));
    });
    return saying(on(diagnosis, "PersistentVolumeClaim", "data").find((one) => one.check === check.id));
  };
  for (const [, word, verdict] of rows) {
    const { young, old } = expected(verdict);
    assert.deepEqual([await said(word, NOW), await said(word, LONG_AGO)], [young, old], word);
  }
  assert.equal(await said("Dreaming", LONG_AGO), "unknown NotUnderstood");
});
