/** The tables that go up: every type with the values at which readers go wrong. */
import type { Field, IcebergType, Table, Value } from "./types.ts";

const optional = (id: number, name: string, type: IcebergType): Field => ({ id, name, type });
const decimalOf = (precision: number, scale: number): IcebergType => ({ decimal: { precision, scale } });
const bytes = (...values: number[]) => Uint8Array.of(...values);
const repeated = (byte: number, length: number) => new Uint8Array(length).fill(byte);

/** 0001-01-01 and 9999-12-31: what every engine can say. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;
const DAY_US = 86_400_000_000n;
const FIRST_US = BigInt(FIRST_DAY) * DAY_US;
const LAST_US = BigInt(LAST_DAY + 1) * DAY_US - 1n;
/** 2026-03-29T01:59:59.999999Z: the microsecond before Europe's clocks go forward. */
const SPRING_US = 1_774_749_599_999_999n;
/** The nanoseconds that 64 bits can say end in 2262. */
const LAST_NS = 2n ** 63n - 1n;

/** Values of each primitive type; a null is added to every column. */
const PRIMITIVES: readonly [name: string, type: IcebergType, values: readonly Value[]][] = [
  ["flag", "boolean", [true, false]],
  ["count", "int", [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]],
  ["number", "long", [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]],
  ["ratio", "float", [0, -0, NaN, Infinity, -Infinity, 1.401298464324817e-45, Math.fround(0.1)]],
  ["measure", "double", [0, -0, NaN, Infinity, -Infinity, 5e-324, 0.1, -1.7976931348623157e308]],
  ["price", decimalOf(9, 2), [0n, 1n, -1n, 999_999_999n, -999_999_999n]],
  ["amount", decimalOf(18, 4), [0n, 1n, -1n, 10n ** 18n - 1n, 1n - 10n ** 18n, 500_244_736_904_000_01n]],
  ["total", decimalOf(38, 10), [0n, 1n, -1n, 10n ** 38n - 1n, 1n - 10n ** 38n, 2n ** 64n, -(2n ** 64n)]],
  ["day", "date", [0, -1, 1, FIRST_DAY, LAST_DAY, 11_016]],
  ["clock", "time", [0n, 1n, DAY_US - 1n, 43_200_000_001n]],
  ["local", "timestamp", [0n, -1n, 1n, FIRST_US + 1n, LAST_US, SPRING_US]],
  ["instant", "timestamptz", [0n, -1n, 1n, FIRST_US + 1n, LAST_US, SPRING_US]],
  ["local_ns", "timestamp_ns", [0n, -1n, 1n, LAST_NS, -999n, SPRING_US * 1000n + 1n]],
  ["instant_ns", "timestamptz_ns", [0n, -1n, 1n, LAST_NS, -999n, SPRING_US * 1000n + 1n]],
  ["name", "string", [
    "",
    "a",
    "zażółć",
    "日本語",
    "😀𝄞",
    "e\u0301",
    "mark\ufeff",
    "a\u0000b",
    'O\'Neil "x"\n',
  ]],
  ["uid", "uuid", ["00000000-0000-0000-0000-000000000000", "f79c3e09-677c-4bbd-a479-3f349cb785e7"]],
  ["digest", { fixed: 16 }, [repeated(0, 16), repeated(255, 16), bytes(...Array(16).keys())]],
  ["blob", "binary", [bytes(), bytes(0), bytes(0, 255, 128), repeated(7, 300)]],
];

/** One column of each type, and as many rows as the longest list of values has; the rest is null. */
export function primitiveTable(): Table {
  const rows = 1 + Math.max(...PRIMITIVES.map(([, , values]) => values.length));
  const ids = Array.from({ length: rows }, (_, row) => BigInt(row));
  return {
    fields: [
      { id: 1, name: "id", type: "long", required: true },
      ...PRIMITIVES.map(([name, type], at) => optional(at + 2, name, type)),
    ],
    columns: [ids, ...PRIMITIVES.map(([, , values]) => ids.map((_, row) => values[row] ?? null))],
  };
}

