/** What readers skip by: row groups with their bounds, pages with their index, and objects made of several parts. */
import { fail, outcomeOf } from "../../../checkpoint/expect.ts";
import { readable } from "./readable.ts";
import { bulkTable, orderedTable } from "../../../parquet/samples.ts";
import type { Field, Table, Value } from "../../../parquet/types.ts";
import { type Outcome, passed } from "../../../checkpoint/trial.ts";
import { rangedFile, sameBytes, sameInDuckDb, sameInHyparquet, wholeAgain } from "./both_ways.ts";
import type { ChunkBounds } from "./duckdb.ts";
import type { Engines } from "./engines.ts";
import type { FileStore } from "./store.ts";

const ROWS = 8192;
const GROUP_ROWS = 2048;
/** DuckDB's row groups are multiples of this. */
const DUCKDB_GROUP_ROWS = 2048;
const PAGE_BYTES = 8192;
/** Rows that lie within one row group of either writer. */
const WANTED = { from: 6500, to: 6600 };

/** The rows that are wanted are found by the bounds in the footer, and little else is fetched. */
export async function rowGroups(store: FileStore, engines: Engines): Promise<Outcome[]> {
  const table = orderedTable(ROWS);
  return await Promise.all([
    outcomeOf(() => groupsByHyparquet(store, engines, table)),
    outcomeOf(() => groupsByDuckDb(store, engines, table)),
  ]);
}

async function groupsByHyparquet(store: FileStore, engines: Engines, table: Table): Promise<Outcome> {
  const { hyparquet, duckdb } = engines;
  const name = "row-groups-by-hyparquet.parquet";
  const place = store.place(name);
  const bytes = hyparquet.write(table, { codec: "ZSTD", rowGroupRows: GROUP_ROWS, pageBytes: PAGE_BYTES });
  await store.put(name, bytes);
  const came = await wholeAgain(store, name, bytes);
  const [from, to] = wantedIds(table);
  const [bounds, some] = await readable(
    "DuckDB",
    place,
    () =>
      Promise.all([duckdb.bounds(came), duckdb.read(came, table.fields, `"id" BETWEEN ${from} AND ${to}`)]),
  );
  sameBounds(table, bounds, place);
  sameInDuckDb(wanted(table), some, place);
  const asked = await readWanted(store, engines, table, name, bytes);
  const groups = `${ROWS / GROUP_ROWS} row groups by hyparquet-writer with bounds and a page index`;
  const ranges = `${some.columns[0]?.length} rows by ranges took ${asked}`;
  return passed(`${groups}: DuckDB sees the same bounds and rows; ${ranges}`, { evidence: place });
}

async function groupsByDuckDb(store: FileStore, engines: Engines, table: Table): Promise<Outcome> {
  const name = "row-groups-by-duckdb.parquet";
  const bytes = await engines.duckdb.write(table, { compression: "zstd", rowGroupRows: DUCKDB_GROUP_ROWS });
  await store.put(name, bytes);
  const asked = await readWanted(store, engines, table, name, bytes);
  const groups = `${Math.ceil(ROWS / DUCKDB_GROUP_ROWS)} row groups by DuckDB with bounds`;
  const ranges = `${WANTED.to - WANTED.from} rows by hyparquet and ranges took ${asked}`;
  return passed(`${groups}: ${ranges}`, { evidence: store.place(name) });
}

/** Reads the wanted rows by ranges; words for what that took. More than half the file: the bounds are of no use. */
async function readWanted(
  store: FileStore,
  { hyparquet }: Engines,
  table: Table,
  name: string,
  whole: Uint8Array,
): Promise<string> {
  const place = store.place(name);
  const file = rangedFile(store, name, whole);
  const [from, to] = wantedIds(table);
  const read = await readable("hyparquet", place, async () => {
    const footer = await hyparquet.footer(file);
    return await hyparquet.read(file, footer, table.fields, { filter: { id: { $gte: from, $lte: to } } });
  });
  sameInHyparquet(wanted(table), read, place);
  const { requests, bytes } = file.asked();
  if (bytes > whole.length / 2) {
    fail("BoundsLost", "the bounds of row groups and pages did not spare reading what was not wanted", {
      evidence: place,
      observed: `${bytes} of ${whole.length} bytes fetched`,
      expected: "less than half",
    });
  }
  return `${requests} requests and ${bytes} of ${whole.length} bytes`;
}

