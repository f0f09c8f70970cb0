/** Iceberg's types as Parquet columns: https://iceberg.apache.org/spec/#parquet */
import { type Field, partsOf, type Primitive } from "./types.ts";
import { own } from "../untrusted/lookup.ts";

type Unit = "MILLIS" | "MICROS" | "NANOS";

type Logical =
  | { type: "STRING" | "DATE" | "UUID" | "LIST" | "MAP" }
  | { type: "DECIMAL"; precision: number; scale: number }
  | { type: "TIME" | "TIMESTAMP"; isAdjustedToUTC: boolean; unit: Unit };

/** A node of a Parquet schema, which is a list in depth-first order. What a footer holds beyond this is ignored. */
export interface Element {
  name: string;
  type?: "BOOLEAN" | "INT32" | "INT64" | "FLOAT" | "DOUBLE" | "BYTE_ARRAY" | "FIXED_LEN_BYTE_ARRAY";
  type_length?: number;
  repetition_type?: "REQUIRED" | "OPTIONAL" | "REPEATED";
  num_children?: number;
  converted_type?: "UTF8" | "DATE" | "TIME_MICROS" | "TIMESTAMP_MICROS" | "DECIMAL" | "LIST" | "MAP";
  precision?: number;
  scale?: number;
  field_id?: number;
  logical_type?: Logical;
}

const moment = (utc: boolean, unit: Unit): Partial<Element> => ({
  type: "INT64",
  // The older annotation knows no nanoseconds.
  ...unit === "MICROS" ? { converted_type: "TIMESTAMP_MICROS" as const } : {},
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: utc, unit },
});

const PRIMITIVES: Record<Primitive, Partial<Element>> = {
  boolean: { type: "BOOLEAN" },
  int: { type: "INT32" },
  long: { type: "INT64" },
  float: { type: "FLOAT" },
  double: { type: "DOUBLE" },
  date: { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } },
  time: {
    type: "INT64",
    converted_type: "TIME_MICROS",
    logical_type: { type: "TIME", isAdjustedToUTC: false, unit: "MICROS" },
  },
  timestamp: moment(false, "MICROS"),
  timestamptz: moment(true, "MICROS"),
  timestamp_ns: moment(false, "NANOS"),
  timestamptz_ns: moment(true, "NANOS"),
  string: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  uuid: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, logical_type: { type: "UUID" } },
  binary: { type: "BYTE_ARRAY" },
};

/** The schema of a Parquet file with these columns, field ids included. */
export function parquetSchema(fields: readonly Field[]): Element[] {
  return [{ name: "table", num_children: fields.length }, ...fields.flatMap(elementsOf)];
}

function elementsOf(field: Field): Element[] {
  const { name, id, type, required } = field;
  const here: Element = { name, field_id: id, repetition_type: required ? "REQUIRED" : "OPTIONAL" };
  const inner = partsOf(type).flatMap(elementsOf);
  if (typeof type === "string") return [{ ...here, ...PRIMITIVES[type] }];
  if ("fixed" in type) return [{ ...here, type: "FIXED_LEN_BYTE_ARRAY", type_length: type.fixed }];
  if ("decimal" in type) return [{ ...here, ...decimal(type.decimal) }];
  if ("struct" in type) return [{ ...here, num_children: type.struct.length }, ...inner];
  const [kind, group] = "list" in type ? ["LIST", "list"] as const : ["MAP", "key_value"] as const;
  return [
    { ...here, num_children: 1, converted_type: kind, logical_type: { type: kind } },
    { name: group, repetition_type: "REPEATED", num_children: kind === "LIST" ? 1 : 2 },
    ...inner,
  ];
}

/** The smallest that holds it: 32 bits, 64 bits, or as many bytes as it takes. */
function decimal({ precision, scale }: { precision: number; scale: number }): Partial<Element> {
  const annotation = {
    precision,
    scale,
    converted_type: "DECIMAL",
    logical_type: { type: "DECIMAL", precision, scale },
  } as const;
  if (precision <= 9) return { type: "INT32", ...annotation };
  if (precision <= 18) return { type: "INT64", ...annotation };
  return { type: "FIXED_LEN_BYTE_ARRAY", type_length: bytesOf(precision), ...annotation };
}

function bytesOf(precision: number): number {
  const most = 10n ** BigInt(precision);
  let bytes = 1;
  while (2n ** BigInt(8 * bytes - 1) < most) bytes += 1;
  return bytes;
}

/** An element as a footer gives it: words that are not known here may stand in it. */
export interface AnyElement extends Omit<Element, "type" | "converted_type" | "logical_type"> {
  type?: string;
  converted_type?: string;
  logical_type?: { type: string; isAdjustedToUTC?: boolean; unit?: string };
}

/** What `shapeOf` says of the fields, of a schema that was read: elements with a field id, in their order. */
export function shapeRead(schema: readonly AnyElement[]): string[] {
  return schema.filter(({ field_id }) => field_id !== undefined)
    .map((element) => `${element.name}#${element.field_id} ${typeRead(element)}`);
}

/** The words of `typeText` for an element that was read. */
function typeRead(element: AnyElement): string {
  const { logical_type: logical, converted_type: converted, type } = element;
  if (element.num_children) {
    const kind = logical?.type ?? converted;
    return kind === "LIST" ? "list" : kind === "MAP" ? "map" : "struct";
  }
  if (converted === "DECIMAL") return `decimal(${element.precision}, ${element.scale})`;
  if (converted === "DATE") return "date";
  if (converted === "UTF8" || logical?.type === "STRING") return "string";
  if (logical?.type === "UUID") return "uuid";
  if (logical?.type === "TIME") return timeRead(logical);
  if (logical?.type === "TIMESTAMP") return timestampRead(logical);
  if (type === "FIXED_LEN_BYTE_ARRAY") return `fixed[${element.type_length}]`;
  return own(PHYSICAL, type) ?? `${type}`;
}

const PHYSICAL: Record<string, string> = {
  BOOLEAN: "boolean",
  INT32: "int",
  INT64: "long",
  FLOAT: "float",
  DOUBLE: "double",
  BYTE_ARRAY: "binary",
};

function timeRead({ isAdjustedToUTC, unit }: { isAdjustedToUTC?: boolean; unit?: string }): string {
  return unit === "MICROS" && !isAdjustedToUTC ? "time" : `time in ${unit}, UTC ${isAdjustedToUTC}`;
}

function timestampRead({ isAdjustedToUTC, unit }: { isAdjustedToUTC?: boolean; unit?: string }): string {
  const ending = unit === "MICROS" ? "" : unit === "NANOS" ? "_ns" : ` in ${unit}`;
  return `timestamp${isAdjustedToUTC ? "tz" : ""}${ending}`;
}
