/** The table of cases of ceph/s3-tests speaks of trials that there are, and of all of them. */
import assert from "node:assert/strict";
import { opsTrials } from "../../../../lib/checkpoints/s3/operations/mod.ts";
import type { Quirk } from "../../../fakes/s3/mod.ts";
import { tried, withFake } from "./fixture.ts";
import { CASES, disagreements, NO_CASE, RGW_16_2 } from "../s3_tests.ts";

const ids = opsTrials.map(({ id }) => id);

Deno.test("every trial has cases of ceph/s3-tests, or is said to have none", () => {
  assert.deepEqual([...Object.keys(CASES), ...NO_CASE].sort(), ids.toSorted());
});

Deno.test("no case of ceph/s3-tests is counted twice", () => {
  const all = Object.values(CASES).flat();
  assert.deepEqual(all.filter((name, at) => all.indexOf(name) !== at), []);
  assert.ok(all.every((name) => /^test_[a-z0-9_]+$/.test(name)));
});

Deno.test("what RGW is expected to get wrong are trials", () => {
  assert.deepEqual(Object.keys(RGW_16_2).filter((id) => !ids.includes(id)), []);
});

Deno.test("ids of trials are unique, and every trial says who needs it", () => {
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, title, explain, needs = [] } of opsTrials) {
    assert.match(id, /^s3\.[a-z0-9-]+$/);
    assert.ok(title && explain.length > 100 && explain.endsWith("."), id);
    assert.deepEqual(needs.filter((one) => !ids.includes(one)), []);
  }
});

/** What Ceph RGW 16.2 gets wrong, as the fake does it. */
const LIKE_RGW: readonly Quirk[] = [
  "no-complete-etag",
  "complete-after-abort-is-500",
  "ignores-complete-condition",
  "unquoted-if-match",
];

Deno.test("a fake that is wrong as RGW 16.2 is agrees with the table", async () => {
  const records = await withFake((context) => tried(context), { quirks: LIKE_RGW });
  assert.deepEqual(disagreements(records), []);
});

Deno.test("a verdict that changes is named with its cases, for worse and for better", async () => {
  const quirks: Quirk[] = [...LIKE_RGW.slice(1), "ignores-replace"];
  const records = await withFake((context) => tried(context), { quirks });
  assert.deepEqual(disagreements(records).toSorted(), [
    "s3.copy-replace (test_object_copy_replacing_metadata, test_object_copy_to_itself_with_metadata): failed SilentlyIgnored; expected passed",
    "s3.multipart-etag (no case): passed; expected failed NoETag",
  ]);
});
