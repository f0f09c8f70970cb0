import assert from "node:assert/strict";
import { bothWays, type Journey } from "../../../../lib/checkpoints/s3/parquet/both_ways.ts";
import { openDuckDb } from "../../../../lib/checkpoints/s3/parquet/duckdb.ts";
import type { Engines } from "../../../../lib/checkpoints/s3/parquet/engines.ts";
import { openHyparquet, type ReadTable } from "../../../../lib/checkpoints/s3/parquet/hyparquet.ts";
import { inParts, rowGroups } from "../../../../lib/checkpoints/s3/parquet/parts.ts";
import { CannotLook, Interrupted } from "../../../../lib/engine/errors.ts";
import { emptyTable, nestedTable, primitiveTable, wideTable } from "../../../../lib/parquet/samples.ts";
import type { Field, Table, Value } from "../../../../lib/parquet/types.ts";
import type { Outcome } from "../../../../lib/checkpoint/trial.ts";
import { flipped, memoryStore } from "./memory.ts";

let engines: Engines;

Deno.test.beforeAll(async () => {
  const [hyparquet, duckdb] = await Promise.all([openHyparquet(), openDuckDb()]);
  engines = { hyparquet, duckdb };
});

Deno.test.afterAll(async () => {
  await engines.duckdb.close();
});

const journey = (table: Table, codec: Journey["codec"] = "SNAPPY"): Journey => ({
  name: "t",
  what: "it",
  table,
  codec,
});
const said = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ result, reason, message }) => `${result} ${reason}: ${message}`);

const TABLES: Record<string, () => Table> = {
  "every primitive type": primitiveTable,
  "nested columns": nestedTable,
  "no rows": emptyTable,
  "512 columns": () => wideTable(512, 8),
};

for (const [what, table] of Object.entries(TABLES)) {
  for (const codec of ["SNAPPY", "ZSTD", "UNCOMPRESSED"] as const) {
    Deno.test(`${what} come back the same both ways, ${codec}`, async () => {
      const outcomes = await bothWays(memoryStore(), engines, journey(table(), codec));
      assert.equal(outcomes.length, 2);
      for (const outcome of outcomes) assert.equal(outcome.result, "passed", said(outcomes).join("\n"));
    });
  }
}

Deno.test("a flipped bit is the store's fault, before any reader is asked", async () => {
  const store = memoryStore((bytes, how) => how === "get" ? flipped(bytes, 100) : bytes);
  const [up] = await bothWays(store, engines, journey(primitiveTable()));
  assert.equal(up?.reason, "WrongBytes");
  assert.match(up?.message ?? "", /differ from byte 100 on/);
});

Deno.test("an object that is cut short is wrong", async () => {
  const store = memoryStore((bytes, how) => how === "get" ? bytes.subarray(0, bytes.length - 1) : bytes);
  const [up] = await bothWays(store, engines, journey(primitiveTable()));
  assert.equal(up?.reason, "WrongBytes");
});

Deno.test("a flipped bit in a range is the store's fault too", async () => {
  const store = memoryStore((bytes, how) => how === "range" ? flipped(bytes, 2) : bytes);
  const [, back] = await bothWays(store, engines, journey(primitiveTable()));
  assert.equal(back?.reason, "WrongBytes", JSON.stringify(back));
  assert.match(back?.evidence ?? "", /bytes \d+ to \d+$/);
});

Deno.test("what a reader throws at a file that is right is told, and is no crash", async () => {
  const { hyparquet, duckdb } = engines;
  const read = () => Promise.reject(new RangeError("out of bounds\nmore"));
  const wrong: Engines = { hyparquet: { ...hyparquet, read }, duckdb: { ...duckdb, read } };
  for (const outcome of await bothWays(memoryStore(), wrong, journey(primitiveTable()))) {
    assert.equal(outcome.reason, "Unreadable");
    assert.match(
      outcome.message,
      /cannot read a Parquet file that is there byte for byte: out of bounds more$/,
    );
  }
});

Deno.test("an interruption, and a store that does not answer, are no outcome", async () => {
  for (
    const error of [new Interrupted("interrupted"), new CannotLook({ kind: "timeout", message: "late" })]
  ) {
    const store = { ...memoryStore(), range: () => Promise.reject(error) };
    await assert.rejects(bothWays(store, engines, journey(primitiveTable())), error);
  }
});

/** Engines whose hyparquet reads wrongly. */
function misreading(change: (field: Field, value: Value) => Value): Engines {
  const { hyparquet, duckdb } = engines;
  const read: typeof hyparquet.read = async (file, footer, fields, options) => {
    const table: ReadTable = await hyparquet.read(file, footer, fields, options);
    const columns = table.columns.map((values, at) => {
      const field = fields[at];
      return field ? values.map((value) => change(field, value)) : values;
    });
    return { ...table, columns };
  };
  return { duckdb, hyparquet: { ...hyparquet, read } };
}

