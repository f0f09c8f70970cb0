import assert from "node:assert/strict";
import type { S3Context } from "../../../../lib/checkpoints/s3/context.ts";
import {
  type CatalogTable,
  layoutTrial,
  type WithTables,
} from "../../../../lib/checkpoints/s3/parquet/layout.ts";
import { oddPartition, partitionNames } from "../../../../lib/checkpoints/s3/parquet/partitions.ts";
import type { RawReply, RawRequest } from "../../../../lib/clients/s3/client.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import {
  bytesOf,
  metadataText,
  recorded,
  type RecordedTable,
  type TableName,
  TABLES,
} from "../../../iceberg/fixtures.ts";

/** What a store with a recorded table answers; `spoil` may answer in its place. */
function answers(
  table: RecordedTable,
  spoil: (key: string, bytes: Uint8Array) => Uint8Array | number,
): Pick<S3Context, "raw"> {
  const send = ({ key = "", headers }: RawRequest): Promise<RawReply> => {
    const whole = key in table.objects ? spoil(key, withMagic(key, bytesOf(table, key))) : 404;
    if (typeof whole === "number") return Promise.resolve(reply(whole, new Uint8Array(), { code: "Code" }));
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers?.range ?? "") ?? [];
    if (from === undefined) return Promise.resolve(reply(200, whole));
    const range = whole.slice(Number(from), Number(to) + 1);
    const told = `bytes ${from}-${Number(from) + range.length - 1}/${whole.length}`;
    return Promise.resolve(reply(206, range, { told }));
  };
  return { raw: { send, presign: () => Promise.reject(new Error("not here")) } };
}

function reply(status: number, bytes: Uint8Array, more: { code?: string; told?: string } = {}): RawReply {
  const headers = new Headers(more.told ? { "content-range": more.told } : {});
  const { code } = more;
  return {
    status,
    headers,
    bytes: new Uint8Array(bytes),
    code,
    text: () => "",
    asked: {} as RawReply["asked"],
  };
}

/** Of data files only the size was recorded. */
function withMagic(key: string, bytes: Uint8Array): Uint8Array {
  if (!key.endsWith(".parquet")) return bytes;
  const magic = new TextEncoder().encode("PAR1");
  const made = new Uint8Array(bytes.length);
  made.set(magic);
  made.set(magic, made.length - 4);
  new DataView(made.buffer).setUint32(made.length - 8, 20, true);
  return made;
}

async function look(name: TableName, spoil: Parameters<typeof answers>[1] = (_, bytes) => bytes) {
  const table = await recorded(name);
  const tables: CatalogTable[] = [{ table: "shop.orders", metadataLocation: table.metadataLocation }];
  return await run({ ...answers(table, spoil), tableLocations: () => Promise.resolve(tables) });
}

async function run(context: Pick<S3Context, "raw"> & WithTables) {
  const [outcome, ...more] = [await layoutTrial.run(context as S3Context & WithTables)].flat();
  assert.ok(outcome);
  assert.deepEqual(more, []);
  return outcome;
}

for (const name of TABLES) {
  Deno.test(`the table ${name} lies as Iceberg lays tables out`, async () => {
    const outcome = await look(name);
    assert.equal(outcome.result, "passed", JSON.stringify(outcome));
    assert.deepEqual(outcome.object, { kind: "IcebergTable", name: "shop.orders" });
  });
}

const LOST: readonly [what: string, key: RegExp, says: RegExp][] = [
  ["metadata file", /metadata\.json$/, /its metadata file is not there/],
  ["manifest list", /\/snap-.+\.avro$/, /the manifest list of its current snapshot is not there/],
  ["manifest", /-m\d+\.avro$/, /a manifest is not there/],
];

for (const [what, key, says] of LOST) {
  Deno.test(`a lost ${what} breaks the table, and is named`, async () => {
    const outcome = await look("spark_orders_v2", (one, bytes) => key.test(one) ? 404 : bytes);
    assert.equal(outcome.reason, "FileMissing", JSON.stringify(outcome));
    assert.match(outcome.message, says);
    assert.match(outcome.evidence ?? "", key);
    assert.equal(outcome.status, undefined);
  });
}

Deno.test("a lost data file breaks the table", async () => {
  const outcome = await look("spark_orders_v2", (key, bytes) => key.endsWith(".parquet") ? 404 : bytes);
  assert.deepEqual([outcome.result, outcome.reason, outcome.object?.name], [
    "failed",
    "FileMissing",
    "shop.orders",
  ]);
  assert.match(outcome.message, /table shop.orders has a data file that cannot be read: .+ 404/);
});

Deno.test("a data file without Parquet's magic at its beginning, or at its end, is no Parquet file", async () => {
  for (const at of [0, -1]) {
    const outcome = await look("spark_orders_v2", (key, bytes) => {
      if (key.endsWith(".parquet")) bytes[at === 0 ? 0 : bytes.length - 1] = 0;
      return bytes;
    });
    assert.equal(outcome.reason, "NotParquet");
  }
});

