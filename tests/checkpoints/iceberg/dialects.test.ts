/** Literals as each engine's SQL has them. */
import assert from "node:assert/strict";
import { dialects, type Kind } from "../../../lib/checkpoints/iceberg/dialects.ts";
import type { Cell, EngineName } from "../../../lib/checkpoints/iceberg/engines/engine.ts";

const CASES: readonly [engine: EngineName, kind: Kind, cell: Cell, sql: string][] = [
  ["spark", "string", 'it\'s \\ "x"', `'it\\'s \\\\ "x"'`],
  ["duckdb", "string", 'it\'s \\ "x"', `'it''s \\ "x"'`],
  ["spark", "binary", "00ff", "X'00ff'"],
  ["duckdb", "binary", "00ff", "unhex('00ff')"],
  ["spark", "list", '["1",null]', "CAST(array(1, NULL) AS ARRAY<INT>)"],
  ["duckdb", "list", '["1",null]', "CAST([1, NULL] AS INTEGER[])"],
  [
    "spark",
    "struct",
    '[null,"a\'b"]',
    "CAST(named_struct('x', NULL, 'y', 'a\\'b') AS STRUCT<x: INT, y: STRING>)",
  ],
  ["spark", "map", "[]", "CAST(map() AS MAP<STRING, INT>)"],
  ["duckdb", "map", '[["a","1"],["b",null]]', "CAST(MAP {'a': 1, 'b': NULL} AS MAP(VARCHAR, INTEGER))"],
  ["spark", "decimal", "0.10", "CAST('0.10' AS DECIMAL(38, 10))"],
  ["duckdb", "date", null, "CAST(NULL AS DATE)"],
];

for (const [engine, kind, cell, sql] of CASES) {
  Deno.test(`${engine} writes ${kind} ${cell}`, () => {
    assert.equal(dialects[engine].literal(kind, cell), sql);
  });
}

Deno.test("a name is one identifier, whatever is in it", () => {
  assert.equal(dialects.spark.name("a`b"), "`a``b`");
  assert.equal(dialects.duckdb.name('a"b'), '"a""b"');
});
