import assert from "node:assert/strict";
import { processesFor, tallyOf, testFilesIn } from "../../tools/test.ts";
import { filesBelow } from "./expressions/all.ts";

Deno.test("the sum of a test run is read from its last line", () => {
  const output = "running 3 tests\nok | 1 passed | 0 failed\n\nok | 12 passed (3 steps) | 0 failed (2s)\n";
  assert.deepEqual(tallyOf([{ output, success: true }]), { passed: 12, failed: 0, notes: [] });
  assert.deepEqual(tallyOf([{ output: "FAILED | 2 passed | 1 failed (1s)", success: false }]), {
    passed: 2,
    failed: 1,
    notes: [],
  });
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
    const { failed, notes } = tallyOf([{ output, success }]);
    assert.ok(failed > 0 && notes.length > 0, output);
  }
});

Deno.test("runs beside each other are added up, and one of them may have no test that was asked for", () => {
  const runs = [
    "ok | 3 passed | 0 failed",
    "ok | 0 passed | 0 failed | 9 filtered out",
    "FAILED | 1 passed | 2 failed",
  ];
  const tally = tallyOf(runs.map((output) => ({ output, success: output.startsWith("ok") })));
  assert.deepEqual(tally, { passed: 4, failed: 2, notes: [] });
  const { failed, notes } = tallyOf([{ output: "ok | 3 passed | 0 failed", success: true }, {
    output: "error: Module not found",
    success: false,
  }]);
  assert.deepEqual([failed, notes], [1, ["the run ended without a sum"]]);
});

Deno.test("whatever holds a test and needs no lab is run, once", () => {
  const holds = filesBelow("tests").filter((path) => /^Deno\.test\(/m.test(Deno.readTextFileSync(path)));
  const free = holds.filter((path) => !/^tests\/lab_(?:live|layouts)\//.test(path));
  const found = testFilesIn(["tests"]);
  assert.deepEqual(free.filter((path) => !found.includes(path)), []);
  assert.deepEqual(testFilesIn(["./tests/", "tests/tools", "tests/tools/tally.test.ts"]), found);
  const run = processesFor(found).flat().filter((path) => path.endsWith(".test.ts"));
  assert.deepEqual(run.toSorted(), found.toSorted());
});

Deno.test("a file that compares with a snapshot is named to deno test itself", () => {
  const textOf = (path: string) => path === "b" ? "await t.assertSnapshot(1);" : "";
  assert.deepEqual(processesFor(["a", "b", "c"], textOf), [["tests/together.ts", "--", "a", "c"], ["b"]]);
  assert.deepEqual(processesFor(["b"], textOf), [["b"]]);
});
