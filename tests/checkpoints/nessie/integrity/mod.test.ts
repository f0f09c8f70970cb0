import assert from "node:assert/strict";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import { integrityRecords } from "../../../../lib/checkpoints/nessie/integrity/records.ts";
import { bytesOf, type RecordedTable, type TableName, TABLES } from "../../../iceberg/fixtures.ts";
import { type FakeStore, put, putBytes, walkOver, withStore } from "./fixture.ts";

Deno.test("tables that PyIceberg and Spark wrote are whole, and nothing of them is an orphan", () =>
  withStore(async (store) => {
    const entries: Record<string, string> = {};
    for (const name of TABLES) entries[`db.${name}`] = (await put(store, name)).metadataLocation;
    const walked = await walkOver(store, { main: { entries } });
    assert.deepEqual(walked.tally.findings, []);
    assert.equal(walked.tally.files, 8 + 8 + 10 + 8 + 8 + 2);
    assert.equal(walked.tally.orphans.count, 0);
    assert.equal(walked.tally.young.count, 0);
    assert.deepEqual(walked.strays?.strays, { count: 0, bytes: 0 });
    const records = integrityRecords(walked);
    assert.deepEqual(
      records.map(({ result }) => result),
      ["passed", "passed", "passed", "passed", "passed"],
      JSON.stringify(records),
    );
  }));

/** What is found of one table on main after it was damaged: `status reason object: message` without the rest. */
async function found(
  name: TableName,
  damage: (store: FakeStore, table: RecordedTable) => void,
  type: "BRANCH" | "TAG" = "BRANCH",
): Promise<TrialRecord[]> {
  let records: TrialRecord[] = [];
  await withStore(async (store) => {
    const table = await put(store, name);
    damage(store, table);
    const walked = await walkOver(store, {
      main: { type, entries: { "db.orders": table.metadataLocation } },
    });
    records = integrityRecords(walked).filter(({ result }) => result !== "passed" && result !== "skipped");
  });
  return records;
}

const keyLike = (table: RecordedTable, pattern: RegExp, at = 0) =>
  Object.keys(table.objects).filter((key) => pattern.test(key)).at(at) ?? "";
const change = (store: FakeStore, key: string, bytes: Uint8Array<ArrayBuffer>) =>
  putBytes(store, `s3://lake/${key}`, bytes);
const bytesAt = (table: RecordedTable, key: string) => bytesOf(table, `s3://lake/${key}`);
const METADATA = (table: RecordedTable) => table.metadataLocation.slice("s3://lake/".length);
const TEXT = new TextEncoder();

/** Each kind of damage to the equality-delete table, whose files all belong to the current snapshot. */
const DAMAGES: [what: string, damage: (store: FakeStore, table: RecordedTable) => void, finding: RegExp][] = [
  [
    "the metadata file is missing",
    (store, table) => store.objects.delete(`lake/${METADATA(table)}`),
    /^critical Missing main:db\.orders: a metadata file is missing, and the current snapshot needs it: s3:\/\/lake\/.*metadata\.json$/,
  ],
  [
    "the metadata file is empty",
    (store, table) => change(store, METADATA(table), new Uint8Array()),
    /^critical Empty .*a metadata file is empty/,
  ],
  [
    "the metadata file is cut",
    (store, table) => change(store, METADATA(table), bytesAt(table, METADATA(table)).slice(0, 700)),
    /^critical Broken .*is not JSON, or not all of it/,
  ],
  [
    "the metadata file is HTML",
    (store, table) => change(store, METADATA(table), TEXT.encode("<html>404</html>")),
    /^critical Broken .*is not JSON/,
  ],
  [
    "a packed metadata file is cut",
    (store, table) => change(store, METADATA(table), new Uint8Array([0x1f, 0x8b, 8, 0, 0])),
    /^critical Broken .*can't be unpacked/,
  ],
  [
    "the newest manifest list is missing",
    (store, table) => store.objects.delete(`lake/${keyLike(table, /snap-8758078249642178768/)}`),
    /^critical Missing .*a manifest list is missing/,
  ],
  [
    "the newest manifest list is cut",
    (store, table) => {
      const key = keyLike(table, /snap-8758078249642178768/);
      change(store, key, bytesAt(table, key).slice(0, -20));
    },
    /^critical Broken .*a manifest list is broken.*(ends|whole)/,
  ],
  [
    "a manifest is cut",
    (store, table) => {
      const key = keyLike(table, /-m0\.avro$/);
      change(store, key, bytesAt(table, key).slice(0, -1));
    },
    /^critical WrongSize .*a manifest has another size than is named.*\d+ bytes instead of \d+/,
  ],
  [
    "a manifest is of another format",
    (store, table) => {
      const key = keyLike(table, /-m0\.avro$/);
      change(store, key, TEXT.encode("PAR1".padEnd(table.objects[key]?.size ?? 0)));
    },
    /^critical Broken .*a manifest is broken.*is not an Avro file/,
  ],
  [
    "a data file is missing",
    (store, table) => store.objects.delete(`lake/${keyLike(table, /data\/00000/)}`),
    /^critical Missing .*a data file is missing, and the current snapshot needs it: s3:\/\/lake\/spark\/db\/orders_eq\/data\/00000/,
  ],
  [
    "a data file is empty",
    (store, table) => change(store, keyLike(table, /data\/00000/), new Uint8Array()),
    /^critical Empty .*a data file is empty.*0 bytes instead of \d+/,
  ],
  [
    "a data file is cut",
    (store, table) => change(store, keyLike(table, /data\/00000/), new Uint8Array(100)),
    /^critical WrongSize .*100 bytes instead of \d+/,
  ],
  [
    "an equality delete file is missing",
    (store, table) => store.objects.delete(`lake/${keyLike(table, /eq-delete/)}`),
    /^critical Missing .*an equality delete file is missing/,
  ],
];

