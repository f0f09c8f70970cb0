import assert from "node:assert/strict";
import { RESTARTED_AT, restartRollout, rolloutOf } from "../../../lib/clients/kubernetes/rollout.ts";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import { PATIENT_MS } from "../../patience.ts";

const deployment = (status: Record<string, unknown>, generation = 2): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "nessie", generation },
  spec: { replicas: 2, selector: { matchLabels: { app: "nessie" } }, template: { metadata: {} } },
  status,
});

const DONE = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

Deno.test("a restart writes the annotation that kubectl writes, and gives its time", async () => {
  const patches: unknown[] = [];
  const time = await restartRollout({
    merge: (_path, patch) => {
      patches.push(patch);
      return Promise.resolve(deployment(DONE));
    },
  }, "/apis/apps/v1/namespaces/x/deployments/nessie");
  assert.deepEqual(patches, [{
    spec: { template: { metadata: { annotations: { [RESTARTED_AT]: time } } } },
  }]);
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < PATIENT_MS);
});

Deno.test("a rollout is done when every pod is new and ready, and no old one is left", () => {
  assert.equal(rolloutOf(deployment(DONE)).done, true);
  for (
    const status of [
      { ...DONE, observedGeneration: 1 },
      { ...DONE, replicas: 3 },
      { ...DONE, updatedReplicas: 1 },
      { ...DONE, readyReplicas: 1 },
      {},
    ]
  ) assert.equal(rolloutOf(deployment(status)).done, false, JSON.stringify(status));
  assert.equal(rolloutOf(undefined).done, false);
});

Deno.test("a rollout whose deadline is over has failed", () => {
  const conditions = [{ type: "Progressing", reason: "ProgressDeadlineExceeded" }];
  assert.equal(rolloutOf(deployment({ ...DONE, updatedReplicas: 1, conditions })).failed, true);
  assert.equal(rolloutOf(deployment({ ...DONE, updatedReplicas: 1 })).failed, false);
});
