/** Iceberg's types in DuckDB's words. It has no fixed length for bytes, and no timestamp with zone in nanoseconds. */
import { sqlText } from "../untrusted/quoting.ts";
import { type Field, type IcebergType, partsOf, type Primitive } from "./types.ts";

const PRIMITIVES: Record<Primitive, string> = {
  boolean: "BOOLEAN",
  int: "INTEGER",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMP WITH TIME ZONE",
  timestamp_ns: "TIMESTAMP_NS",
  timestamptz_ns: "TIMESTAMP WITH TIME ZONE",
  string: "VARCHAR",
  uuid: "UUID",
  binary: "BLOB",
};

/** DuckDB can write it as Iceberg wants it. */
export const duckdbWrites = (type: IcebergType): boolean => duckdbReads(type) && !isFixed(type);

/** DuckDB can read it without losing anything. */
export const duckdbReads = (type: IcebergType): boolean => type !== "timestamptz_ns";

const isFixed = (type: IcebergType): boolean => typeof type !== "string" && "fixed" in type;

/** As DuckDB itself prints the type: `STRUCT("a" INTEGER, "b" VARCHAR)[]`. */
export function sqlType(type: IcebergType): string {
  if (typeof type === "string") return PRIMITIVES[type];
  if ("fixed" in type) return "BLOB";
  if ("decimal" in type) return `DECIMAL(${type.decimal.precision},${type.decimal.scale})`;
  if ("struct" in type) {
    return `STRUCT(${type.struct.map((one) => `${quoted(one.name)} ${sqlType(one.type)}`).join(", ")})`;
  }
  if ("list" in type) return `${sqlType(type.list.type)}[]`;
  return `MAP(${sqlType(type.map.key.type)}, ${sqlType(type.map.value.type)})`;
}

export function createTable(name: string, fields: readonly Field[]): string {
  const columns = fields.map((field) =>
    `${quoted(field.name)} ${sqlType(field.type)}${field.required ? " NOT NULL" : ""}`
  );
  return `CREATE TABLE ${quoted(name)} (${columns.join(", ")})`;
}

export interface CopyOptions {
  compression: "zstd" | "snappy" | "uncompressed";
  /** DuckDB rounds it up to a multiple of 2,048. */
  rowGroupRows?: number;
}

/** Writes a table into a Parquet file, with the field ids that Iceberg goes by. */
export function copyTo(
  name: string,
  fields: readonly Field[],
  path: string,
  { compression, rowGroupRows }: CopyOptions,
): string {
  const options = [
    "FORMAT parquet",
    `COMPRESSION ${compression}`,
    `FIELD_IDS ${fieldIds(fields)}`,
    ...rowGroupRows ? [`ROW_GROUP_SIZE ${rowGroupRows}`] : [],
  ];
  return `COPY ${quoted(name)} TO ${sqlText(path)} (${options.join(", ")})`;
}

/** A field with parts has its own id under the key that DuckDB reserves for it. */
function fieldIds(fields: readonly Field[], own?: number): string {
  const inner = fields.map(({ name, id, type }) => {
    const parts = partsOf(type);
    return `${quoted(name)}: ${parts.length === 0 ? id : fieldIds(parts, id)}`;
  });
  return `{${[...own === undefined ? [] : [`__duckdb_field_id: ${own}`], ...inner].join(", ")}}`;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
