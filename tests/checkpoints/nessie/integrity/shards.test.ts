import assert from "node:assert/strict";
import type { Walked } from "../../../../lib/checkpoints/nessie/integrity/walked.ts";
import {
  joined,
  nessieShard,
  type Shard,
  shardOf,
  together,
} from "../../../../lib/checkpoints/nessie/integrity/shards/mod.ts";
import { wantedOf } from "../../../../lib/checkpoints/nessie/flags.ts";
import { UsageError } from "../../../../lib/engine/errors.ts";
import { bytesOf, recorded } from "../../../iceberg/fixtures.ts";
import { type Contents, type FakeStore, put, putBytes, walkOver, withStore } from "./fixture.ts";

const TEXT = new TextEncoder();

/** The metadata of a recorded table as that of a table elsewhere, which names the files of the recorded one. */
async function copy(
  store: FakeStore,
  name: "spark_orders_eq" | "spark_orders_v2",
  at: string,
  location = at,
): Promise<string> {
  const table = await recorded(name);
  const text = new TextDecoder().decode(bytesOf(table, table.metadataLocation));
  // As text: ids have more digits than a number holds.
  const exact = text.replace(/"location"\s*:\s*"[^"]*"/, `"location":"${location}"`);
  const path = `${at}/metadata/1.metadata.json`;
  putBytes(store, path, TEXT.encode(exact));
  return path;
}

/** Tables that are whole, broken, share files, lie elsewhere than usual; orphans, and objects outside of tables. */
async function mixed(store: FakeStore): Promise<Contents> {
  const [eq, v3, py] = await Promise.all([
    put(store, "spark_orders_eq"),
    put(store, "spark_orders_v3"),
    put(store, "pyiceberg_orders_v2"),
  ]);
  await put(store, "spark_orders_v2");
  const main: Record<string, string> = { "db.v3": v3.metadataLocation, "py.orders": py.metadataLocation };
  for (let n = 0; n < 12; n++) {
    main[`copies.eq${n}`] = await copy(store, "spark_orders_eq", `s3://lake/copies/eq${n}`);
  }
  // No table lies where orders_v2 does: only this one names its objects.
  main["copies.v2"] = await copy(store, "spark_orders_v2", "s3://lake/copies/v2");
  main["odd.place"] = await copy(
    store,
    "spark_orders_eq",
    "s3://lake/odd/place",
    "s3://lake/elsewhere/place",
  );
  // An empty table lies where the objects of orders_eq do; the copies name them.
  for (const key of store.objects.keys()) {
    if (/orders_(?:eq|v2)\/metadata\/.*metadata\.json$/.test(key)) store.objects.delete(key);
  }
  const place = eq.metadataLocation.replace(/\/metadata\/[^/]*$/, "");
  const empty = { "format-version": 2, location: place, "current-snapshot-id": -1, snapshots: [] };
  putBytes(store, `${place}/metadata/1.metadata.json`, TEXT.encode(JSON.stringify(empty)));
  main["db.empty"] = `${place}/metadata/1.metadata.json`;
  putBytes(store, `${place}/data/lost.parquet`, new Uint8Array(50));
  putBytes(store, "s3://lake/elsewhere/place/data/lost.parquet", new Uint8Array(60));
  putBytes(store, "s3://lake/dropped/table/data/1.parquet", new Uint8Array(70));
  const missing = [...store.objects.keys()].find((key) => /orders_v3\/data\/.*parquet$/.test(key));
  store.objects.delete(missing ?? "");
  main["db.gone"] = "s3://lake/gone/metadata/1.metadata.json";
  main["db.far"] = "s3://nobucket/far/metadata/1.metadata.json";
  return { main: { entries: main }, dev: { entries: { ...main, "db.udf": { type: "UDF" } } } };
}

/** Everything that is said, in an order of its own. */
function said({ tally, strays, references, stopped, partly }: Walked): unknown {
  const { findings, largest, unread, ...rest } = tally;
  const byText = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).sort();
  const reads = unread.map(({ first: _, ...one }) => one);
  return {
    ...rest,
    ...{ references, stopped, partly },
    findings: byText(findings),
    largest: byText(largest),
    unread: byText(reads),
    strays: strays && { ...strays, largest: byText(strays.largest) },
  };
}

const inShards = (store: FakeStore, contents: Contents, of: number): Promise<Walked[]> =>
  Promise.all(
    Array.from({ length: of }, (_, n) => walkOver(store, contents, { shard: { at: n + 1, of } })),
  );

