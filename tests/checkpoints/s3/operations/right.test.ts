/** On a store that is right every trial holds. */
import assert from "node:assert/strict";
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
