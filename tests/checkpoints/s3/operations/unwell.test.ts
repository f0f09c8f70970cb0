/** What trials say when the store is not well, is gone half-way, or when they are not let. */
import assert from "node:assert/strict";
import { Interrupted } from "../../../../lib/engine/errors.ts";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import type { FakeOptions, Quirk } from "../../../fakes/s3/mod.ts";
import { tried, withFake } from "./fixture.ts";

async function recordsOf(ids: readonly string[], options: FakeOptions & { ownBucket?: boolean } = {}) {
  return await withFake((context) => tried(context, ids), options);
}

/** What trials say, one line each. */
const lines = (records: TrialRecord[]) =>
  records.map(({ trial, result, message }) => `${trial} ${result} ${message}`);

const UNWELL: readonly [quirk: Quirk, trial: string, words: RegExp][] = [
  [
    "slow-down",
    "s3.put-get",
    /could not PUT object .*the store asks for fewer requests \(503 SlowDown\).*Next: /,
  ],
  ["slow-down", "s3.wrong-secret", /the store asks for fewer requests \(503 SlowDown\)/],
  ["internal-error", "s3.list-pages", /the store failed by itself \(500 InternalError\).*Next: /],
  [
    "quota-exceeded",
    "s3.put-get",
    /a quota of the bucket or of its owner is used up \(403 QuotaExceeded\).*Next: /,
  ],
  ["quota-exceeded", "s3.put-if-none-match", /a quota of the bucket or of its owner is used up/],
  ["quota-exceeded", "s3.multipart", /a quota of the bucket or of its owner is used up/],
  [
    "bucket-gone",
    "s3.list-delimiter",
    /there is no bucket lakecheck-scratch-test \(404 NoSuchBucket\).*Next: /,
  ],
  ["bucket-gone", "s3.ranges", /there is no bucket lakecheck-scratch-test/],
  ["cuts-bodies", "s3.put-get", /GET object.*(?:cut|broke|ended|half|of 100,?000)/],
  ["cuts-bodies", "s3.multipart", /GET assembled.*(?:cut|broke|ended|half)/],
  ["cuts-bodies", "s3.get-if-match", /(?:cut|broke|ended|half)/],
  ["cuts-bodies", "s3.presigned", /(?:cut|broke|ended|half)/],
  [
    "forbids-all",
    "s3.policy",
    /the keys are right, and this user may not do that \(403 AccessDenied\).*Next: /,
  ],
];

for (const [quirk, id, words] of UNWELL) {
  Deno.test(`${id} could not be tried on a store of which is true: ${quirk.replaceAll("-", " ")}`, async () => {
    const records = (await recordsOf([id], { quirks: [quirk] })).filter(({ trial }) => trial === id);
    assert.deepEqual(records.map(({ result }) => result), ["unknown"], lines(records).join("\n"));
    assert.match(records[0]?.message ?? "", words);
    assert.doesNotMatch(records[0]?.message ?? "", /X-Amz|FAKEACCESSKEY/);
  });
}

Deno.test("a bucket that disappears half-way makes the rest unknown, and none of it a fault of the store", async () => {
  let heard = 0;
  const records = await recordsOf([
    "s3.put-get",
    "s3.ranges",
    "s3.list-pages",
    "s3.list-changing",
    "s3.batch-delete",
    "s3.multipart",
    "s3.put-race",
  ], { before: (_, { buckets }) => void (++heard === 30 && buckets.delete("lakecheck-scratch-test")) });
  const words = lines(records);
  assert.deepEqual(words.filter((line) => line.includes(" failed ")), []);
  assert.ok(records.some(({ result }) => result === "unknown"), words.join("\n"));
  for (const { result, message } of records) {
    if (result === "unknown") assert.match(message, /there is no bucket lakecheck-scratch-test/);
  }
});

Deno.test("without a bucket of its own every trial holds below a prefix, or says why it is skipped", async () => {
  const { records, outside } = await withFake(async (context, fake) => {
    const records = await tried(context);
    const keys = [...fake.store.buckets.values()].flatMap(({ keys }) => [...keys.keys()]);
    return { records, outside: keys.filter((key) => !key.startsWith(context.prefix)) };
  }, { ownBucket: false });
  const skipped = records.filter(({ result }) => result !== "passed");
  assert.deepEqual(skipped.map(({ trial, result }) => `${trial} ${result}`), [
    "s3.bucket-not-empty skipped",
    "s3.versioning skipped",
    "s3.delete-marker skipped",
    "s3.versioning-suspended skipped",
    "s3.policy skipped",
    "s3.policy-allow skipped",
    "s3.policy-deny skipped",
    "s3.cors skipped",
  ]);
  assert.match(skipped[0]?.message ?? "", /may make no bucket of its own/);
  assert.deepEqual(outside, []);
});

Deno.test("Ctrl-C ends the trials with an Interrupted, in the middle of them", async () => {
  const control = new AbortController();
  let heard = 0;
  const before = () => void (++heard === 40 && control.abort(new Interrupted("interrupted")));
  const run = withFake((context) => tried(context), { before, signal: control.signal });
  await assert.rejects(run, Interrupted);
  assert.ok(heard < 100, `${heard} requests`);
});

Deno.test("no message holds a key or a secret, whatever goes wrong", async () => {
  const quirks: Quirk[] = [
    "ignores-signatures",
    "ignores-query-signature",
    "serves-any-key",
    "drops-metadata",
  ];
  const records = await recordsOf(["s3.wrong-secret", "s3.wrong-key-id", "s3.presigned-limits"], { quirks });
  const text = JSON.stringify(records);
  assert.match(text, /SilentlyIgnored/);
  assert.doesNotMatch(text, /FAKEACCESSKEY|fake-secret|X-Amz-Signature|X-Amz-Credential/);
});
