/** Tables that one engine writes and every other one reads: values that are easily lost on the way. Pure. */
import type { Dialect, Kind } from "../dialects.ts";
import type { Cell } from "../engines/engine.ts";

/** A table to be written by one engine and read by the others. */
export interface Sample {
  name: string;
  /** For people: `values of every type`. */
  title: string;
  /** The statements that make and fill it, for a table of this name; undefined: this engine can't write it. */
  statements(dialect: Dialect, table: string): string[] | undefined;
  /** What reads it, in the order of its rows. */
  select(dialect: Dialect, table: string): string;
  /** The rows that must come. `dialect` is the writer's: it has not every type. */
  rows(dialect: Dialect): readonly (readonly Cell[])[];
}

/** Of each type the least, the most, and what is odd. */
const VALUES: Readonly<Record<Kind, readonly [string, string, string]>> = {
  boolean: ["false", "true", "true"],
  int: ["-2147483648", "2147483647", "0"],
  long: ["-9223372036854775808", "9223372036854775807", "9007199254740993"],
  float: ["-Infinity", "Infinity", "NaN"],
  double: ["-1.7976931348623157e+308", "5e-324", "NaN"],
  decimal: [
    "-9999999999999999999999999999.9999999999",
    "9999999999999999999999999999.9999999999",
    "0.0000000001",
  ],
  date: ["0001-01-01", "9999-12-31", "1969-12-31"],
  time: ["00:00:00.000000", "23:59:59.999999", "12:00:00.000001"],
  timestamp: ["1900-01-01T00:00:00.000001", "9999-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999"],
  timestamptz: ["1900-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
  string: ["", 'it\'s "quoted" \\ and % _ ; --', "Zażółć 日本語 🦆"],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "f79c3e09-677c-4bbd-a479-3f349cb785e7",
  ],
  binary: ["", "00ff", "efbbbf0a"],
  list: ["[]", "[null]", '["1",null,"-3"]'],
  struct: ["[null,null]", '["1",""]', '[null,"x"]'],
  map: ["[]", '[["a",null]]', '[["a","1"],["b","2"]]'],
};

/** Types that some engine can't read at all: each in a table of its own, so that the others are read. */
const APART: readonly Kind[] = ["time", "uuid"];

const typesTable = (name: string, title: string, kinds: readonly Kind[], version: 2 | 3): Sample => {
  const of = ({ types }: Dialect) => kinds.filter((kind) => types[kind] !== undefined);
  const column = (kind: Kind) => `c_${kind}`;
  return {
    name,
    title,
    statements(dialect, table) {
      const own = of(dialect);
      if (own.length === 0) return undefined;
      const columns = own.map((kind) => `${column(kind)} ${dialect.types[kind]}`);
      const row = (at: number) =>
        `(${at}, ${
          own.map((kind) => dialect.literal(kind, at === 3 ? null : VALUES[kind][at] ?? null)).join(", ")
        })`;
      return [
        `CREATE TABLE ${table} (n ${dialect.types.int}, ${columns.join(", ")}) ${dialect.table(version)}`,
        `INSERT INTO ${table} VALUES ${[0, 1, 2, 3].map(row).join(", ")}`,
      ];
    },
    select: (_, table) => `SELECT * FROM ${table} ORDER BY n`,
    rows: (dialect) =>
      [0, 1, 2, 3].map((at) => [
        String(at),
        ...of(dialect).map((kind) => at === 3 ? null : VALUES[kind][at] ?? null),
      ]),
  };
};

const kinds = (Object.keys(VALUES) as Kind[]).filter((kind) => !APART.includes(kind));

const changed: Sample = {
  name: "changed",
  title: "rows that were updated and deleted",
  statements: ({ types, table: options }, table) => [
    `CREATE TABLE ${table} (id ${types.long}, name ${types.string}) ${options(2)}`,
    `INSERT INTO ${table} VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')`,
    `DELETE FROM ${table} WHERE id = 2`,
    `UPDATE ${table} SET name = 'D' WHERE id = 4`,
    `INSERT INTO ${table} VALUES (5, 'e')`,
  ],
  select: (_, table) => `SELECT id, name FROM ${table} ORDER BY id`,
  rows: () => [["1", "a"], ["3", "c"], ["4", "D"], ["5", "e"]],
};

const evolved: Sample = {
  name: "evolved",
  title: "columns that were added, renamed, and dropped and added again",
  statements: ({ types, table: options }, table) => [
    `CREATE TABLE ${table} (id ${types.int}, name ${types.string}, note ${types.string}) ${options(2)}`,
    `INSERT INTO ${table} VALUES (1, 'one', 'old')`,
    `ALTER TABLE ${table} RENAME COLUMN name TO title`,
    `ALTER TABLE ${table} DROP COLUMN note`,
    `ALTER TABLE ${table} ADD COLUMN note ${types.string}`,
    `INSERT INTO ${table} VALUES (2, 'two', 'new')`,
  ],
  select: (_, table) => `SELECT id, title, note FROM ${table} ORDER BY id`,
  rows: () => [["1", "one", null], ["2", "two", "new"]],
};

export const samples: readonly Sample[] = [
  typesTable("types", "values of every type", kinds, 2),
  ...APART.map((kind) => typesTable(kind, `values of type ${kind}`, [kind], 2)),
  changed,
  evolved,
  typesTable("v3", "a table of format version 3", ["long", "string"], 3),
];
