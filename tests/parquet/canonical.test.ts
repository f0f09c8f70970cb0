import assert from "node:assert/strict";
import { canonical, differences } from "../../lib/parquet/canonical.ts";
import { emptyTable, nestedTable, primitiveTable, wideTable } from "../../lib/parquet/samples.ts";
import type { IcebergType, Table, Value } from "../../lib/parquet/types.ts";

const decimal: IcebergType = { decimal: { precision: 38, scale: 10 } };
const numbers: IcebergType = { list: { id: 2, name: "element", type: "int" } };
const pair: IcebergType = {
  struct: [{ id: 2, name: "a", type: "int" }, { id: 3, name: "b", type: "string" }],
};
const words: IcebergType = {
  map: { key: { id: 2, name: "key", type: "string" }, value: { id: 3, name: "value", type: "string" } },
};

const column = (type: IcebergType, ...values: Value[]): Table => ({
  fields: [{ id: 1, name: "column", type }],
  columns: [values],
});

Deno.test("a table is the same as itself", () => {
  for (const table of [primitiveTable(), nestedTable(), emptyTable(), wideTable(20, 5)]) {
    assert.deepEqual(differences(table, table.columns), []);
  }
});

/** What readers really do wrong: what was written, and what they make of it. */
const WRONG: readonly [what: string, type: IcebergType, written: Value, read: Value][] = [
  ["a decimal that went through a float", decimal, 500_244_736_904_000_017n, BigInt(500_244_736_904_000_017)],
  ["a decimal that is a float", decimal, 1n, 1],
  ["a decimal of another scale", decimal, 100n, 1n],
  ["a long that was rounded", "long", 2n ** 53n + 1n, 2n ** 53n],
  ["a long that is a number", "long", 1n, 1],
  ["microseconds cut to milliseconds", "timestamptz", 1_774_749_599_999_999n, 1_774_749_599_999_000n],
  ["a timestamp before 1970 rounded up", "timestamp", -1n, 0n],
  ["nanoseconds cut to microseconds", "timestamp_ns", -999n, 0n],
  ["a date that is a day off", "date", -1, 0],
  ["null read as an empty text", "string", null, ""],
  ["an empty text read as null", "string", "", null],
  ["null read as an empty list", numbers, null, []],
  ["a lost null in a list", numbers, [1, null], [1]],
  ["a list of a null read as empty", numbers, [null], []],
  ["a struct of nulls read as null", pair, { a: null, b: null }, null],
  ["null read as a struct of nulls", pair, null, { a: null, b: null }],
  ["an empty map read as null", words, [], null],
  ["a map in another order", words, [["b", "1"], ["10", "2"]], [["10", "2"], ["b", "1"]]],
  ["a lost mark at the beginning of a text", "string", "\ufeffa", "a"],
  ["a text in another normal form", "string", "e\u0301", "é"],
  ["half of a surrogate pair", "string", "😀", "\ufffd"],
  ["NaN read as null", "double", NaN, null],
  ["NaN read as zero", "float", NaN, 0],
  ["a lost minus of zero", "double", -0, 0],
  ["infinity of the other sign", "double", Infinity, -Infinity],
  ["a double that went through a float", "double", 0.1, Math.fround(0.1)],
  ["bytes read as text", "binary", Uint8Array.of(65), "A"],
  ["a lost byte of zero", "binary", Uint8Array.of(1, 0), Uint8Array.of(1)],
  [
    "a uuid in capitals",
    "uuid",
    "f79c3e09-677c-4bbd-a479-3f349cb785e7",
    "F79C3E09-677C-4BBD-A479-3F349CB785E7",
  ],
  ["a boolean that is a number", "boolean", true, 1],
];

for (const [what, type, written, read] of WRONG) {
  Deno.test(`${what} is a difference`, () => {
    const [said] = differences(column(type, null, written), [[null, read]]);
    assert.match(said ?? "none", /^column column \(.+\), row 1: .+ came back for .+$/s);
    assert.deepEqual(differences(column(type, null, written), [[null, written]]), []);
  });
}

Deno.test("rows that are missing, and columns, are differences", () => {
  const table = column("int", 1, 2);
  assert.deepEqual(differences(table, [[1]]), ["column column has 1 rows, not 2"]);
  assert.deepEqual(differences(table, []), ["column column has 0 rows, not 2"]);
});

Deno.test("not more differences are told than are asked for", () => {
  const table = column("int", 1, 2, 3, 4);
  assert.equal(differences(table, [[0, 0, 0, 0]]).length, 3);
  assert.equal(differences(table, [[0, 0, 0, 0]], 1).length, 1);
});

Deno.test("floating-point numbers are told by their bits, other numbers by their digits", () => {
  assert.equal(canonical("double", -0), "8000000000000000");
  assert.equal(canonical("double", 0.1), "3fb999999999999a");
  assert.equal(canonical("float", Math.fround(0.1)), "3dcccccd");
  assert.equal(canonical("double", NaN), "NaN");
  assert.equal(canonical("long", -(2n ** 63n)), "-9223372036854775808");
  assert.equal(canonical("binary", Uint8Array.of(0, 255)), "00ff");
  assert.deepEqual(canonical(words, [["a", null]]), [["a", null]]);
});
