import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import process from "node:process";
import avro from "avsc";
import fc from "fast-check";
import { type Codecs, openAvro } from "../../lib/iceberg/avro.ts";
import { AvroError, cursorOf, readLong } from "../../lib/iceberg/avro_values.ts";
import { readManifest, readManifestList } from "../../lib/iceberg/manifest.ts";
import { bytesOf, codecs, recorded } from "./fixtures.ts";
import { computedMs } from "../patience.ts";

/** 64 bits, which avsc takes from a type of ours only. */
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true),
  toBuffer(value: bigint) {
    // avsc wants a Buffer.
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => a === b ? 0 : a < b ? -1 : 1,
});

Deno.test("a long is what avsc wrote, to the last of 64 bits", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
    const bytes = new Uint8Array(long.toBuffer(value));
    const cursor = cursorOf(bytes);
    const read = readLong(cursor);
    assert.equal(BigInt(read), value);
    assert.equal(
      typeof read,
      Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value ? "number" : "bigint",
    );
    assert.equal(cursor.at, bytes.length);
  }));
});

/** A file as avsc writes it, with blocks of this many bytes. */
function written(
  schema: unknown,
  records: unknown[],
  options: { codec?: string; blockSize?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new avro.streams.BlockEncoder(
    schema as never,
    { writeHeader: "always", ...options } as never,
  );
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  encoder.on("data", (chunk: Uint8Array<ArrayBuffer>) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  encoder.on("end", async () => resolve(await new Blob(chunks).bytes()));
  for (const record of records) encoder.write(record);
  encoder.end();
  return promise;
}

const EVERYTHING = {
  type: "record",
  name: "everything",
  fields: [
    { name: "n", type: "null", "field-id": 1 },
    { name: "yes", type: "boolean", "field-id": 2 },
    { name: "f", type: "float", "field-id": 3 },
    { name: "d", type: "double", "field-id": 4 },
    { name: "raw", type: "bytes", "field-id": 5 },
    { name: "fix", type: { type: "fixed", name: "four", size: 4 }, "field-id": 6 },
    { name: "suit", type: { type: "enum", name: "suit", symbols: ["A", "B"] }, "field-id": 7 },
    { name: "again", type: "suit", "field-id": 8 },
    { name: "list", type: { type: "array", items: ["null", "string"] }, "field-id": 9 },
    { name: "map", type: { type: "map", values: "long" }, "field-id": 10 },
    {
      name: "deep",
      type: ["null", {
        type: "record",
        name: "deep",
        fields: [{ name: "text", type: "string", "field-id": 12 }],
      }],
      "field-id": 11,
    },
    { name: "last", type: "int", "field-id": 13 },
  ],
};

const everything = fc.record({
  n: fc.constant(null),
  yes: fc.boolean(),
  f: fc.float({ noNaN: true }),
  d: fc.double({ noNaN: true }),
  raw: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fix: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  suit: fc.constantFrom("A", "B"),
  again: fc.constantFrom("A", "B"),
  list: fc.array(fc.option(fc.string({ unit: "grapheme" }))),
  // avsc writes longs up to 2^53 - 2 either way.
  map: fc.dictionary(fc.string(), fc.maxSafeInteger().filter((n) => Math.abs(n) < Number.MAX_SAFE_INTEGER)),
  deep: fc.option(fc.string({ unit: "grapheme" }).map((text) => ({ text }))),
  last: fc.integer(),
});

const WANTED = { deep: { id: 11, of: { words: { id: 12 } } }, end: { id: 13 }, yes: { id: 2 } } as const;

Deno.test("wanted fields are found between fields of every type, whatever they hold, in blocks of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(everything, { maxLength: 20 }),
      fc.constantFrom("null", "deflate"),
      fc.integer({ min: 16, max: 2000 }),
      async (records, codec, blockSize) => {
        const bytes = await written(EVERYTHING, records, { codec, blockSize });
        const read = [...openAvro(bytes, WANTED, codecs).records()];
        assert.deepEqual(
          read,
          records.map(({ deep, last, yes }) => ({ yes, deep: deep && { words: deep.text }, end: last })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a manifest cut anywhere is refused, or gives less than all and nothing else", async () => {
  const table = await recorded("spark_orders_v2");
  const path = Object.keys(table.objects).find((key) => /-m0\.avro$/.test(key)) ?? "";
  const whole = bytesOf(table, `s3://lake/${path}`);
  const all = [...readManifest(whole, codecs)].length;
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    try {
      assert.ok([...readManifest(cut, codecs)].length < all, `${length} bytes gave all of ${all}`);
    } catch (error) {
      assert.ok(error instanceof AvroError, `${length} bytes: ${error}`);
    }
  }
});

Deno.test("a manifest with any one byte changed ends in an AvroError or in records, and in time", async () => {
  const table = await recorded("spark_orders_eq");
  const path = Object.keys(table.objects).find((key) => /snap-.*\.avro$/.test(key)) ?? "";
  const whole = bytesOf(table, `s3://lake/${path}`);
  const begin = process.cpuUsage();
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    for (const read of [() => [...readManifest(changed, codecs)], () => readManifestList(changed, codecs)]) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof AvroError, `byte ${at}: ${error}`);
      }
    }
  }
  assert.ok(computedMs(begin) < 20_000, "a damaged count must not become a long loop");
});