const MISREADINGS: readonly [what: string, column: string, (value: Value) => Value][] = [
  ["decimals through floats", "amount", (value) => typeof value === "bigint" ? BigInt(Number(value)) : value],
  [
    "microseconds cut to milliseconds",
    "instant",
    (value) => typeof value === "bigint" ? value / 1000n * 1000n : value,
  ],
  ["null made an empty text", "name", (value) => value ?? ""],
  [
    "longs through numbers",
    "number",
    (value) => typeof value === "bigint" ? BigInt.asIntN(64, BigInt(Number(value))) : value,
  ],
  ["a lost minus of zero", "measure", (value) => value === 0 ? 0 : value],
];

for (const [what, column, change] of MISREADINGS) {
  Deno.test(`a reader is caught: ${what}`, async () => {
    const wrong = misreading((field, value) => field.name === column ? change(value) : value);
    const [, back] = await bothWays(memoryStore(), wrong, journey(primitiveTable()));
    assert.equal(back?.reason, "WrongValues", JSON.stringify(back));
    assert.match(back?.message ?? "", new RegExp(`column ${column} `));
  });
}

Deno.test("a writer that loses field ids is caught, whichever it is", async () => {
  const { hyparquet, duckdb } = engines;
  const renumbered = ({ fields, columns }: Table): Table => ({
    columns,
    fields: fields.map((field) => ({ ...field, id: field.id + 1000 })),
  });
  const wrong: Engines = {
    hyparquet: { ...hyparquet, write: (table, options) => hyparquet.write(renumbered(table), options) },
    duckdb: { ...duckdb, write: (table, options) => duckdb.write(renumbered(table), options) },
  };
  const [up, back] = await bothWays(memoryStore(), wrong, journey(primitiveTable()));
  assert.deepEqual([up?.reason, up?.observed, up?.expected], ["FieldIdsLost", "id#1001", "id#1"]);
  assert.deepEqual([back?.reason, back?.observed, back?.expected], [
    "WrongTypes",
    "id#1001 long",
    "id#1 long",
  ]);
});

Deno.test("a writer that loses the zone of a timestamp is caught", async () => {
  const { hyparquet, duckdb } = engines;
  const zoneless = ({ fields, columns }: Table): Table => ({
    columns,
    fields: fields.map((field) => field.type === "timestamptz" ? { ...field, type: "timestamp" } : field),
  });
  const wrong: Engines = {
    hyparquet: { ...hyparquet, write: (table, options) => hyparquet.write(zoneless(table), options) },
    duckdb: { ...duckdb, write: (table, options) => duckdb.write(zoneless(table), options) },
  };
  const [up, back] = await bothWays(memoryStore(), wrong, journey(primitiveTable()));
  assert.deepEqual([up?.reason, up?.observed], ["WrongTypes", "TIMESTAMP"]);
  assert.deepEqual([back?.reason, back?.observed], ["WrongTypes", "instant#13 timestamp"]);
});

Deno.test("rows are found by the bounds of row groups and pages, and little else is fetched", async () => {
  const outcomes = await rowGroups(memoryStore(), engines);
  for (const outcome of outcomes) {
    assert.equal(outcome.result, "passed", said(outcomes).join("\n"));
    const [, took = 0, size = 0] = (/and (\d+) of (\d+) bytes/.exec(outcome.message) ?? []).map(Number);
    assert.ok(took > 0 && took < size / 2, outcome.message);
  }
});

Deno.test("bounds that are not those of the rows are caught", async () => {
  const { duckdb, hyparquet } = engines;
  const bounds: typeof duckdb.bounds = async (bytes) =>
    (await duckdb.bounds(bytes)).map((one) =>
      one.column === "id" && one.rowGroup === 1 ? { ...one, max: "0" } : one
    );
  const [up] = await rowGroups(memoryStore(), { hyparquet, duckdb: { ...duckdb, bounds } });
  assert.equal(up?.reason, "WrongBounds");
});

Deno.test("a file without bounds is caught, because all of it is fetched", async () => {
  const { duckdb, hyparquet } = engines;
  const footer: typeof hyparquet.footer = async (file) => {
    const metadata = await hyparquet.footer(file);
    for (const { columns } of metadata.row_groups) {
      for (const column of columns) {
        column.column_index_offset = undefined;
        if (column.meta_data) column.meta_data.statistics = undefined;
      }
    }
    return metadata;
  };
  const outcomes = await rowGroups(memoryStore(), { duckdb, hyparquet: { ...hyparquet, footer } });
  assert.deepEqual(outcomes.map(({ reason }) => reason), ["BoundsLost", "BoundsLost"]);
});

Deno.test("a file in two parts comes back the same", async () => {
  const outcome = await inParts(memoryStore(), engines);
  assert.equal(outcome.result, "passed");
  assert.match(outcome.message, /in 2 parts/);
});

Deno.test("DuckDB sees its own directory only, and removes it", async () => {
  const own = await openDuckDb();
  const bytes = engines.hyparquet.write(nestedTable(), { codec: "SNAPPY" });
  await assert.rejects(
    own.read(bytes, nestedTable().fields, "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0"),
    /Permission Error/,
  );
  await own.close();
  await own.close();
  await assert.rejects(own.read(bytes, nestedTable().fields));
});
