import assert from "node:assert/strict";
import type { Table } from "../../lib/engine/model.ts";
import { tableLines } from "../../lib/render/table.ts";
import { columns, painter } from "../../lib/render/text.ts";

const TABLE: Table = {
  name: "s3.performance",
  title: "How fast",
  columns: ["operation", "p95 ms", "what it means"],
  rows: [
    ["PUT", 3.14159, "a short text"],
    ["GET", 12345.6, "a text that is much too long for the little room that a narrow terminal has for it"],
  ],
};

const shown = (width: number) => tableLines(TABLE, width, painter(false));

Deno.test("numbers stand to the right, with the digits that count", () => {
  const lines = shown(120);
  assert.equal(lines[1], "  operation  p95 ms  what it means");
  assert.equal(lines[2], "  PUT          3.14  a short text");
  assert.match(lines[3] ?? "", /^ {2}GET {8}12,346 {2}a text/);
});

Deno.test("a text that does not fit goes on in its own column", () => {
  const lines = shown(50);
  assert.ok(lines.every((line) => columns(line) <= 50), lines.join("\n"));
  assert.match(lines[4] ?? "", /^ {21}\S/);
  assert.equal(lines.slice(3).map((line) => line.slice(21)).join(" "), TABLE.rows[1]?.[2]);
});

Deno.test("a table without rows says so", () => {
  assert.deepEqual(tableLines({ ...TABLE, rows: [] }, 80, painter(false)).at(-1), "  (nothing)");
});

Deno.test("a number in a column of texts does not make the column one of numbers", () => {
  const lines = tableLines({ ...TABLE, columns: ["a"], rows: [["x"], [1]] }, 80, painter(false));
  assert.deepEqual(lines.slice(2), ["  x", "  1"]);
});

Deno.test("where words are too long for columns, a row is a block, under a heading that rows share", () => {
  const url = "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local";
  const table: Table = {
    ...TABLE,
    columns: ["client", "setting", "value"],
    rows: [["S3A", "fs.s3a.endpoint", url], ["S3A", "fs.s3a.path.style.access", "true"]],
  };
  assert.deepEqual(tableLines(table, 60, painter(false)).slice(1), [
    "  S3A",
    "    setting  fs.s3a.endpoint",
    `      value    ${url}`,
    "    setting  fs.s3a.path.style.access",
    "      value    true",
  ]);
});