function wanted(table: Table): Table {
  return {
    fields: table.fields,
    columns: table.columns.map((column) => column.slice(WANTED.from, WANTED.to)),
  };
}

function wantedIds(table: Table): [Value | undefined, Value | undefined] {
  const ids = table.columns[0];
  return [ids?.[WANTED.from], ids?.[WANTED.to - 1]];
}

/** What DuckDB reads as bounds and null counts of `id` and `amount`, against what the rows say. */
function sameBounds(table: Table, bounds: readonly ChunkBounds[], evidence: string): void {
  for (const [at, field] of table.fields.entries()) {
    const column = table.columns[at] ?? [];
    const expected = Array.from(
      { length: Math.ceil(column.length / GROUP_ROWS) },
      (_, group) => boundsText(field, column.slice(group * GROUP_ROWS, (group + 1) * GROUP_ROWS)),
    );
    const observed = bounds.filter((one) => one.column === field.name).map(({ rows, nulls, min, max }) =>
      `${rows} rows, ${nulls} nulls${isNumber(field) ? `, from ${min} to ${max}` : ""}`
    );
    if (expected.join("; ") === observed.join("; ")) continue;
    fail(
      "WrongBounds",
      `other bounds of column ${field.name} came back than were written: readers skip by them`,
      { evidence, observed: observed.join("; "), expected: expected.join("; ") },
    );
  }
}

const isNumber = ({ type }: Field) => type === "long" || (typeof type === "object" && "decimal" in type);

function boundsText(field: Field, values: readonly Value[]): string {
  const numbers = values.filter((value) => typeof value === "bigint");
  const words = (value: bigint) =>
    typeof field.type === "object" && "decimal" in field.type
      ? decimalText(value, field.type.decimal.scale)
      : String(value);
  const least = numbers.reduce((a, b) => a < b ? a : b, numbers[0] ?? 0n);
  const most = numbers.reduce((a, b) => a > b ? a : b, numbers[0] ?? 0n);
  const nulls = values.filter((value) => value === null).length;
  return `${values.length} rows, ${nulls} nulls${
    isNumber(field) ? `, from ${words(least)} to ${words(most)}` : ""
  }`;
}

/** -1 of scale 4 is `-0.0001`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${scale ? `.${digits.slice(point)}` : ""}`;
}

/** The least that S3 takes for a part that is not the last. */
const PART_BYTES = 5 * 1024 * 1024;
const SEAM = { from: PART_BYTES - 1024, to: PART_BYTES + 1024 };

/** A file of two parts comes back whole, and by a range over the seam. */
export async function inParts(store: FileStore, { hyparquet, duckdb }: Engines): Promise<Outcome> {
  const table = bulkTable(PART_BYTES + 256 * 1024);
  const name = "parts-by-hyparquet.parquet";
  const place = store.place(name);
  const bytes = hyparquet.write(table, { codec: "UNCOMPRESSED" });
  const parts = await store.putParts(name, bytes, PART_BYTES);
  const [came, seam] = await Promise.all([
    wholeAgain(store, name, bytes),
    store.range(name, SEAM.from, SEAM.to),
  ]);
  sameBytes(bytes.subarray(SEAM.from, SEAM.to), seam, `GET ${place}, over the seam of two parts`);
  const read = await readable("DuckDB", place, () => duckdb.read(came, table.fields));
  sameInDuckDb(table, read, place);
  const what = `a file of ${bytes.length} bytes, uploaded in ${parts} parts,`;
  return passed(`${what} came back the same through DuckDB`, { evidence: place });
}
