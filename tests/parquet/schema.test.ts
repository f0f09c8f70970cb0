import assert from "node:assert/strict";
import fc from "fast-check";
import { copyTo, createTable, duckdbReads, duckdbWrites, sqlType } from "../../lib/parquet/duckdb_sql.ts";
import { emptyTable, nestedTable, primitiveTable } from "../../lib/parquet/samples.ts";
import { parquetSchema, shapeRead } from "../../lib/parquet/schema.ts";
import { fromStored, withoutConversions } from "../../lib/parquet/stored.ts";
import { columnsThat, type Field, type IcebergType, shapeOf } from "../../lib/parquet/types.ts";

const decimalOf = (precision: number): IcebergType => ({ decimal: { precision, scale: 2 } });
const leafOf = (type: IcebergType) => parquetSchema([{ id: 1, name: "a", type }]).at(-1);

Deno.test("a schema says of every field what it was made from: name, id and type", () => {
  for (const { fields } of [primitiveTable(), nestedTable(), emptyTable()]) {
    assert.deepEqual(shapeRead(parquetSchema(fields)), shapeOf(fields));
  }
});

Deno.test("every field of a table has an id of its own", () => {
  for (const { fields } of [primitiveTable(), nestedTable(), emptyTable()]) {
    const ids = shapeOf(fields).map((one) => /#(\d+) /.exec(one)?.[1]);
    assert.equal(new Set(ids).size, ids.length);
  }
});

Deno.test("a lost field id, a lost zone and another unit show in the shape of a schema", () => {
  const [root, ...rest] = parquetSchema([{ id: 1, name: "at", type: "timestamptz" }]);
  const shape = (change: object) =>
    shapeRead([...root ? [root] : [], ...rest.map((one) => ({ ...one, ...change }))]);
  assert.deepEqual(shape({}), ["at#1 timestamptz"]);
  assert.deepEqual(shape({ field_id: undefined }), []);
  assert.deepEqual(shape({ logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" } }), [
    "at#1 timestamp",
  ]);
  assert.deepEqual(shape({ logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" } }), [
    "at#1 timestamptz in MILLIS",
  ]);
});

Deno.test("a decimal is stored in 32 bits, 64 bits, or the fewest bytes that hold it", () => {
  assert.equal(leafOf(decimalOf(9))?.type, "INT32");
  assert.equal(leafOf(decimalOf(10))?.type, "INT64");
  assert.equal(leafOf(decimalOf(18))?.type, "INT64");
  assert.equal(leafOf(decimalOf(19))?.type_length, 9);
  assert.equal(leafOf(decimalOf(20))?.type_length, 9);
  assert.equal(leafOf(decimalOf(38))?.type_length, 16);
});

Deno.test("bytes of a decimal are two's complement, the most significant first", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }), (value) => {
    let rest = BigInt.asUintN(128, value);
    const bytes = new Uint8Array(16);
    for (let at = 15; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n);
    assert.equal(fromStored(decimalOf(38), bytes), value);
  }));
});

Deno.test("a decimal that comes as a float is passed on as it is", () => {
  assert.equal(fromStored(decimalOf(9), 0.5), 0.5);
  assert.equal(fromStored(decimalOf(9), -5), -5n);
});

Deno.test("decimals and maps are read without the conversions that lose something", () => {
  const schema = withoutConversions(parquetSchema(nestedTable().fields));
  assert.deepEqual(schema.filter(({ converted_type: type }) => type === "DECIMAL" || type === "MAP"), []);
  assert.ok(schema.some(({ converted_type }) => converted_type === "LIST"));
});

Deno.test("DuckDB is told the types and the id of every field, nested ones too", () => {
  const fields: Field[] = [
    { id: 1, name: "id", type: "long", required: true },
    {
      id: 2,
      name: 'a "b"',
      type: { list: { id: 3, name: "element", type: { struct: [{ id: 4, name: "x", type: "time" }] } } },
    },
  ];
  assert.equal(
    createTable("t", fields),
    'CREATE TABLE "t" ("id" BIGINT NOT NULL, "a ""b""" STRUCT("x" TIME)[])',
  );
  assert.equal(
    copyTo("t", fields, "/tmp/it's", { compression: "zstd" }),
    `COPY "t" TO '/tmp/it''s' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {"id": 1, "a ""b""": ` +
      `{__duckdb_field_id: 2, "element": {__duckdb_field_id: 3, "x": 4}}})`,
  );
  assert.equal(sqlType({ decimal: { precision: 9, scale: 2 } }), "DECIMAL(9,2)");
});

Deno.test("columns are left out whose type DuckDB has not, however deep it lies", () => {
  const names = (fields: readonly Field[]) => fields.map(({ name }) => name);
  const all = names(primitiveTable().fields);
  const reads = names(columnsThat(duckdbReads, primitiveTable()).fields);
  const writes = names(columnsThat(duckdbWrites, primitiveTable()).fields);
  assert.deepEqual(all.filter((one) => !reads.includes(one)), ["instant_ns"]);
  assert.deepEqual(all.filter((one) => !writes.includes(one)), ["instant_ns", "digest"]);
  const deep = {
    id: 1,
    name: "deep",
    type: { list: { id: 2, name: "element", type: { fixed: 4 } as const } },
  };
  assert.deepEqual(columnsThat(duckdbWrites, { fields: [deep], columns: [[]] }).fields, []);
});
