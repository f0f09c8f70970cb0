import assert from "node:assert/strict";
import { integrityRecords } from "../../../lib/checkpoints/nessie/integrity_records.ts";
import { TABLES } from "../../iceberg/fixtures.ts";
import { put, walkOver, withStore } from "./integrity_fixture.ts";

Deno.test("tables that PyIceberg and Spark wrote are whole, and nothing of them is an orphan", () =>
  withStore(async (store) => {
    const entries: Record<string, string> = {};
    for (const name of TABLES) entries[`db.${name}`] = (await put(store, name)).metadataLocation;
    const walked = await walkOver(store, { main: { entries } });
    assert.deepEqual(walked.tally.findings, []);
    assert.equal(walked.tally.files, 8 + 8 + 10 + 8 + 8 + 2);
    assert.equal(walked.tally.orphans.count, 0);
    assert.equal(walked.tally.young.count, 0);
    assert.deepEqual(walked.strays?.strays, { count: 0, bytes: 0 });
    const records = integrityRecords(walked);
    assert.deepEqual(
      records.map(({ result }) => result),
      ["held", "held", "held", "held", "held"],
      JSON.stringify(records),
    );
  }));
