/** Avro files that somebody made to harm: they end in an AvroError, soon, and in nothing else. */
import assert from "node:assert/strict";
import process from "node:process";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import * as real from "../../lib/iceberg/codecs.ts";
import { type Codecs, openAvro } from "../../lib/iceberg/avro.ts";
import type { Wanted } from "../../lib/iceberg/avro_schema.ts";
import { AvroError } from "../../lib/iceberg/avro_values.ts";
import { MetadataError, readTableMetadata } from "../../lib/iceberg/metadata.ts";
import { readManifest, readManifestList } from "../../lib/iceberg/manifest.ts";
import { bytesOf, recorded } from "./fixtures.ts";

function long(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt(value) << 1n ^ (value < 0 ? -1n : 0n);
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return [...out, Number(rest)];
}

const text = (value: string) => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...long(bytes.length), ...bytes];
};

const SYNC = Array.from({ length: 16 }, (_, i) => i + 1);

interface Block {
  count: number;
  bytes: readonly number[] | Uint8Array;
  sync?: readonly number[];
}

/** A file with this schema, as text, and these blocks. */
function fileOf(schema: string, blocks: readonly Block[], codec = "null"): Uint8Array {
  const head = [
    0x4f,
    0x62,
    0x6a,
    1,
    ...long(2),
    ...text("avro.codec"),
    ...text(codec),
    ...text("avro.schema"),
  ];
  const body = blocks.map(({ count, bytes, sync = SYNC }) => [long(count), long(bytes.length), bytes, sync])
    .flat();
  return new Uint8Array(
    joined([head, text(schema), [0], SYNC, ...body].map((part) => Uint8Array.from(part))),
  );
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const record = (fields: unknown) => JSON.stringify({ type: "record", name: "r", fields });
const one = (type: unknown) => record([{ name: "a", type, "field-id": 1 }]);
const WANTED = { a: { id: 1 } } as const;

function failure(bytes: Uint8Array, codecs: Codecs = {}): AvroError {
  for (const wanted of [WANTED, {}]) {
    const before = process.cpuUsage();
    let caught: unknown;
    try {
      [...openAvro(bytes, wanted, codecs).records()];
    } catch (error) {
      caught = error;
    }
    const { user } = process.cpuUsage(before);
    assert.ok(user < 3_000_000, `${user} µs`);
    assert.ok(caught instanceof AvroError, String(caught));
    if (wanted !== WANTED) return caught;
  }
  throw new Error("unreachable");
}

const PROTOTYPE = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf", "isPrototypeOf"];

for (const name of PROTOTYPE) {
  Deno.test(`a type or a codec called ${name} is none`, () => {
    for (const type of [name, { type: name }, ["null", name], { type: "array", items: name }]) {
      const { why, message } = failure(fileOf(one(type), [{ count: 1, bytes: [0, 0] }]));
      assert.equal(why, "damaged");
      assert.match(message, /type that Avro does not know/);
    }
    const { why, message } = failure(fileOf(one("int"), [{ count: 1, bytes: [0] }], name), real.codecs);
    assert.equal(why, "unsupported");
    assert.match(message, new RegExp(`packed with ${name}, which is not read here`));
  });
}

Deno.test("a schema that is nested without end is not understood", () => {
  const deep = (levels: number, open: string, close: string) =>
    `{"type":"record","name":"r","fields":[{"name":"a","type":${open.repeat(levels)}"int"${
      close.repeat(levels)
    }}]}`;
  for (const [open, close] of [['{"type":', "}"], ["[", "]"], ['{"type":"array","items":', "}"]] as const) {
    for (const levels of [250, 100_000]) {
      const { why, message } = failure(fileOf(deep(levels, open, close), [{ count: 1, bytes: [0] }]));
      assert.equal(why, "unsupported");
      assert.match(message, /deeper than 200 levels/);
    }
    openAvro(fileOf(deep(150, open, close), []), WANTED, {});
  }
});

const CHAIN = JSON.stringify({
  type: "record",
  name: "r",
  fields: [{ name: "a", type: ["null", "r"], "field-id": 1 }],
});

Deno.test("a record within itself is read up to 200 deep, and is not understood beyond", () => {
  const levels = (count: number) =>
    fileOf(CHAIN, [{ count: 1, bytes: [...Array<number>(count).fill(2), 0] }]);
  assert.equal([...openAvro(levels(199), WANTED, {}).records()].length, 1);
  for (const count of [200, 500_000]) {
    const { why, message } = failure(levels(count));
    assert.equal(why, "unsupported");
    assert.match(message, /deeper than 200 levels/);
  }
});

Deno.test("many records beside each other are not deep", () => {
  const bytes = Array.from({ length: 1000 }, () => [2, 2, 0]).flat();
  assert.equal([...openAvro(fileOf(CHAIN, [{ count: 1000, bytes }]), WANTED, {}).records()].length, 1000);
});

Deno.test("a record that is a part of itself whatever its bytes say is not understood", () => {
  const endless = record([{ name: "a", type: "r", "field-id": 1 }]);
  assert.equal(failure(fileOf(endless, [{ count: 1, bytes: [0] }])).why, "unsupported");
});

Deno.test("a fixed type of no size is damage", () => {
  for (const size of [-1, -(2 ** 31), 1.5, "4", null, undefined, 1e300, {}]) {
    const type = { type: "array", items: { type: "fixed", name: "f", size } };
    assert.match(failure(fileOf(one(type), [{ count: 1, bytes: [2, 2, 2, 2, 0] }])).message, /no size/);
  }
});

Deno.test("a schema whose fields are none is damage", () => {
  for (const fields of [[null], [5], ["int"], [[]], null, {}, [{ name: "a" }], [{ name: "a", type: null }]]) {
    assert.equal(failure(fileOf(record(fields), [{ count: 1, bytes: [0] }])).why, "damaged");
  }
});

Deno.test("lists of lists of what takes no bytes end in time", () => {
  const inner = { type: "array", items: "null" };
  for (const items of [inner, { type: "map", values: inner }, { type: "array", items: inner }]) {
    const count = 60_000;
    const each = items === inner ? [...long(count), 0] : [0];
    const bytes = [...long(count), ...Array.from({ length: count }, () => each).flat(), 0];
    try {
      assert.ok([
        ...openAvro(fileOf(one({ type: "array", items }), [{ count: 1, bytes }]), {}, {}).records(),
      ]);
    } catch (error) {
      assert.ok(error instanceof AvroError, String(error));
    }
  }
  const bytes = [...long(50_000), ...Array.from({ length: 50_000 }, () => [...long(50_000), 0]).flat(), 0];
  assert.equal(failure(fileOf(one({ type: "array", items: inner }), [{ count: 1, bytes }])).why, "truncated");
});

Deno.test("counts, lengths and sizes that none can have are damage, not loops", () => {
  const list = { type: "array", items: "int" };
  for (
    const [type, bytes] of [
      [list, long(2 ** 40)],
      [list, [...long(-(2 ** 40)), ...long(1)]],
      [list, [...long(-1), ...long(-5), 0, 0]],
      [list, Array(20).fill(0xff)],
      ["string", long(2 ** 40)],
      ["bytes", long(-7)],
      [{ type: "map", values: "int" }, [...long(1), ...long(2 ** 31)]],
      [["null", "int"], long(7)],
      [["null", "int"], long(-1)],
      ["double", [1, 2, 3]],
    ] as const
  ) failure(fileOf(one(type), [{ count: 1, bytes }]));
  const jump = fileOf(one(list), [{ count: 1, bytes: [...long(-1), ...long(2 ** 50), 0, 0] }]);
  assert.throws(() => [...openAvro(jump, {}, {}).records()], AvroError);
  for (const count of [-1, 5, 2 ** 40, 2 ** 60]) {
    failure(fileOf(one("int"), [{ count, bytes: [0] }]));
  }
});

Deno.test("a block ends with the marker of its file, in each of its 16 bytes", () => {
  const block = { count: 1, bytes: [4] };
  assert.deepEqual([...openAvro(fileOf(one("int"), [block, block]), WANTED, {}).records()], [{ a: 2 }, {
    a: 2,
  }]);
  for (let at = 0; at < 16; at++) {
    const sync = SYNC.with(at, 99);
    for (const blocks of [[{ ...block, sync }], [block, { ...block, sync }], [{ ...block, sync }, block]]) {
      const { why, message } = failure(fileOf(one("int"), blocks));
      assert.equal(why, "damaged");
      assert.match(message, /does not end where it says/);
    }
  }
});

Deno.test("a block of more than 128 MiB, and blocks of more than 1 GiB together, are not unpacked", () => {
  const large = new Uint8Array(128 * 1024 * 1024 + 1);
  for (const [codec, pack] of [["deflate", deflateRawSync], ["zstandard", zstdCompressSync]] as const) {
    const packed = pack(large);
    assert.ok(packed.length < 1024 * 1024);
    const { why, message } = failure(fileOf(one("int"), [{ count: 1, bytes: packed }], codec), real.codecs);
    assert.equal(why, "unsupported");
    assert.match(message, /unpacks to more than 128 MiB, which is not read here/);
    assert.equal(real.codecs[codec]?.(pack(large.subarray(1))).length, 128 * 1024 * 1024);
  }
  const gib: Codecs = { deflate: () => new Uint8Array(2 ** 30 / 8) };
  const some = (blocks: number) =>
    fileOf(
      record([{ name: "a", type: { type: "fixed", name: "f", size: 2 ** 27 } }]),
      Array.from({ length: blocks }, () => ({ count: 1, bytes: [0] })),
      "deflate",
    );
  assert.equal([...openAvro(some(8), {}, gib).records()].length, 8);
  assert.match(failure(some(9), gib).message, /unpacks to more than 1 GiB/);
});

Deno.test("a metadata file of more than 128 MiB is not understood, packed or not; a damaged one is damage", () => {
  const large = new Uint8Array(128 * 1024 * 1024 + 1).fill(0x20);
  for (
    const [bytes, does] of [
      [gzipSync(large), "unpacks to"],
      [zstdCompressSync(large), "unpacks to"],
      [large, "has"],
    ] as const
  ) {
    assert.throws(
      () => real.metadataText(bytes),
      (error) =>
        error instanceof MetadataError && error.why === "unsupported" &&
        error.message === `${does} more than 128 MiB, which is not read here`,
    );
  }
  assert.equal(real.metadataText(gzipSync(large.subarray(1))).length, 128 * 1024 * 1024);
  assert.throws(
    () => real.metadataText(new Uint8Array([0x1f, 0x8b, 8, 0])),
    (error) => error instanceof MetadataError && error.why === "damaged",
  );
});

Deno.test("metadata without end in depth, or of a version to come, is not understood", () => {
  const deep = `{"format-version":2,"location":"s3://a/b","schemas":${"[".repeat(50_000)}${
    "]".repeat(50_000)
  }}`;
  for (
    const [metadata, words] of [[deep, /deeper than 200/], [
      '{"format-version":4,"location":"l"}',
      /4/,
    ]] as const
  ) {
    assert.throws(
      () => readTableMetadata(metadata),
      (error) => error instanceof MetadataError && error.why === "unsupported" && words.test(error.message),
    );
  }
});

const TYPES = fc.letrec<{ type: unknown }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(
      "null",
      "boolean",
      "int",
      "long",
      "float",
      "double",
      "bytes",
      "string",
      "r",
      "x",
      ...PROTOTYPE,
    ),
    fc.array(tie("type"), { maxLength: 3 }),
    fc.record({ type: fc.constant("array"), items: tie("type") }),
    fc.record({ type: fc.constant("map"), values: tie("type") }),
    fc.record({
      type: fc.constant("fixed"),
      name: fc.constant("x"),
      size: fc.oneof(fc.nat(9), fc.jsonValue()),
    }),
    fc.record({ type: fc.constant("enum"), name: fc.constant("x") }),
    fc.record({
      type: fc.constant("record"),
      name: fc.constantFrom("x", "r"),
      fields: fc.array(
        fc.record({ name: fc.constantFrom("a", "b"), type: tie("type"), "field-id": fc.nat(3) }),
      ),
    }),
    fc.jsonValue(),
  ),
})).type;

