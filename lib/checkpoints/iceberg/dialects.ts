/** What statements of trials are called in the SQL of each engine: types, literals, names. Pure. */
import { parseJson } from "../../untrusted/json.ts";
import { sqlText } from "../../untrusted/quoting.ts";
import type { Cell, EngineName } from "./engines/engine.ts";

/** A type of Iceberg, by the name that trials give it. */
export type Kind =
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "decimal"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "string"
  | "uuid"
  | "binary"
  | "list"
  | "struct"
  | "map";

export interface Dialect {
  /** Absent: the engine has no such type, or can't write it. */
  types: Readonly<Partial<Record<Kind, string>>>;
  /** An identifier, quoted, whatever is in it. */
  name(text: string): string;
  /** What follows the columns of CREATE TABLE. `version`: of the format. */
  table(version: 2 | 3): string;
  literal(kind: Kind, cell: Cell): string;
}

const doubled = (quote: string) => (text: string) =>
  `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;

const cast = (type: string | undefined, text: string) => `CAST(${text} AS ${type ?? "VARCHAR"})`;

const sparkTypes: Readonly<Partial<Record<Kind, string>>> = {
  boolean: "BOOLEAN",
  int: "INT",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  decimal: "DECIMAL(38, 10)",
  date: "DATE",
  timestamp: "TIMESTAMP_NTZ",
  timestamptz: "TIMESTAMP",
  string: "STRING",
  binary: "BINARY",
  list: "ARRAY<INT>",
  struct: "STRUCT<x: INT, y: STRING>",
  map: "MAP<STRING, INT>",
};

const duckdbTypes = {
  boolean: "BOOLEAN",
  int: "INTEGER",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  decimal: "DECIMAL(38, 10)",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMPTZ",
  string: "VARCHAR",
  uuid: "UUID",
  binary: "BLOB",
  list: "INTEGER[]",
  struct: "STRUCT(x INTEGER, y VARCHAR)",
  map: "MAP(VARCHAR, INTEGER)",
} as const;

const trinoTypes = {
  ...{ boolean: "BOOLEAN", int: "INTEGER", long: "BIGINT", float: "REAL", double: "DOUBLE" },
  ...{ decimal: "DECIMAL(38, 10)", date: "DATE", time: "TIME(6)", timestamp: "TIMESTAMP(6)" },
  ...{ timestamptz: "TIMESTAMP(6) WITH TIME ZONE", string: "VARCHAR", uuid: "UUID", binary: "VARBINARY" },
  ...{ list: "ARRAY(INTEGER)", struct: "ROW(x INTEGER, y VARCHAR)", map: "MAP(VARCHAR, INTEGER)" },
} as const;

/** The parts of a nested literal as Cells: a JSON text of arrays. */
const parts = (cell: string) => parseJson(cell) as (string | null | (string | null)[])[];

const int = (part: unknown) => part === null || part === undefined ? "NULL" : String(part);
const text = (part: unknown) => part === null || part === undefined ? "NULL" : sqlText(String(part));

function sparkLiteral(kind: Kind, cell: Cell): string {
  const type = sparkTypes[kind];
  if (cell === null) return cast(type, "NULL");
  if (kind === "binary") return `X'${cell}'`;
  // Spark takes a backslash in a text for the begin of an escape.
  const literal = (one: unknown) => text(one).replaceAll("\\", "\\\\");
  if (kind === "string") return literal(cell);
  if (kind === "list") return cast(type, `array(${parts(cell).map(int).join(", ")})`);
  if (kind === "struct") {
    const [x, y] = parts(cell);
    return cast(type, `named_struct('x', ${int(x)}, 'y', ${literal(y ?? null)})`);
  }
  if (kind === "map") {
    const pairs = parts(cell).map((pair) => `${literal(pair?.[0])}, ${int(pair?.[1])}`);
    return cast(type, pairs.length > 0 ? `map(${pairs.join(", ")})` : "map()");
  }
  return cast(type, sqlText(cell));
}

function duckdbLiteral(kind: Kind, cell: Cell): string {
  const type = duckdbTypes[kind];
  if (cell === null) return cast(type, "NULL");
  if (kind === "binary") return `unhex('${cell}')`;
  if (kind === "string") return sqlText(cell);
  if (kind === "list") return cast(type, `[${parts(cell).map(int).join(", ")}]`);
  if (kind === "struct") {
    const [x, y] = parts(cell);
    return cast(type, `{'x': ${int(x)}, 'y': ${text(y ?? null)}}`);
  }
  if (kind === "map") {
    const pairs = parts(cell).map((pair) => `${text(pair?.[0])}: ${int(pair?.[1])}`);
    return cast(type, `MAP {${pairs.join(", ")}}`);
  }
  return cast(type, sqlText(cell));
}

function trinoLiteral(kind: Kind, cell: Cell): string {
  const type = trinoTypes[kind];
  if (cell === null) return cast(type, "NULL");
  if (kind === "binary") return `X'${cell}'`;
  if (kind === "string") return sqlText(cell);
  if (kind === "list") return cast(type, `ARRAY[${parts(cell).map(int).join(", ")}]`);
  if (kind === "struct") {
    const [x, y] = parts(cell);
    return cast(type, `ROW(${int(x)}, ${text(y ?? null)})`);
  }
  if (kind === "map") {
    const pairs = parts(cell);
    const keys = pairs.map((pair) => text(pair?.[0])).join(", ");
    return cast(type, `MAP(ARRAY[${keys}], ARRAY[${pairs.map((pair) => int(pair?.[1])).join(", ")}])`);
  }
  return cast(
    type,
    sqlText(kind === "timestamptz" ? cell.replace("T", " ").replace("Z", " UTC") : cell.replace("T", " ")),
  );
}

export const dialects: Readonly<Record<EngineName, Dialect>> = {
  spark: {
    types: sparkTypes,
    name: doubled("`"),
    table: (version) => `USING iceberg TBLPROPERTIES ('format-version' = '${version}')`,
    literal: sparkLiteral,
  },
  duckdb: {
    types: duckdbTypes,
    name: doubled('"'),
    table: (version) => version === 2 ? "" : `WITH ('format-version' = '${version}')`,
    literal: duckdbLiteral,
  },
  trino: {
    types: trinoTypes,
    name: doubled('"'),
    table: (version) => `WITH (format_version = ${version})`,
    literal: trinoLiteral,
  },
};
