import assert from "node:assert/strict";
import type { CapabilityRecord } from "../../../../lib/checkpoints/nessie/iceberg_rest/mod.ts";
import {
  capabilities,
  capabilityChecks,
  capabilityTables,
} from "../../../../lib/checkpoints/nessie/iceberg_rest/report.ts";
import type { Facts } from "../../../../lib/engine/model.ts";
import { openWorld } from "../../../../lib/engine/world.ts";

const object = { kind: "Catalog", name: "nessie" };

function worldOf(items: CapabilityRecord[] | undefined) {
  const facts: Facts = {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T13:00:00Z",
    context: "lab",
    namespace: "data-platform",
    sources: items ? { "nessie.capabilities": { ok: true, items } } : {},
  };
  return openWorld(facts);
}

const record = (trial: string, more: Partial<CapabilityRecord>): CapabilityRecord => ({
  trial,
  durationMs: 1,
  result: "passed",
  reason: "Holds",
  message: "it does",
  can: "yes",
  ...more,
});

const findings = (items: CapabilityRecord[]) => {
  const world = worldOf(items);
  return new Map(capabilityChecks(() => object).map((check) => [check.id, check.run(world)]));
};

Deno.test("what an engine needs and the catalog has not is found; what none needs is told only", () => {
  const seen = findings([
    record("nessie.can-refuse-stale-append", { result: "failed", can: "no", reason: "DataLost" }),
    record("nessie.can-purge-table", { result: "failed", can: "no", reason: "SilentlyIgnored" }),
  ]);
  assert.equal(seen.get("nessie.can-refuse-stale-append")?.[0]?.status, "critical");
  assert.equal(seen.get("nessie.can-purge-table"), undefined);
});

Deno.test("a finding has no more than findings have", () => {
  const seen = findings([record("nessie.can-append", { endpoints: ["x"] })]);
  assert.deepEqual(seen.get("nessie.can-append"), [{ status: "ok", reason: "Holds", message: "it does" }]);
});

Deno.test("what can be had differently is well", () => {
  const seen = findings([record("nessie.can-refuse-unknown", { can: "differently", reason: "Differently" })]);
  assert.equal(seen.get("nessie.can-refuse-unknown")?.[0]?.status, "ok");
});

Deno.test("what could not be tried is unknown, and what was not tried too", () => {
  const seen = findings([
    record("nessie.can-append", { result: "unknown", can: undefined, reason: "Timeout" }),
  ]);
  assert.equal(seen.get("nessie.can-append")?.[0]?.status, "unknown");
  assert.equal(seen.get("nessie.can-list-tables")?.[0]?.reason, "NotTried");
});

Deno.test("the table has a row for each capability that was tried, and what /v1/config lists", () => {
  const [table] = capabilityTables(worldOf([
    record("nessie.can-drop-namespace", { observed: "204 Gone: nothing left" }),
    record("nessie.can-purge-table", { result: "failed", can: "no", message: "files stay" }),
    record("nessie.can-list-endpoints", { endpoints: ["DELETE /v1/{prefix}/namespaces/{namespace}"] }),
    record("nessie.can-rename-table", { result: "skipped", can: undefined, message: "not tried: x" }),
    record("nessie.can-append", { result: "unknown", can: undefined, message: "late" }),
  ]));
  const rows = new Map(table?.rows.map((row) => [row[1], row]));
  assert.deepEqual(rows.get("drop a namespace"), [
    "namespaces",
    "drop a namespace",
    "yes",
    "204 Gone",
    "Spark, PyIceberg, DuckDB",
    "yes",
  ]);
  assert.equal(rows.get("purge a table with its files")?.[2], "no");
  assert.equal(rows.get("rename a table, also into another namespace")?.[2], "not tried");
  assert.equal(rows.get("rename a table, also into another namespace")?.[5], "no");
  assert.equal(rows.get("append a snapshot")?.[2], "unknown");
  assert.equal(table?.rows.length, 5);
});

Deno.test("where /v1/config lists nothing, the table does not say what is listed", () => {
  const [table] = capabilityTables(worldOf([record("nessie.can-append", {})]));
  assert.ok(!table?.columns.includes("listed"));
  assert.equal(table?.rows[0]?.length, table?.columns.length);
});

Deno.test("nothing tried makes no table", () => {
  assert.deepEqual(capabilityTables(worldOf(undefined)), []);
});

Deno.test("every capability has an id of its own, and explains itself", () => {
  assert.equal(new Set(capabilities.map(({ id }) => id)).size, capabilities.length);
  for (const { id, explain, title } of capabilities) {
    assert.match(id, /^nessie\.can-[a-z-]+$/);
    assert.ok(explain.length > 40 && title.length > 8, id);
  }
});
