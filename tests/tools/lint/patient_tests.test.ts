import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";
import { isHasty, isPatient } from "../../../tools/lint/patient_tests.ts";

const said = (code: string, file = "tests/clients/kubernetes/client.test.ts") =>
  Deno.lint.runPlugin(plugin, file, code).filter(({ id }) => id === "lakecheck/patient-tests")
    .map(({ message }) => message);

const HASTY = "a slow machine reaches 5000 ms by itself";
const ELAPSED = "how long something takes depends on the machine";

Deno.test("limits that a slow machine reaches are refused, small ones and patient ones are not", () => {
  assert.deepEqual(said("const a = { timeoutMs: 5000 };"), [HASTY]);
  assert.deepEqual(said("const a = { trialTimeoutMs: 5_000 };"), [HASTY]);
  assert.deepEqual(said("connect({ undoTimeoutMs: 5000, kubeconfig });"), [HASTY]);
  for (
    const fine of [
      "timeoutMs: 500",
      "timeoutMs: 60_000",
      "timeoutMs: PATIENT_MS",
      "tookMs: 5000",
      "timeoutMs",
    ]
  ) {
    assert.deepEqual(said(`const a = { ${fine} };`), [], fine);
  }
  assert.deepEqual([500, 501, 59_999, 60_000].map(isHasty), [false, true, true, false]);
});

Deno.test("upper bounds on the time that has passed are refused, lower ones are not", () => {
  for (
    const bad of [
      "performance.now() - began < 1000",
      "Date.now() - began <= 9",
      "9 > performance.now() - began",
    ]
  ) {
    assert.deepEqual(said(`assert(${bad});`), [ELAPSED], bad);
  }
  for (
    const fine of ["performance.now() - began >= 290", "290 <= Date.now() - began", "computedMs(began) < 9"]
  ) {
    assert.deepEqual(said(`assert(${fine});`), [], fine);
  }
});

Deno.test("time of a test's own, the lab's tests and other code are left alone", () => {
  const code = "const a = { timeoutMs: 5000 }; assert(performance.now() - a < 9);";
  assert.equal(said(code).length, 2);
  assert.deepEqual(said(`import { inFakeTime } from "../../fakes/time.ts"; ${code}`), []);
  for (const file of ["tests/lab_live/s3/checkpoint.test.ts", "lib/cli/main.ts", "bench/main.ts"]) {
    assert.deepEqual(said(code, file), [], file);
  }
  assert.ok(isPatient(new URL("../../cli/run.ts", import.meta.url).pathname));
});
