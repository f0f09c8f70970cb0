/** On a store that is right every trial holds. */
import assert from "node:assert/strict";
import { behavioursOf } from "../../../../lib/checkpoints/s3/compatibility/told.ts";
import { opsTrials } from "../../../../lib/checkpoints/s3/operations/mod.ts";
import { tried, withFake } from "./fixture.ts";

const others = (records: Awaited<ReturnType<typeof tried>>) =>
  records.filter(({ result }) => result !== "passed").map((
    { trial, result, reason, message, observed, expected, evidence },
  ) => `${trial} ${result} ${reason}: ${message} [${evidence}: ${observed} / ${expected}]`);

Deno.test("every operation holds on a store that keeps to S3's rules", async () => {
  const records = await withFake((context) => tried(context));
  assert.deepEqual(others(records), []);
  assert.deepEqual(records.map(({ trial }) => trial), opsTrials.map(({ id }) => id));
});

Deno.test("names that a list does not escape, and does not say to have escaped, are taken as they are", async () => {
  for (const [quirks, behaviour] of [[["ignores-encoding-type"], "ignored"], [[], "works"]] as const) {
    const seen = await withFake(async (context) => {
      assert.deepEqual(others(await tried(context, ["s3.key-names"])), []);
      return behavioursOf(context).get("list.encoding-type");
    }, { quirks: [...quirks] });
    assert.equal(seen?.behaviour, behaviour);
  }
});

Deno.test("a bucket that a store makes because it is written to is removed again", async () => {
  const fake = await withFake(async (context, fake) => {
    const [record] = await tried(context, ["s3.missing-bucket"]);
    assert.equal(record?.reason, "SilentlyIgnored");
    assert.ok([...fake.store.buckets.keys()].some((name) => name.endsWith("-missing")));
    return fake;
  }, { quirks: ["makes-missing-buckets"] });
  assert.deepEqual([...fake.store.buckets.keys()].filter((name) => name.endsWith("-missing")), []);
});
