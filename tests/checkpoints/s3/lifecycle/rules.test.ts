import assert from "node:assert/strict";
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { hazards } from "../../../../lib/checkpoints/s3/lifecycle/rules.ts";

const TABLES = [
  { table: "sales.orders", location: "s3://lake/warehouse/sales/orders_1" },
  { table: "sales.items", location: "s3a://lake/warehouse/sales/items_2/" },
  { table: "elsewhere.t", location: "s3://other/warehouse/sales/orders_1" },
];
const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ ID: "r", Status: "Enabled", ...more });
const days = { Expiration: { Days: 30 } };
const hit = (more: Partial<LifecycleRule>) =>
  hazards("lake", [rule(more)], TABLES).flatMap(({ tables }) => tables);

Deno.test("a rule for the whole bucket reaches every table of that bucket and of no other", () => {
  for (const Filter of [undefined, {}, { Prefix: "" }]) {
    assert.deepEqual(hit({ ...days, ...Filter ? { Filter } : {} }), ["sales.orders", "sales.items"]);
  }
});

Deno.test("a prefix is a text: above, beside, inside and cut in the middle of a table's path", () => {
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "warehouse/" } }), ["sales.orders", "sales.items"]);
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "warehouse/sales/ord" } }), ["sales.orders"]);
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "warehouse/sales/orders_1/data/" } }), ["sales.orders"]);
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "warehouse/sales/orders_1/" } }), ["sales.orders"]);
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "warehouse/sales/orders_10/" } }), []);
  assert.deepEqual(hit({ ...days, Filter: { Prefix: "tmp/" } }), []);
});

Deno.test("the older form of a prefix, a filter of several parts, tags and sizes are looked into", () => {
  assert.deepEqual(hit({ ...days, Prefix: "warehouse/sales/items" }), ["sales.items"]);
  const And = { Prefix: "warehouse/", Tags: [{ Key: "temporary", Value: "yes" }] };
  assert.deepEqual(hit({ ...days, Filter: { And } }), ["sales.orders", "sales.items"]);
  const [found] = hazards("lake", [rule({ ...days, Filter: { And } })], TABLES);
  assert.match(
    found?.does ?? "",
    /deletes objects below warehouse\/ that have tag temporary=yes 30 days after/,
  );
});

Deno.test("an expiration by date deletes, the end of uploads and of delete markers deletes nothing of a table", () => {
  assert.equal(hit({ Expiration: { Date: new Date("2026-01-01") } }).length, 2);
  assert.deepEqual(hit({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }), []);
  assert.deepEqual(hit({ Expiration: { ExpiredObjectDeleteMarker: true } }), []);
  assert.deepEqual(hit({ ...days, Status: "Disabled" }), []);
});

Deno.test("former versions are told apart from what is current", () => {
  const old = { NoncurrentVersionExpiration: { NoncurrentDays: 1 } };
  const formerOnly = (more: Partial<LifecycleRule>) =>
    hazards("lake", [rule(more)], TABLES).map((one) => one.formerOnly);
  assert.deepEqual(formerOnly(old), [true]);
  assert.deepEqual(formerOnly({ ...old, ...days }), [false]);
});

Deno.test("a rule without a name is called by its number", () => {
  assert.equal(hazards("lake", [rule({ ...days, ID: undefined })], TABLES)[0]?.rule, "rule 1");
});
