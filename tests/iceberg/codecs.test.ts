/** What writers pack manifests and metadata files with, and what is said of the rest. */
import assert from "node:assert/strict";
import { crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { AvroError } from "../../lib/iceberg/avro_values.ts";
import { codecs, MAX_UNPACKED, metadataText } from "../../lib/iceberg/codecs.ts";
import { isMetadataFile } from "../../lib/iceberg/location.ts";
import { readManifestList } from "../../lib/iceberg/manifest.ts";
import { MetadataError, readTableMetadata } from "../../lib/iceberg/metadata.ts";

const TEXT = '{"format-version":2,"location":"s3://lake/t"}';
const bytes = (text: string) => new TextEncoder().encode(text);

/** A block as Avro keeps it: packed, with the checksum of what was packed. */
function block(packed: number[], whole: Uint8Array): Uint8Array {
  const out = new Uint8Array(packed.length + 4);
  out.set(packed);
  new DataView(out.buffer).setUint32(packed.length, crc32(whole));
  // As a view into something longer, as blocks of a file are.
  const file = new Uint8Array(out.length + 7);
  file.set(out, 7);
  return file.subarray(7);
}

const snappy = (packed: number[], text: string) =>
  new TextDecoder().decode(codecs.snappy?.(block(packed, bytes(text))));

const [A, B] = [0x61, 0x62];

Deno.test("snappy: literals and copies of every length of offset are unpacked", () => {
  assert.equal(snappy([0], ""), "");
  assert.equal(snappy([2, 1 << 2, A, B], "ab"), "ab");
  for (const copy of [[(8 - 4) << 2 | 1, 2], [(8 - 1) << 2 | 2, 2, 0], [(8 - 1) << 2 | 3, 2, 0, 0, 0]]) {
    assert.equal(snappy([10, 1 << 2, A, B, ...copy], "ababababab"), "ababababab", String(copy));
  }
  const long = "a".repeat(300);
  const letters = Array<number>(300).fill(A);
  assert.equal(snappy([0xac, 2, 61 << 2, 299 & 0xff, 299 >> 8, ...letters], long), long);
  const far = [0xff & (1 << 5) | 1, 44];
  assert.equal(
    snappy([0xb0, 2, 61 << 2, 299 & 0xff, 299 >> 8, ...letters, ...far], `${long}aaaa`),
    `${long}aaaa`,
  );
});

Deno.test("snappy: what is damaged, or would unpack to too much, is said so and takes no memory", () => {
  const why = (packed: number[], whole = "") => {
    try {
      codecs.snappy?.(block(packed, bytes(whole)));
    } catch (error) {
      if (error instanceof AvroError) return error.why;
      throw error;
    }
    return "nothing";
  };
  for (
    const packed of [
      [],
      [0x80],
      [2, 1 << 2, A],
      [2, 1 << 2, A, B, 1 << 2, A, B],
      [9, 1 << 2, A, B],
      [10, 1 << 2, A, B, 0x11],
      [10, 1 << 2, A, B, 0x11, 3],
      [10, 1 << 2, A, B, 0x11, 0],
      [0xff, 0xff, 0xff, 0x3f, 0],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]
  ) {
    assert.equal(why(packed), "damaged", packed.join(" "));
  }
  const [low, ...rest] = [0x81, 0x80, 0x80, 0x40];
  assert.ok(MAX_UNPACKED === 0x40 * 2 ** 21);
  assert.equal(why([low ?? 0, ...rest, 0]), "unsupported");
  assert.equal(why([2, 1 << 2, A, B], "ba"), "damaged");
  assert.throws(() => codecs.snappy?.(new Uint8Array(3)), /without its checksum/);
});

Deno.test("a metadata file is read by its first bytes, whatever it is called", () => {
  for (const packed of [bytes(TEXT), gzipSync(TEXT), zstdCompressSync(TEXT)]) {
    assert.equal(readTableMetadata(metadataText(packed)).location, "s3://lake/t");
  }
  for (const end of ["", ".gz", ".zst", ".zstd"]) {
    for (const middle of ["", ".gz", ".zstd"]) {
      assert.ok(isMetadataFile(`t/metadata/00001${middle}.metadata.json${end}`));
    }
  }
  assert.ok(!isMetadataFile("t/metadata/00001.metadata.json.parquet"));
});

Deno.test("a metadata file that is encrypted, or packed otherwise, is not understood and not damaged", () => {
  const lz4 = [0x04, 0x22, 0x4d, 0x18, 1];
  for (
    const [head, said] of [
      [bytes("AGS1abc"), "is encrypted, which is not read here"],
      [new Uint8Array(lz4), "is packed with lz4, which is not read here"],
      [new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a]), "is packed with xz, which is not read here"],
      [bytes("BZh9"), "is packed with bzip2, which is not read here"],
    ] as const
  ) {
    assert.throws(
      () => metadataText(head),
      (error) => error instanceof MetadataError && error.why === "unsupported" && error.message === said,
    );
  }
  const packed = zstdCompressSync(TEXT);
  for (const damaged of [packed.subarray(0, 20), packed.subarray(0, 5), packed.fill(0xff, 6)]) {
    assert.throws(
      () => readTableMetadata(metadataText(damaged)),
      (error) => error instanceof MetadataError && error.why === "damaged",
    );
  }
});

Deno.test("a manifest list that is encrypted is not understood and not damaged", () => {
  assert.throws(
    () => readManifestList(bytes("AGS1abc"), codecs),
    (error) =>
      error instanceof AvroError && error.why === "unsupported" && /^is encrypted/.test(error.message),
  );
});