const line = ({ status, result, reason, message }: TrialRecord) =>
  `${result === "unknown" ? "unknown" : status ?? "critical"} ${reason} ${message}`;

for (const [what, damage, finding] of DAMAGES) {
  Deno.test(`it is named, once, when ${what}`, async () => {
    const records = await found("spark_orders_eq", damage);
    assert.equal(records.length, 1, JSON.stringify(records, null, 1));
    assert.match(line(records[0] as TrialRecord), finding);
    assert.deepEqual(records[0]?.object, { kind: "Table", name: "main:db.orders" });
  });
}

Deno.test("what only an older snapshot needs is a warning", async () => {
  const old = (_: FakeStore, table: RecordedTable) => keyLike(table, /snap-(?!5408115897726282231)/);
  const records = await found(
    "spark_orders_v2",
    (store, table) => store.objects.delete(`lake/${old(store, table)}`),
  );
  assert.equal(records.length, 1);
  assert.match(
    line(records[0] as TrialRecord),
    /^warning Missing .*a manifest list is missing; only older snapshots need it/,
  );
});

Deno.test("what only a tag of the catalog needs is a warning", async () => {
  const gone = (store: FakeStore, table: RecordedTable) =>
    store.objects.delete(`lake/${keyLike(table, /data\/00000/)}`);
  const records = await found("spark_orders_eq", gone, "TAG");
  assert.deepEqual(records.map(({ status }) => status), ["warning"]);
});

Deno.test("delete files and deletion vectors are looked for like data files", async () => {
  for (
    const [name, pattern, words] of [
      ["spark_orders_v2", /-deletes\.parquet$/, /2 position delete files are missing/],
      ["spark_orders_v3", /-deletes\.puffin$/, /2 deletion vector files are missing/],
    ] as const
  ) {
    const records = await found(name, (store, table) => {
      for (const key of Object.keys(table.objects)) {
        if (pattern.test(key)) store.objects.delete(`lake/${key}`);
      }
    });
    assert.equal(records.length, 1, JSON.stringify(records));
    assert.match(records[0]?.message ?? "", words);
  }
});

/** An Avro file of one record with this schema. */
const avroOf = (schema: string) => {
  const length = TEXT.encode(schema).length;
  const size = [length * 2 % 128 | 0x80, (length * 2 >> 7) % 128 | 0x80, length * 2 >> 14];
  const head = [
    0x4f,
    0x62,
    0x6a,
    1,
    2,
    22,
    ...TEXT.encode("avro.schema"),
    ...size,
    ...TEXT.encode(schema),
    0,
  ];
  const sync = Array<number>(16).fill(7);
  return new Uint8Array([...head, ...sync, 2, 2, 0, ...sync]);
};

const NESTED = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

for (
  const [what, key, bytes] of [
    ["metadata", METADATA, TEXT.encode(`{"format-version":2,"location":"s3://lake/x","schemas":${NESTED}}`)],
    [
      "the schema of a manifest list",
      (table: RecordedTable) => keyLike(table, /snap-/),
      avroOf(`{"type":"record","name":"r","fields":[{"name":"a","type":${NESTED}}]}`),
    ],
    [
      "a record of a manifest list",
      (table: RecordedTable) => keyLike(table, /snap-/),
      avroOf('{"type":"record","name":"r","fields":[{"name":"a","type":"r"}]}'),
    ],
  ] as const
) {
  Deno.test(`${what} without end in depth is not understood, for this file alone`, () =>
    withStore(async (store) => {
      const harmful = await put(store, "spark_orders_v1");
      const whole = await put(store, "spark_orders_v2");
      change(store, key(harmful), bytes);
      const entries = { "db.a": harmful.metadataLocation, "db.b": whole.metadataLocation };
      const walked = await walkOver(store, { main: { entries } });
      assert.equal(walked.tally.tables, 2);
      assert.ok(walked.tally.files >= 4, "the files of the other table");
      const said = integrityRecords(walked).filter(({ result }) => result === "unknown");
      assert.ok(
        said.some(({ reason, message }) => reason === "NotUnderstood" && /200 levels/.test(message ?? "")),
      );
    }));
}

Deno.test("a broken table does not keep the walk from the others", () =>
  withStore(async (store) => {
    const broken = await put(store, "spark_orders_v1");
    const whole = await put(store, "spark_orders_v2");
    store.objects.delete(`lake/${METADATA(broken)}`);
    const entries = { "db.a": broken.metadataLocation, "db.b": whole.metadataLocation };
    const { tally } = await walkOver(store, { main: { entries } });
    assert.equal(tally.tables, 2);
    assert.equal(tally.files, 8);
    assert.equal(tally.faulty, 1);
  }));
