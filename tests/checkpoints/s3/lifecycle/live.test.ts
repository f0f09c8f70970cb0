import assert from "node:assert/strict";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { liveRulesTrial } from "../../../../lib/checkpoints/s3/lifecycle/live.ts";
import type { TableLocation } from "../../../../lib/checkpoints/s3/lifecycle/rules.ts";
import type { S3Setup } from "../../../../lib/checkpoints/s3/setup/mod.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import type { Outcome } from "../../../../lib/checkpoint/trial.ts";

const ORDERS: TableLocation = { table: "sales.orders", location: "s3://lake/warehouse/orders" };
const expire = (Prefix: string): LifecycleRule => ({
  ID: "old",
  Status: "Enabled",
  Filter: { Prefix },
  Expiration: { Days: 7 },
});

/** Tries the trial on a store whose bucket `lake` has these rules. */
async function tried(
  Rules: LifecycleRule[],
  tableLocations: () => Promise<TableLocation[]> = () => Promise.resolve([ORDERS]),
): Promise<Outcome[]> {
  const setup = {
    s3: { send: () => Promise.resolve({ Rules }) },
    session: {},
    store: { buckets: [{ name: "lake", via: "a claim" }] },
    tableLocations,
  } as unknown as S3Setup;
  return [await liveRulesTrial.run(setup)].flat();
}

const verdicts = (outcomes: Outcome[]) =>
  outcomes.map(({ result, reason, status }) => `${result} ${reason} ${status}`);

Deno.test("a rule that reaches the files of a table is critical, and names rule, bucket and table", async () => {
  const [outcome, ...others] = await tried([expire("warehouse/")]);
  assert.deepEqual(verdicts(outcome ? [outcome] : []), ["failed RuleDeletesTables critical"]);
  assert.match(
    outcome?.message ?? "",
    /rule "old" of bucket lake deletes objects below warehouse\/ 7 days after.*table sales\.orders/,
  );
  assert.deepEqual(outcome?.object, { kind: "S3Bucket", name: "lake" });
  assert.deepEqual(others, []);
});

Deno.test("a rule beside the tables is no fault", async () => {
  assert.deepEqual(verdicts(await tried([expire("tmp/")])), ["passed Holds undefined"]);
});

Deno.test("a rule for former versions only is a warning", async () => {
  const rule: LifecycleRule = {
    ID: "v",
    Status: "Enabled",
    Filter: {},
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  };
  assert.deepEqual(verdicts(await tried([rule])), ["failed RuleDeletesFormer warning"]);
});

Deno.test("without the catalog a rule that deletes is a warning, and that tables are not known is said", async () => {
  const lost = () =>
    Promise.reject(new CannotLook({ kind: "unreachable", message: "no pod of nessie is ready" }));
  const outcomes = await tried([expire("anything/")], lost);
  assert.deepEqual(verdicts(outcomes), [
    "failed RuleDeletesTables warning",
    "unknown CatalogNotAsked undefined",
  ]);
  assert.match(outcomes[1]?.message ?? "", /no pod of nessie is ready/);
  assert.deepEqual(verdicts(await tried([], lost)), [
    "passed Holds undefined",
    "unknown CatalogNotAsked undefined",
  ]);
});

Deno.test("the bucket of a table is looked at, also when the platform claims another", async () => {
  const outcomes = await tried(
    [expire("")],
    () => Promise.resolve([{ ...ORDERS, location: "s3://elsewhere/orders" }]),
  );
  assert.deepEqual(outcomes.map(({ object, result }) => `${object?.name} ${result}`), [
    "lake passed",
    "elsewhere failed",
  ]);
});