Deno.test("four shards together say what one walk says, of what is broken and what nothing names too", () =>
  withStore(async (store) => {
    const contents = await mixed(store);
    const whole = await walkOver(store, contents);
    const parts = await inShards(store, contents, 4);
    assert.ok(parts.filter(({ tally }) => tally.tables > 0).length > 1, "the tables are divided");
    assert.deepEqual(said(joined(parts)), said(whole));
    assert.ok(whole.tally.findings.length > 0 && whole.tally.unread.length > 0);
  }));

Deno.test("four shards together find what lies outside of tables, and not what tables elsewhere name", () =>
  withStore(async (store) => {
    const contents = await mixed(store);
    for (const { entries } of Object.values(contents)) delete entries["db.far"];
    const whole = await walkOver(store, contents);
    assert.deepEqual(whole.strays?.strays, { count: 1, bytes: 70 }, "of orders_v2 another table names all");
    assert.deepEqual(whole.tally.orphans, { count: 2, bytes: 110 });
    assert.ok(whole.tally.shared.count > 10, "what the copies name is no orphan of the empty table");
    for (const  of of[2, 4, 7]) {
      assert.deepEqual(said(joined(await inShards(store, contents, of))), said(whole), `${of} shards`);
    }
  }));

Deno.test("a shard by itself calls nothing an orphan before all are joined", () =>
  withStore(async (store) => {
    const contents = await mixed(store);
    for (const { entries } of Object.values(contents)) delete entries["db.far"];
    const parts = await inShards(store, contents, 4);
    assert.deepEqual(parts.map(({ strays }) => strays !== undefined), [true, false, false, false]);
    const candidates = parts.reduce((sum, { tally }) => sum + tally.orphanList.length, 0);
    assert.ok(candidates > 2, "what other shards' tables name is a candidate, to be settled later");
  }));

Deno.test("a table is in the same shard whenever it is asked, and each in one of them", () => {
  const read = (text: string): Shard => shardOf(text);
  assert.deepEqual(read("2/4"), { at: 2, of: 4 });
  for (const text of ["0/4", "5/4", "a/b", "1", "1/", "/4", "1/0", "-1/4", "1/4/2", " 1/4", "1/1001", ""]) {
    assert.throws(() => read(text), (error) => error instanceof UsageError && error.message.includes("I/N"));
  }
});

Deno.test("what shards leave in their facts is joined, whole and of one walk only", () =>
  withStore(async (store) => {
    const contents = await mixed(store);
    const parts = await inShards(store, contents, 4);
    const found = parts.map((walked, n) => ({
      from: `shard-${n + 1}.json`,
      record: nessieShard.read(JSON.parse(JSON.stringify({ shard: { at: n + 1, of: 4 }, walked }))),
    }));
    const whole = await walkOver(store, contents);
    assert.deepEqual(said(joined(together(found.toReversed()))), said(whole));
    const refused = (some: typeof found, words: RegExp) =>
      assert.throws(
        () => together(some),
        (error) => error instanceof UsageError && words.test(error.message),
      );
    const [first, second, third] = found;
    assert.ok(first?.record && second && third);
    refused([first, second, third], /shard 4\/4 was not given/);
    refused([...found, third], /shard 3\/4 was given twice/);
    refused([first, { from: "x.json", record: undefined }], /x\.json holds no shard/);
    const later = { ...first.record, walked: { ...first.record.walked, commits: "other" } };
    refused([second, third, { from: "later.json", record: later }], /later\.json is of another walk/);
  }));

Deno.test("shards and memory that can't be are rejected before anything is done, with what they must be", async () => {
  const rejected = (given: Record<string, string>, words: RegExp) =>
    assert.rejects(
      wantedOf({ given: new Map(Object.entries(given)) }),
      (error) => error instanceof UsageError && words.test(error.message),
    );
  for (const shard of ["0/4", "5/4", "a/b"]) await rejected({ shard }, /must be I\/N with I from 1 to N/);
  for (const other of ["sample", "limit"]) {
    await rejected({ shard: "1/4", [other]: "5" }, /--shard looks at its part/);
  }
  await rejected({ shard: "1/4", "no-integrity": "" }, /--shard is about the integrity walk/);
  await rejected({ join: "a.json" }, /--facts/);
  for (const memory of ["64Mi", "256", "256MB", "-1Gi", "0Gi"]) await rejected({ memory }, /at least 256Mi/);
  assert.equal((await wantedOf({ given: new Map([["memory", "2Gi"]]) })).memory, 2 * 1024 ** 3);
});
