/** An object that was made again under its old name is not given the events of its predecessor. */
import assert from "node:assert/strict";
import { storage } from "../../../lib/components/storage/mod.ts";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import { examined, on } from "../platform.ts";

const OLD = "11111111-1111-4111-8111-111111111111";
const NEW = "22222222-2222-4222-8222-222222222222";
const TOLD = "the disk is on fire";
const MADE = "2026-01-01T11:50:00Z";
const BEFORE = "2026-01-01T11:49:59Z";
const AFTER = "2026-01-01T11:50:01Z";

const metadata = (uid?: string) => ({
  name: "db-0",
  namespace: "data-platform",
  creationTimestamp: MADE,
  ...uid ? { uid } : {},
});

/** Objects that say why they fail with the words of an event, by their kind. */
const KINDS: Record<string, { path: string; reason: string; object: object }> = {
  Pod: {
    path: "/api/v1/pods",
    reason: "FailedMount",
    object: {
      spec: { nodeName: "one", containers: [] },
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "True" }] },
    },
  },
  Job: {
    path: "/apis/batch/v1/jobs",
    reason: "FailedCreate",
    object: { spec: { template: { spec: { containers: [] } } }, status: {} },
  },
  PersistentVolumeClaim: {
    path: "/api/v1/persistentvolumeclaims",
    reason: "ProvisioningFailed",
    object: { spec: { storageClassName: "slow" }, status: { phase: "Pending" } },
  },
  StatefulSet: {
    path: "/apis/apps/v1/statefulsets",
    reason: "FailedCreate",
    object: { spec: { replicas: 1, template: { spec: { containers: [] } } }, status: {} },
  },
};

/** Whether the words of the event are quoted of the object. */
async function quoted(kind: string, uid?: string, of?: string, lastTimestamp = AFTER): Promise<boolean> {
  const { path, reason, object } = KINDS[kind] ?? { path: "", reason: "", object: {} };
  const involvedObject = { kind, namespace: "data-platform", name: "db-0", ...of ? { uid: of } : {} };
  const diagnosis = await examined([workloads, storage], {
    lists: {
      [path]: [{ ...object, metadata: metadata(uid) }],
      "/api/v1/events": [{
        metadata: { name: "e", namespace: "data-platform" },
        involvedObject,
        reason,
        message: TOLD,
        lastTimestamp,
      }],
    },
  });
  return on(diagnosis, kind, "db-0").some(({ message }) => message.includes(TOLD));
}

for (const kind of Object.keys(KINDS)) {
  Deno.test(`events: a ${kind} of an old name is told from its predecessor by its id, or else by its time`, async () => {
    assert.equal(await quoted(kind, NEW, NEW), true);
    assert.equal(await quoted(kind, NEW, OLD), false);
    // Clocks may differ; ids do not.
    assert.equal(await quoted(kind, NEW, NEW, BEFORE), true);
    assert.equal(await quoted(kind, NEW, undefined, BEFORE), false);
    assert.equal(await quoted(kind, undefined, OLD, BEFORE), false);
    assert.equal(await quoted(kind, undefined, OLD), true);
    assert.equal(await quoted(kind), true);
  });
}

Deno.test("events: a node's agent speaks of its own pods by ids that the API server does not know", async () => {
  assert.equal(await quoted("Pod", NEW, "5d41402abc4b2a76b9719d911017c592"), true);
});

Deno.test("events: a probe that failed before the pod was Ready says nothing of why it is not Ready now", async () => {
  const why = async (lastTimestamp: string) => {
    const ready = { type: "Ready", status: "False", lastTransitionTime: "2026-01-01T11:55:00Z" };
    const diagnosis = await examined([workloads, storage], {
      lists: {
        "/api/v1/pods": [{
          metadata: metadata(NEW),
          spec: { nodeName: "one", containers: [] },
          status: { phase: "Running", conditions: [{ ...ready, message: "its node is silent" }] },
        }],
        "/api/v1/events": [{
          metadata: { name: "e", namespace: "data-platform" },
          involvedObject: { kind: "Pod", namespace: "data-platform", name: "db-0", uid: NEW },
          reason: "Unhealthy",
          message: TOLD,
          lastTimestamp,
        }],
      },
    });
    return on(diagnosis, "Pod", "db-0")[0]?.message ?? "";
  };
  assert.match(await why("2026-01-01T11:54:58Z"), /for 5 min: the disk is on fire/);
  assert.match(await why("2026-01-01T11:54:00Z"), /for 5 min: its node is silent/);
});
