/**
 * Avro object container files, of which Iceberg makes its manifests, as far as it is needed to read chosen fields of
 * their records. Contract: https://avro.apache.org/docs/1.12.0/specification/. (docs/decisions/avro.md says why this
 * is not a library.) Pure: what unpacks blocks is given.
 */
import { type AvroReader, readerOf, type Wanted } from "./avro_schema.ts";
import { AvroError, type Cursor, cursorOf, readBytes, readSize, readText } from "./avro_values.ts";
import { cut } from "../untrusted/text.ts";
import { own } from "../untrusted/lookup.ts";

/** How the blocks of each codec that can be read are unpacked: `deflate` is raw, without zlib's header. */
export type Codecs = Readonly<Record<string, (block: Uint8Array) => Uint8Array>>;

export interface AvroFile {
  /** The file's own properties; Iceberg's are `format-version`, `content`, `partition-spec` ... */
  property(name: string): string | undefined;
  /** The records with the wanted fields only, block by block. Throws AvroError where the file is damaged. */
  records(): Generator<Record<string, unknown>>;
}

const MAGIC = [0x4f, 0x62, 0x6a, 0x01];
/** `AGS1`: https://iceberg.apache.org/gcm-stream-spec/ */
const ENCRYPTED = [0x41, 0x47, 0x53, 0x31];
const SYNC_BYTES = 16;
/** Bytes that the blocks of one file may have together, unpacked. Iceberg's manifests have 8 MiB. */
const MOST_UNPACKED = 1024 ** 3;

export const beginsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, at) => bytes[at] === byte);

/** Whether a file is encrypted as Iceberg's own writers do it. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return beginsWith(bytes, ENCRYPTED);
}

/** Reads the header. Throws AvroError when it is no Avro file, or one with a codec that is not given. */
export function openAvro(bytes: Uint8Array, wanted: Wanted, codecs: Codecs): AvroFile {
  if (bytes.length === 0) throw new AvroError("empty", "has no bytes");
  if (isEncrypted(bytes)) throw new AvroError("unsupported", "is encrypted, which is not read here");
  if (!beginsWith(bytes, MAGIC)) throw new AvroError("not-avro", "is not an Avro file");
  const cursor: Cursor = { ...cursorOf(bytes), at: MAGIC.length };
  const properties = readProperties(cursor);
  const sync = cursor.at;
  cursor.at += SYNC_BYTES;
  if (cursor.at > cursor.end) throw truncated();
  const codec = properties.get("avro.codec") ?? "null";
  const unpack = codec === "null" ? (block: Uint8Array) => block : own(codecs, codec);
  if (!unpack) throw new AvroError("unsupported", `is packed with ${cut(codec, 40)}, which is not read here`);
  const reader = readerOf(properties.get("avro.schema") ?? "", wanted);
  return {
    property: (name) => properties.get(name),
    records: () => recordsOf({ ...cursor }, sync, unpack, reader),
  };
}

const truncated = () => new AvroError("truncated", "ends before its last record is whole");

function* recordsOf(
  cursor: Cursor,
  sync: number,
  unpack: (block: Uint8Array) => Uint8Array,
  reader: AvroReader,
): Generator<Record<string, unknown>> {
  const { bytes } = cursor;
  let size = 0;
  while (cursor.at < cursor.end) {
    const count = readSize(cursor);
    const packed = readBytes(cursor);
    if (cursor.at + SYNC_BYTES > cursor.end) throw truncated();
    for (let i = 0; i < SYNC_BYTES; i++) {
      if (bytes[cursor.at + i] !== bytes[sync + i]) {
        throw new AvroError("damaged", "has a block that does not end where it says");
      }
    }
    cursor.at += SYNC_BYTES;
    const block = unpacked(packed, unpack);
    size += block.length;
    if (size > MOST_UNPACKED) throw tooLarge();
    if (count > block.length) throw new AvroError("damaged", "has a block with fewer bytes than records");
    const inside = cursorOf(block);
    for (let i = 0; i < count; i++) {
      const record = reader(inside);
      if (inside.at > inside.end) throw truncated();
      yield record;
    }
    if (inside.at !== inside.end) {
      throw new AvroError("damaged", "has a block with more in it than its records");
    }
  }
}

const tooLarge = () => new AvroError("unsupported", "unpacks to more than 1 GiB, which is not read here");

function unpacked(packed: Uint8Array, unpack: (block: Uint8Array) => Uint8Array): Uint8Array {
  try {
    return unpack(packed);
  } catch (error) {
    if (error instanceof AvroError) throw error;
    throw new AvroError("damaged", "has a block that can't be unpacked");
  }
}

/** Iceberg keeps the whole schema of the table here; decoding texts nobody asks for costs more than all else. */
function readProperties(cursor: Cursor): { get(name: string): string | undefined } {
  const raw = new Map<string, Uint8Array>();
  for (let count = readSize(cursor, true); count !== 0; count = readSize(cursor, true)) {
    if (count < 0) readSize(cursor);
    for (let i = Math.abs(count); i > 0; i--) {
      const name = readText(cursor);
      raw.set(name, readBytes(cursor));
    }
  }
  return {
    get(name) {
      const value = raw.get(name);
      return value && new TextDecoder().decode(value);
    },
  };
}
