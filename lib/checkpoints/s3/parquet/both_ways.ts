/** A table goes up by one writer and comes back by another reader, both ways, and every value is compared. */
import { fail, outcomeOf } from "../../../checkpoint/expect.ts";
import { readable } from "./readable.ts";
import { differAt } from "../operations/bytes.ts";
import { differences } from "../../../parquet/canonical.ts";
import { duckdbReads, duckdbWrites } from "../../../parquet/duckdb_sql.ts";
import { columnsThat, rowsOf, shapeOf, type Table } from "../../../parquet/types.ts";
import { type Outcome, passed } from "../../../checkpoint/trial.ts";
import { duckdbShape, type DuckDbTable } from "./duckdb.ts";
import type { Engines } from "./engines.ts";
import type { Codec, ReadTable } from "./hyparquet.ts";
import type { FileStore } from "./store.ts";

export interface Journey {
  /** Of the files: `types`. */
  name: string;
  /** For messages: `every type`. */
  what: string;
  table: Table;
  codec: Codec;
}

/** Two outcomes: hyparquet-writer → DuckDB, and DuckDB → hyparquet by ranges. */
export async function bothWays(store: FileStore, engines: Engines, journey: Journey): Promise<Outcome[]> {
  // Neither is left behind when the other can't go on: they share a store and a directory.
  const ended = await Promise.allSettled([
    outcomeOf(() => toDuckDb(store, engines, journey)),
    outcomeOf(() => fromDuckDb(store, engines, journey)),
  ]);
  return ended.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

async function toDuckDb(
  store: FileStore,
  { hyparquet, duckdb }: Engines,
  journey: Journey,
): Promise<Outcome> {
  const table = columnsThat(duckdbReads, journey.table);
  const name = `${journey.name}-by-hyparquet.parquet`;
  const bytes = hyparquet.write(table, { codec: journey.codec });
  await store.put(name, bytes);
  const came = await wholeAgain(store, name, bytes);
  const read = await readable("DuckDB", store.place(name), () => duckdb.read(came, table.fields));
  sameInDuckDb(table, read, store.place(name));
  const wrote = `written by hyparquet-writer (${codecWord(journey.codec)}), put, got and read by DuckDB`;
  const evidence = store.place(name);
  return passed(`${journey.what}: ${wrote}, the same: ${size(table)}, ${bytes.length} bytes`, { evidence });
}

async function fromDuckDb(
  store: FileStore,
  { hyparquet, duckdb }: Engines,
  journey: Journey,
): Promise<Outcome> {
  const table = columnsThat(duckdbWrites, journey.table);
  const name = `${journey.name}-by-duckdb.parquet`;
  const bytes = await duckdb.write(table, { compression: codecWord(journey.codec) });
  await store.put(name, bytes);
  const file = rangedFile(store, name, bytes);
  const read = await readable("hyparquet", store.place(name), async () => {
    const footer = await hyparquet.footer(file);
    return await hyparquet.read(file, footer, table.fields);
  });
  sameInHyparquet(table, read, store.place(name));
  const { requests } = file.asked();
  const wrote = `written by DuckDB (${
    codecWord(journey.codec)
  }), put, and read by hyparquet in ${requests} ranges`;
  const evidence = store.place(name);
  return passed(`${journey.what}: ${wrote}, the same: ${size(table)}, ${bytes.length} bytes`, { evidence });
}

/** Gets the object whole. Other bytes than were put are the store's doing, whatever a reader makes of them. */
export async function wholeAgain(store: FileStore, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const came = await store.get(name);
  sameBytes(bytes, came, `GET ${store.place(name)}`);
  return came;
}

export function sameBytes(put: Uint8Array, came: Uint8Array, evidence: string): void {
  const at = differAt(came, put);
  if (at === undefined) return;
  fail("WrongBytes", `other bytes came back than were put: they differ from byte ${at} on`, {
    evidence,
    observed: `${came.length} bytes`,
    expected: `${put.length} bytes`,
  });
}

/** A file of these bytes that is read by ranges, each compared and counted. */
export function rangedFile(store: FileStore, name: string, bytes: Uint8Array) {
  const asked = { requests: 0, bytes: 0 };
  return {
    byteLength: bytes.length,
    async slice(start: number, end = bytes.length): Promise<ArrayBuffer> {
      const came = await store.range(name, start, end);
      sameBytes(bytes.subarray(start, end), came, `GET ${store.place(name)}, bytes ${start} to ${end - 1}`);
      asked.requests += 1;
      asked.bytes += came.length;
      return came.buffer.byteLength === came.length ? came.buffer : came.slice().buffer;
    },
    asked: () => asked,
  };
}

export function sameInDuckDb(table: Table, read: DuckDbTable, evidence: string): void {
  const { types, ids } = duckdbShape(table.fields);
  sameWords("WrongTypes", "column types", types, read.types, evidence);
  sameWords("FieldIdsLost", "field ids", ids, read.ids, evidence);
  sameValues(table, read.columns, evidence);
}

export function sameInHyparquet(table: Table, read: ReadTable, evidence: string): void {
  sameWords("WrongTypes", "field ids and types", shapeOf(table.fields), read.shape, evidence);
  sameValues(table, read.columns, evidence);
}

function sameValues(table: Table, columns: ReadTable["columns"], evidence: string): void {
  const [first, ...more] = differences(table, columns);
  if (first === undefined) return;
  fail("WrongValues", `other values came back than were written: ${[first, ...more].join("; ")}`, {
    evidence,
  });
}

function sameWords(
  reason: string,
  what: string,
  expected: readonly string[],
  observed: readonly string[],
  evidence: string,
): void {
  const length = Math.max(expected.length, observed.length);
  for (let at = 0; at < length; at++) {
    if (expected[at] === observed[at]) continue;
    fail(reason, `other ${what} came back than were written`, {
      evidence,
      observed: observed[at] ?? "none",
      expected: expected[at] ?? "none",
    });
  }
}

export const codecWord = (codec: Codec) => codec.toLowerCase() as Lowercase<Codec>;

const size = (table: Table): string => `${table.fields.length} columns, ${rowsOf(table)} rows`;
