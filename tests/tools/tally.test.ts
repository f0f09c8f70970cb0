import assert from "node:assert/strict";
import { tallyOf } from "../../tools/test.ts";

Deno.test("the sum of a test run is read from its last line", () => {
  const output = "running 3 tests\nok | 1 passed | 0 failed\n\nok | 12 passed (3 steps) | 0 failed (2s)\n";
  assert.deepEqual(tallyOf(output, true), { passed: 12, failed: 0, notes: [] });
  assert.deepEqual(tallyOf("FAILED | 2 passed | 1 failed (1s)", false), { passed: 2, failed: 1, notes: [] });
});

Deno.test("what should have run and did not is a failure", () => {
  const failing: [string, boolean][] = [
    ["ok | 3 passed | 0 failed | 2 ignored (1s)", true],
    ["ok | 0 passed | 0 failed (0ms)", true],
    ["error: Module not found", false],
    ["", true],
    ["ok | 3 passed | 0 failed (1s)", false],
  ];
  for (const [output, success] of failing) {
    const { failed, notes } = tallyOf(output, success);
    assert.ok(failed > 0 && notes.length > 0, output);
  }
});