Deno.test("a footer that is longer than its file is no footer", async () => {
  const outcome = await look("spark_orders_v2", (key, bytes) => {
    if (key.endsWith(".parquet")) new DataView(bytes.buffer).setUint32(bytes.length - 8, bytes.length, true);
    return bytes;
  });
  assert.equal(outcome.reason, "NotParquet");
  assert.match(outcome.observed ?? "", /a footer of \d+ bytes in \d+/);
});

Deno.test("a store that ignores ranges is told so", async () => {
  const table = await recorded("spark_orders_v2");
  const { raw } = answers(table, (_, bytes) => bytes);
  const deaf = { ...raw, send: ({ headers: _, ...request }: RawRequest) => raw.send(request) };
  const tables = [{ table: "a", metadataLocation: table.metadataLocation }];
  const outcome = await run({ raw: deaf, tableLocations: () => Promise.resolve(tables) });
  assert.deepEqual([outcome.reason, outcome.object?.name], ["RangeIgnored", "a"]);
});

Deno.test("metadata that is cut, and a manifest list that is no Avro, are broken files", async () => {
  const cut = await look(
    "spark_orders_v2",
    (key, bytes) => key.endsWith(".json") ? bytes.subarray(0, bytes.length / 2) : bytes,
  );
  assert.equal(cut.reason, "FileBroken");
  assert.match(cut.message, /is not JSON, or not all of it/);
  const other = await look(
    "spark_orders_v2",
    (key, bytes) => /\/snap-/.test(key) ? new Uint8Array(bytes.length) : bytes,
  );
  assert.match(other.message, /is not an Avro file/);
});

Deno.test("a table whose metadata says that it lies elsewhere is a warning", async () => {
  const table = await recorded("spark_orders_v2");
  const text = metadataText(table);
  const { location } = JSON.parse(text);
  const moved = new TextEncoder().encode(text.replace(`"${location}"`, '"s3://other/place"'));
  const outcome = await look("spark_orders_v2", (key, bytes) => key.endsWith(".json") ? moved : bytes);
  assert.deepEqual([outcome.result, outcome.status, outcome.reason], ["failed", "warning", "OddLayout"]);
  assert.match(outcome.message, /it says that it lies in s3:\/\/other\/place/);
});

Deno.test("a store that may not be read, or is not well, says nothing of a table's layout", async () => {
  await assert.rejects(look("spark_orders_v2", () => 403), CannotLook);
  await assert.rejects(look("spark_orders_v2", () => 503), CannotLook);
});

Deno.test("without tables, or without a catalog that was asked, there is nothing to look at", async () => {
  const { raw } = answers(await recorded("spark_orders_v2"), (_, bytes) => bytes);
  assert.match((await run({ raw })).message, /not asked/);
  assert.match((await run({ raw, tableLocations: () => Promise.resolve([]) })).message, /no table yet/);
  const unknown = () => Promise.resolve([{ table: "a" }]);
  assert.match((await run({ raw, tableLocations: unknown })).message, /not asked where the metadata/);
});

Deno.test("five tables of many are looked at, from the first on", async () => {
  const table = await recorded("spark_orders_v2");
  const tables = Array.from(
    { length: 23 },
    (_, at) => ({ table: `t${at}`, metadataLocation: table.metadataLocation }),
  );
  const context = { ...answers(table, (_, bytes) => bytes), tableLocations: () => Promise.resolve(tables) };
  const outcomes = [await layoutTrial.run(context as unknown as S3Context & WithTables)].flat();
  assert.deepEqual(outcomes.map(({ object }) => object?.name), ["t0", "t5", "t10", "t15", "t20"]);
});

Deno.test("a file lies in the directories of its partition, of this spec or of an earlier one", () => {
  const specs = [["day"], ["day", "region"]];
  assert.equal(oddPartition("day=2026-11-21/f.parquet", specs), undefined);
  assert.equal(oddPartition("day=2026-11-21/region=a%2Fb/f.parquet", specs), undefined);
  assert.match(
    oddPartition("region=pl/f.parquet", specs) ?? "",
    /it lies in region=pl, and its partition has day=/,
  );
  assert.match(oddPartition("f.parquet", specs) ?? "", /no directory/);
  assert.equal(oddPartition("f.parquet", [[]]), undefined);
  assert.equal(oddPartition("f.parquet", []), undefined);
  assert.match(oddPartition("day=1/f.parquet", [[]]) ?? "", /no directory/);
});

Deno.test("the names of partition fields are read from the metadata, without those that were dropped", () => {
  const fields = [{ name: "day", transform: "day" }, { name: "old", transform: "void" }];
  assert.deepEqual(partitionNames(JSON.stringify({ "partition-specs": [{ fields }, { fields: [] }] })), [[
    "day",
  ], []]);
  assert.deepEqual(partitionNames("{}"), []);
});
