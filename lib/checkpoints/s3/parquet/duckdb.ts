/**
 * Parquet by DuckDB, in this process and locked in: it sees one temporary directory and no network, and loads no
 * extension. Files go to it and come from it as bytes.
 */
import type { DuckDBConnection, DuckDBResultReader, DuckDBValue } from "@duckdb/node-api";
import { type CopyOptions, copyTo, createTable, quoted, sqlType } from "../../../parquet/duckdb_sql.ts";
import { sqlText } from "../../../untrusted/quoting.ts";
import {
  type Field,
  type IcebergType,
  partsOf,
  rowsOf,
  type Table,
  type Value,
} from "../../../parquet/types.ts";

type Api = typeof import("@duckdb/node-api");

/** What a column chunk's statistics say, as DuckDB prints them. */
export interface ChunkBounds {
  rowGroup: number;
  rows: number;
  column: string;
  min: string | null;
  max: string | null;
  nulls: number | null;
}

export interface DuckDbTable {
  /** DuckDB's type of each column, as it prints it. */
  types: string[];
  /** `name#id` of each element of the schema that has a field id. */
  ids: string[];
  columns: Value[][];
}

export interface DuckDb {
  /** All that it sees of the disk. */
  directory: string;
  write(table: Table, options: CopyOptions): Promise<Uint8Array>;
  /** With `where`, a condition in SQL, only those rows. */
  read(bytes: Uint8Array, fields: readonly Field[], where?: string): Promise<DuckDbTable>;
  bounds(bytes: Uint8Array): Promise<ChunkBounds[]>;
  /** Lets go of the database and removes its directory. Twice does no harm. */
  close(): Promise<void>;
}

