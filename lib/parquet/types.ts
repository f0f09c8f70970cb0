/**
 * Tables as Iceberg types them, in memory, with values that lose nothing: what one writer is given, and what another
 * reader must give back. Types: https://iceberg.apache.org/spec/#schemas-and-data-types
 */

export type Primitive =
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "timestamp_ns"
  | "timestamptz_ns"
  | "string"
  | "uuid"
  | "binary";

export type IcebergType =
  | Primitive
  /** Bytes of that length. */
  | { fixed: number }
  | { decimal: { precision: number; scale: number } }
  | { struct: readonly Field[] }
  | { list: Field }
  | { map: { key: Field; value: Field } };

/** A column, or a part of one. The parts of a list are called `element`, those of a map `key` and `value`. */
export interface Field {
  /** Unique in the table, nested fields included: readers of Iceberg find columns by it, not by name. */
  id: number;
  name: string;
  type: IcebergType;
  required?: boolean;
}

/**
 * Exact values. int, float, double: number; date: days since 1970 as number; long: bigint; decimal: its unscaled
 * bigint; time: microseconds since midnight, timestamps: micro- or nanoseconds since 1970, bigint; uuid: lower-case
 * text; fixed, binary: bytes; struct: an object; list: an array; map: an array of `[key, value]`.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value };

/** Columns in the order of `fields`, all of one length. */
export interface Table {
  fields: readonly Field[];
  columns: readonly (readonly Value[])[];
}

/** As Iceberg's metadata writes it: `decimal(9, 2)`, `fixed[16]`; nested types by their kind only. */
export function typeText(type: IcebergType): string {
  if (typeof type === "string") return type;
  if ("fixed" in type) return `fixed[${type.fixed}]`;
  if ("decimal" in type) return `decimal(${type.decimal.precision}, ${type.decimal.scale})`;
  if ("struct" in type) return "struct";
  return "list" in type ? "list" : "map";
}

/** The fields inside a type, in the order in which Parquet has them. */
export function partsOf(type: IcebergType): readonly Field[] {
  if (typeof type === "string") return [];
  if ("struct" in type) return type.struct;
  if ("list" in type) return [type.list];
  return "map" in type ? [type.map.key, type.map.value] : [];
}

/** Every field with its parts, depth first: `amount#3 decimal(9, 2)`. */
export function shapeOf(fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, id, type }) => [
    `${name}#${id} ${typeText(type)}`,
    ...shapeOf(partsOf(type)),
  ]);
}

/** The table without the columns whose type, or a part of it, is refused. */
export function columnsThat(keep: (type: IcebergType) => boolean, table: Table): Table {
  const kept = (type: IcebergType): boolean => keep(type) && partsOf(type).every((field) => kept(field.type));
  const wanted = table.fields.map(({ type }) => kept(type));
  return {
    fields: table.fields.filter((_, at) => wanted[at]),
    columns: table.columns.filter((_, at) => wanted[at]),
  };
}

export const rowsOf = (table: Table): number => table.columns[0]?.length ?? 0;