/** Nulls at every level, next to what is easily taken for one: empty lists, maps, texts, structs of nulls. */
const NESTED: readonly [field: Field, values: readonly Value[]][] = [
  [
    optional(1, "person", {
      struct: [
        optional(2, "name", "string"),
        optional(3, "born", "date"),
        optional(4, "paid", decimalOf(38, 10)),
      ],
    }),
    [{ name: "Ada", born: -56_271, paid: -1n }, { name: "", born: null, paid: 10n ** 37n }, {
      name: null,
      born: null,
      paid: null,
    }, null],
  ],
  [optional(10, "scores", { list: optional(11, "element", "int") }), [[1, null, -3], [], [null], null]],
  [
    optional(20, "words", { list: optional(21, "element", { list: optional(22, "element", "string") }) }),
    [[["a", ""], [], null], [], [[null]], null],
  ],
  [
    optional(30, "visits", {
      list: optional(31, "element", {
        struct: [
          { id: 32, name: "at", type: "timestamptz", required: true },
          optional(33, "cost", decimalOf(9, 2)),
        ],
      }),
    }),
    [[{ at: -1n, cost: -1n }, null, { at: 1n, cost: null }], [], [null], null],
  ],
  [
    optional(40, "labels", {
      map: {
        key: { id: 41, name: "key", type: "string", required: true },
        value: optional(42, "value", "string"),
      },
    }),
    // Texts that look like numbers: kept in an object of JavaScript they would change their order.
    [[["b", "1"], ["10", null], ["9", ""], ["", "x"]], [], [["a", null]], null],
  ],
  [
    optional(50, "limits", {
      map: {
        key: { id: 51, name: "key", type: "int", required: true },
        value: optional(52, "value", "long"),
      },
    }),
    [[[2, 2n ** 63n - 1n], [1, null]], [], [[-1, -(2n ** 63n)]], null],
  ],
  [
    optional(60, "deep", {
      struct: [
        optional(61, "tags", { list: optional(62, "element", "string") }),
        optional(63, "inner", { struct: [optional(64, "value", "double")] }),
      ],
    }),
    [{ tags: ["x", null], inner: { value: -0 } }, { tags: [], inner: null }, {
      tags: null,
      inner: { value: null },
    }, null],
  ],
];

export function nestedTable(): Table {
  return { fields: NESTED.map(([field]) => field), columns: NESTED.map(([, values]) => values) };
}

/** Every field of both tables above, and no row. */
export function emptyTable(): Table {
  const fields = [
    ...primitiveTable().fields,
    ...nestedTable().fields.map((field) => renumbered(field, 100)),
  ];
  return { fields, columns: fields.map(() => []) };
}

function renumbered(field: Field, by: number): Field {
  const again = (part: Field) => renumbered(part, by);
  const { type } = field;
  const moved: IcebergType = typeof type === "string" || "fixed" in type || "decimal" in type
    ? type
    : "struct" in type
    ? { struct: type.struct.map(again) }
    : "list" in type
    ? { list: again(type.list) }
    : { map: { key: again(type.map.key), value: again(type.map.value) } };
  return { ...field, id: field.id + by, type: moved };
}

const WIDE: readonly [type: IcebergType, value: (n: number) => Value][] = [
  ["long", (n) => BigInt(n) * 1_000_000_007n],
  ["string", (n) => `value ${n}`],
  ["double", (n) => n / 7],
  [decimalOf(18, 4), (n) => BigInt(n) * 10_001n],
  ["timestamptz", (n) => SPRING_US + BigInt(n)],
  ["boolean", (n) => n % 3 === 0],
];

/** More columns than most tables have; every seventh value is null. */
export function wideTable(columns: number, rows: number): Table {
  const kind = (at: number) => WIDE[at % WIDE.length] ?? WIDE[0];
  const places = Array.from({ length: columns }, (_, at) => at);
  return {
    fields: places.map((at) => optional(at + 1, `column_${at}`, kind(at)?.[0] ?? "long")),
    columns: places.map((at) =>
      Array.from(
        { length: rows },
        (_, row) => (at + row) % 7 === 6 ? null : kind(at)?.[1](at * rows + row) ?? null,
      )
    ),
  };
}

/** Rows in the order of `id` and `at`, so that the bounds of row groups and pages tell where a row is. */
export function orderedTable(rows: number): Table {
  const numbers = Array.from({ length: rows }, (_, row) => row);
  return {
    fields: [
      { id: 1, name: "id", type: "long", required: true },
      optional(2, "at", "timestamptz"),
      optional(3, "amount", decimalOf(18, 4)),
      optional(4, "note", "string"),
    ],
    columns: [
      numbers.map((row) => BigInt(row) - 1000n),
      numbers.map((row) => SPRING_US + BigInt(row) * 1_000_001n),
      numbers.map((row) => BigInt((row * 7919) % 100_003) - 50_000n),
      numbers.map((row) => row % 5 === 0 ? null : `note ${row} ${"ż".repeat(row % 40)}`),
    ],
  };
}

/** Bytes that do not compress, the same on every run: at least `size` of them, in rows of 1 KiB. */
export function bulkTable(size: number): Table {
  const rows = Math.ceil(size / 1024);
  let state = 0x9e3779b9;
  const row = () => {
    const words = new Int32Array(256);
    // A loop: for megabytes, a callback for each number would take longer than the store.
    for (let at = 0; at < words.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = state;
    }
    return new Uint8Array(words.buffer);
  };
  return {
    fields: [{ id: 1, name: "id", type: "long", required: true }, optional(2, "payload", "binary")],
    columns: [
      Array.from({ length: rows }, (_, row) => BigInt(row)),
      Array.from({ length: rows }, row),
    ],
  };
}