/** Loads DuckDB and makes its directory. */
export async function openDuckDb(): Promise<DuckDb> {
  const api = await import("@duckdb/node-api");
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "lakecheck-" }));
  const instance = await api.DuckDBInstance.create(":memory:", {
    threads: "2",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  /** Connections of their own, so that trials do not wait for each other; settings are the database's. */
  const connected = async <T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const connection = await instance.connect();
    try {
      return await use(connection);
    } finally {
      connection.closeSync();
    }
  };
  await connected(async (connection) => {
    await connection.run(`SET allowed_directories = [${sqlText(`${directory}/`)}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
  });
  let files = 0;
  let open = true;
  const nextFile = () => `${directory}/${files++}.parquet`;
  const given = async <T>(
    bytes: Uint8Array,
    use: (connection: DuckDBConnection, path: string) => Promise<T>,
  ): Promise<T> => {
    const path = nextFile();
    await Deno.writeFile(path, bytes);
    try {
      return await connected((connection) => use(connection, path));
    } finally {
      await Deno.remove(path).catch(() => {});
    }
  };
  return {
    directory,
    write: (table, options) =>
      connected((connection) => written(api, connection, table, options, nextFile())),
    read: (bytes, fields, where) =>
      given(bytes, (connection, path) => read(api, connection, path, fields, where)),
    bounds: (bytes) => given(bytes, boundsOf),
    async close() {
      if (!open) return;
      open = false;
      instance.closeSync();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function written(
  api: Api,
  connection: DuckDBConnection,
  table: Table,
  options: CopyOptions,
  path: string,
): Promise<Uint8Array> {
  // No two files have one name, so no two tables have.
  const name = path;
  await connection.run(createTable(name, table.fields));
  await append(api, connection, name, table);
  await connection.run(copyTo(name, table.fields, path, options));
  await connection.run(`DROP TABLE ${quoted(name)}`);
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

async function read(
  api: Api,
  connection: DuckDBConnection,
  path: string,
  fields: readonly Field[],
  where?: string,
): Promise<DuckDbTable> {
  const from = `FROM read_parquet(${sqlText(path)})${where ? ` WHERE ${where} ORDER BY 1` : ""}`;
  const rows = await connection.runAndReadAll(`SELECT * ${from}`);
  const schema = await connection.runAndReadAll(
    `SELECT name, field_id FROM parquet_schema(${sqlText(path)})`,
  );
  return {
    types: rows.columnTypes().map(String),
    ids: schema.getRows().filter(([, id]) => id !== null).map(([name, id]) => `${name}#${id}`),
    columns: columnsRead(api, rows, fields),
  };
}

/** What `types` and `ids` of a DuckDbTable must be. */
export function duckdbShape(fields: readonly Field[]): Pick<DuckDbTable, "types" | "ids"> {
  const ids = (parts: readonly Field[]): string[] =>
    parts.flatMap(({ name, id, type }) => [`${name}#${id}`, ...ids(partsOf(type))]);
  return { types: fields.map(({ type }) => sqlType(type)), ids: ids(fields) };
}

/** Rows that DuckDB takes at a time. */
const CHUNK_ROWS = 2048;

async function append(api: Api, connection: DuckDBConnection, name: string, table: Table): Promise<void> {
  const appender = await connection.createAppender(name);
  const types = table.fields.map((_, at) => appender.columnType(at));
  for (let row = 0; row < rowsOf(table); row += CHUNK_ROWS) {
    const part = table.fields.map(({ type }, at) =>
      (table.columns[at] ?? []).slice(row, row + CHUNK_ROWS).map((value) => toDuckdb(api, type, value))
    );
    const chunk = api.DuckDBDataChunk.create(types);
    chunk.setColumns(part);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

async function boundsOf(connection: DuckDBConnection, path: string): Promise<ChunkBounds[]> {
  const found = await connection.runAndReadAll(
    "SELECT row_group_id, row_group_num_rows, path_in_schema, stats_min_value, stats_max_value, " +
      `stats_null_count FROM parquet_metadata(${sqlText(path)}) ORDER BY row_group_id, column_id`,
  );
  const words = (value: DuckDBValue | undefined) =>
    value === null || value === undefined ? null : String(value);
  const count = (value: DuckDBValue | undefined) => typeof value === "bigint" ? Number(value) : null;
  return found.getRows().map(([group, rows, column, min, max, nulls]) => ({
    rowGroup: Number(group),
    rows: Number(rows),
    column: String(column),
    min: words(min),
    max: words(max),
    nulls: count(nulls),
  }));
}

function columnsRead(api: Api, read: DuckDBResultReader, fields: readonly Field[]): Value[][] {
  const columns = read.getColumns();
  return fields.map(({ type }, at) => (columns[at] ?? []).map((value) => fromDuckdb(api, type, value)));
}

/** A value that is not of the type is passed on as DuckDB prints it, to be seen as a difference. */
function fromDuckdb(api: Api, type: IcebergType, value: DuckDBValue | undefined): Value {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return value;
  if (value instanceof api.DuckDBBlobValue) return value.bytes;
  if (value instanceof api.DuckDBDateValue && type === "date") return value.days;
  if (value instanceof api.DuckDBTimeValue && type === "time") return value.micros;
  if (value instanceof api.DuckDBTimestampValue && type === "timestamp") return value.micros;
  if (value instanceof api.DuckDBTimestampTZValue && type === "timestamptz") return value.micros;
  if (value instanceof api.DuckDBTimestampNanosecondsValue && type === "timestamp_ns") return value.nanos;
  if (typeof type === "string") return String(value);
  if (value instanceof api.DuckDBDecimalValue) {
    return "decimal" in type && type.decimal.scale === value.scale ? value.value : String(value);
  }
  if (value instanceof api.DuckDBListValue && "list" in type) {
    return value.items.map((item) => fromDuckdb(api, type.list.type, item));
  }
  if (value instanceof api.DuckDBMapValue && "map" in type) {
    const { key, value: held } = type.map;
    return value.entries.map((
      one,
    ) => [fromDuckdb(api, key.type, one.key), fromDuckdb(api, held.type, one.value)]);
  }
  if (value instanceof api.DuckDBStructValue && "struct" in type) {
    return Object.fromEntries(
      type.struct.map((field) => [field.name, fromDuckdb(api, field.type, value.entries[field.name])]),
    );
  }
  return String(value);
}

function toDuckdb(api: Api, type: IcebergType, value: Value): DuckDBValue {
  if (value === null) return null;
  if (typeof type !== "string") return compound(api, type, value);
  if (typeof value === "bigint") {
    if (type === "time") return new api.DuckDBTimeValue(value);
    if (type === "timestamp") return new api.DuckDBTimestampValue(value);
    if (type === "timestamptz") return new api.DuckDBTimestampTZValue(value);
    if (type === "timestamp_ns") return new api.DuckDBTimestampNanosecondsValue(value);
    return value;
  }
  if (type === "date" && typeof value === "number") return new api.DuckDBDateValue(value);
  if (type === "uuid" && typeof value === "string") {
    return api.uuidValue(BigInt(`0x${value.replaceAll("-", "")}`));
  }
  if (value instanceof Uint8Array) return new api.DuckDBBlobValue(value);
  return typeof value === "object" ? null : value;
}

function compound(api: Api, type: Exclude<IcebergType, string>, value: Value): DuckDBValue {
  if ("decimal" in type && typeof value === "bigint") {
    return new api.DuckDBDecimalValue(value, type.decimal.precision, type.decimal.scale);
  }
  if (value instanceof Uint8Array) return new api.DuckDBBlobValue(value);
  if ("list" in type && Array.isArray(value)) {
    return api.listValue(value.map((one: Value) => toDuckdb(api, type.list.type, one)));
  }
  if ("map" in type && Array.isArray(value)) {
    const { key, value: held } = type.map;
    return api.mapValue(value.map((pair: readonly Value[]) => ({
      key: toDuckdb(api, key.type, pair[0] ?? null),
      value: toDuckdb(api, held.type, pair[1] ?? null),
    })));
  }
  const parts = value as { readonly [name: string]: Value };
  return api.structValue(
    Object.fromEntries(
      partsOf(type).map((part) => [part.name, toDuckdb(api, part.type, parts[part.name] ?? null)]),
    ),
  );
}