const HOSTILE_WANTED: Wanted[] = [{ a: { id: 1, of: { b: { id: 2 } } } }, {}];

Deno.test("property: any schema over any bytes gives records or an AvroError, in time", () => {
  fc.assert(
    fc.property(TYPES, fc.uint8Array({ maxLength: 300 }), fc.nat(20), (type, bytes, count) => {
      for (const wanted of HOSTILE_WANTED) {
        try {
          for (const _ of openAvro(fileOf(one(type), [{ count, bytes }]), wanted, real.codecs).records());
        } catch (error) {
          assert.ok(error instanceof AvroError, String(error));
        }
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("property: any bytes at any places of a manifest give files or an AvroError", async () => {
  const table = await recorded("spark_orders_eq");
  const paths = Object.keys(table.objects).filter((key) => /(-m0|snap-.*)\.avro$/.test(key));
  const changes = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 12 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(fc.constantFrom(...paths), changes, (path, all) => {
    const bytes = bytesOf(table, `s3://lake/${path}`).slice();
    for (const [at, some] of all) {
      bytes.set(some.subarray(0, bytes.length - at % bytes.length), at % bytes.length);
    }
    for (
      const read of [() => [...readManifest(bytes, real.codecs)], () => readManifestList(bytes, real.codecs)]
    ) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof AvroError, String(error));
      }
    }
  }));
});
