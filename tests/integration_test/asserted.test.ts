import assert from "node:assert/strict";
import { notPassed, passedTrials } from "../../lib/integration_test/asserted_trials.ts";
import { changed, checkFacts, type Json } from "../../lib/integration_test/asserted.ts";
import { difference } from "../../lib/integration_test/difference.ts";
import { tapRun } from "../../lib/integration_test/prove.ts";
import { atMost, includes, once } from "../../lib/integration_test/seen.ts";

const fact = (value: Json, more = {}) => ({ id: "a", title: "a", value, ...more });

Deno.test("every kind of fact can be changed into one that is not true", () => {
  for (const value of [null, true, 3, "text", [], ["a"], {}, { a: 1 }] as Json[]) {
    assert.notDeepEqual(changed(fact(value)).value, value);
  }
  assert.throws(() => atMost(0, changed(fact(0, { how: "at most", limit: 5 })).limit ?? 0));
  const other = changed(fact(["a"], { how: "includes" })).value;
  assert.throws(() => includes(["a", "b"], other as Json[]));
});

Deno.test("facts that no test can stand on are refused", () => {
  checkFacts([fact("iceberg-warehouse"), { ...fact(1), id: "b", title: "b" }]);
  assert.throws(() => checkFacts([fact(1), { ...fact(1), title: "b" }]), /two asserted facts have the id a/);
  assert.throws(() => checkFacts([fact(1), { ...fact(1), id: "b" }]), /two asserted facts have the title a/);
  assert.throws(() => checkFacts([fact([], { how: "includes" })]), /asserts nothing/);
  assert.throws(() => checkFacts([fact(6, { how: "at most", limit: 5 })]), /not within its limit/);
});

Deno.test("what looks like a key is in no test", () => {
  for (const key of ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]) {
    assert.throws(() => checkFacts([fact({ deep: [`is ${key}`] })]), /looks like a key/);
    assert.throws(() => checkFacts([fact({ [key]: 1 })]), /looks like a key/);
  }
  checkFacts([fact("http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local")]);
  checkFacts([fact("lakecheck-scratch-20261121t1305z-4f1c-with-a-very-long-name")]);
});

Deno.test("a limit holds for numbers up to it, and for nothing else", () => {
  atMost(5, 5);
  for (const value of [5.1, undefined, "4", null]) {
    assert.throws(() => atMost(value, 5), /should be at most 5/);
  }
});

Deno.test("a list includes what was there, and may have more", () => {
  includes(["a", "b", { c: 1 }], ["b", { c: 1 }]);
  assert.throws(() => includes(["a"], ["a", "b"]), /missing: "b"/);
  assert.throws(() => includes(undefined, ["a"]), /missing: "a"/);
});

Deno.test("it is looked once, when the first value is asked for, and what stood in the way is thrown to each", async () => {
  let looks = 0;
  const seen = once(() => (looks++, Promise.resolve([fact("x")])));
  assert.equal(looks, 0);
  assert.equal(await seen.value("a"), "x");
  assert.equal(await seen.value("none"), undefined);
  assert.equal(looks, 1);
  const blind = once(() => Promise.reject(new Error("gone")));
  await assert.rejects(blind.value("a"), /gone/);
  await assert.rejects(blind.value("b"), /gone/);
});

Deno.test("a difference shows what goes and what comes, with three lines around", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");
  assert.deepEqual(difference(before, before), []);
  assert.deepEqual(difference(before, before.replace("5", "five\nand more")), [
    "@@ -2 +2 @@",
    " 2",
    " 3",
    " 4",
    "-5",
    "+five",
    "+and more",
    " 6",
    " 7",
    " 8",
  ]);
  assert.deepEqual(difference("a\nb", "b"), ["@@ -1 +1 @@", "-a", " b"]);
  assert.deepEqual(difference("x\na\ny\nb\nz", "x\ny\nz"), ["@@ -1 +1 @@", " x", "-a", " y", "-b", " z"]);
});

Deno.test("what deno test says is read, with titles that hold # and quotes", () => {
  const run = tapRun(
    [
      "TAP version 14",
      "# ./a.test.ts",
      'ok 1 - first: it\'s "x"',
      "not ok 2 - second \\# odd",
      "  ---",
      '  {"message":"AssertionError: no\\nmore","severity":"fail"}',
      "  ...",
      "not ok 3 - third",
      "  ---",
      '  {"message":"Error: gone","severity":"fail"}',
      "  ...",
      "1..3",
      "",
    ].join("\n"),
  );
  assert.deepEqual(run, {
    passed: ['first: it\'s "x"'],
    failed: [
      { title: "second # odd", asserted: true, message: "AssertionError: no" },
      { title: "third", asserted: false, message: "Error: gone" },
    ],
  });
  assert.equal(tapRun("TAP version 14\nok 1 - a\n"), undefined);
  assert.equal(tapRun("TAP version 14\nok 1 - a\n1..2\n"), undefined);
});

Deno.test("whether runs of a checkpoint have cleaned up is not asserted of the platform", () => {
  const record = (trial: string, result: "passed" | "failed") => ({
    trial,
    result,
    reason: "x",
    message: "",
    durationMs: 0,
  });
  for (const trial of ["s3.clean", "s3.sweep", "nessie.scratch-gone"]) {
    const words = { id: "s3.trials", title: "trials" };
    const [fact] = passedTrials([record(trial, "passed"), record("s3.put-get", "passed")], words);
    assert.deepEqual(fact?.value, ["s3.put-get"]);
    assert.deepEqual(notPassed([record(trial, "failed"), record("s3.copy", "failed")]), ["s3.copy"]);
  }
});