for (
  const [what, bytes, why] of [
    ["nothing", new Uint8Array(), "empty"],
    ["JSON", new TextEncoder().encode('{"manifests": []}'), "not-avro"],
    ["Parquet", new TextEncoder().encode("PAR1...PAR1"), "not-avro"],
    ["its magic only", new Uint8Array([0x4f, 0x62, 0x6a, 1]), "truncated"],
  ] as const
) {
  Deno.test(`a manifest of ${what} is refused as ${why}`, () => {
    assert.throws(
      () => readManifestList(bytes, codecs),
      (error) => error instanceof AvroError && error.why === why,
    );
  });
}

Deno.test("a codec that is not given is named, not taken for damage", async () => {
  const bytes = await written(EVERYTHING, [], { codec: "deflate" });
  assert.throws(
    () => openAvro(bytes, WANTED, {}),
    (error) => error instanceof AvroError && error.why === "unsupported" && /deflate/.test(error.message),
  );
});

Deno.test("an Avro file of other records is no manifest and no manifest list", async () => {
  const bytes = await written({ type: "record", name: "x", fields: [{ name: "a", type: "int" }] }, [{
    a: 1,
  }]);
  assert.throws(() => readManifestList(bytes, codecs), /manifest_path/);
  assert.throws(() => [...readManifest(bytes, codecs)], /no data_file/);
});

Deno.test("a block that unpacks to other bytes than its records is refused", async () => {
  const broken: Codecs = { deflate: (block) => new Uint8Array([...codecs.deflate?.(block) ?? [], 0]) };
  const bytes = await written(EVERYTHING, [], { codec: "deflate" });
  assert.deepEqual([...openAvro(bytes, WANTED, broken).records()], []);
  const table = await recorded("spark_orders_eq");
  const path = Object.keys(table.objects).find((key) => /snap-.*\.avro$/.test(key)) ?? "";
  assert.throws(
    () => readManifestList(bytesOf(table, `s3://lake/${path}`), broken),
    /more in it than its records/,
  );
});

/** What is needed of a manifest entry, in the order of their ids. */
const ENTRY = {
  type: "record",
  name: "manifest_entry",
  fields: [
    {
      name: "data_file",
      type: {
        type: "record",
        name: "r2",
        fields: [
          { name: "file_path", type: "string", "field-id": 100 },
          { name: "file_format", type: "string", "field-id": 101 },
          { name: "file_size_in_bytes", type: "long", "field-id": 104 },
        ],
      },
      "field-id": 2,
    },
    { name: "status", type: "int", "field-id": 0 },
  ],
};

const entry = (status: number, file_path: string) => ({
  status,
  data_file: { file_path, file_format: "PARQUET", file_size_in_bytes: 9 },
});

Deno.test("a file that left the table with a snapshot is not one of its files", async () => {
  const bytes = await written(ENTRY, [entry(0, "kept"), entry(1, "added"), entry(2, "deleted")]);
  assert.deepEqual([...readManifest(bytes, codecs)].map(({ path }) => path), ["kept", "added"]);
});

Deno.test("a record that goes on behind its block is refused before it is given", async () => {
  const bytes = await written(ENTRY, [entry(1, "whole"), entry(1, "cut")], { codec: "deflate" });
  const short: Codecs = { deflate: (block) => codecs.deflate?.(block).slice(0, -1) ?? block };
  const given: string[] = [];
  assert.throws(
    () => {
      for (const { path } of readManifest(bytes, short)) given.push(path);
    },
    (error) => error instanceof AvroError && error.why === "truncated",
  );
  assert.deepEqual(given, ["whole"]);
});
