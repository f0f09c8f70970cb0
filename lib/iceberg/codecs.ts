/** How manifests and metadata files are unpacked. */
import { crc32, gunzipSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { beginsWith, type Codecs, isEncrypted } from "./avro.ts";
import { AvroError } from "./avro_values.ts";
import { MetadataError } from "./metadata.ts";
import { unpackSnappy } from "./snappy.ts";

/** Bytes of a metadata file, or of a block of a manifest, unpacked; a block of Iceberg's own writers has 64 KiB. */
export const MAX_UNPACKED = 128 * 1024 * 1024;

type Limited = (bytes: Uint8Array, most: number) => Uint8Array;

const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;
const why = (most: number) => most < MAX_UNPACKED ? "over-limit" : "unsupported";
const blockTooLarge = (most: number) =>
  new AvroError(why(most), `has a part that unpacks to more than ${mib(most)}, which is not read here`);

/** Throws what the codec throws, and AvroError, long before the memory is full, for what unpacks to more. */
function limited(
  unpack: (bytes: Uint8Array, limit: { maxOutputLength: number }) => Uint8Array,
): Limited {
  return (bytes, most) => {
    try {
      return unpack(bytes, { maxOutputLength: most });
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_BUFFER_TOO_LARGE") throw error;
      throw blockTooLarge(most);
    }
  };
}

const CHECKSUM_BYTES = 4;

/** Avro puts the checksum of what was packed behind each block of Snappy. */
function snappyBlock(block: Uint8Array, most: number): Uint8Array {
  const end = block.length - CHECKSUM_BYTES;
  if (end < 0) throw new AvroError("damaged", "has a block without its checksum");
  const unpacked = unpackSnappy(block.subarray(0, end), most, () => blockTooLarge(most));
  if (new DataView(block.buffer, block.byteOffset).getUint32(end) !== crc32(unpacked)) {
    throw new AvroError("damaged", "has a block whose checksum is another");
  }
  return unpacked;
}

const CODECS: Readonly<Record<string, Limited>> = {
  deflate: limited(inflateRawSync),
  zstandard: limited(zstdDecompressSync),
  snappy: snappyBlock,
};

const within = (most: number) => Math.max(1, Math.min(Math.floor(most), MAX_UNPACKED));

/** Codecs that unpack a block to as much as there is room for just then, and never to more than MAX_UNPACKED. */
export function codecsWithin(room: () => number): Codecs {
  return Object.fromEntries(
    Object.entries(CODECS).map(([name, unpack]) => [name, (block) => unpack(block, within(room()))]),
  );
}

export const codecs: Codecs = codecsWithin(() => MAX_UNPACKED);

/** Metadata files are known by their first bytes: writers call them `.gz.metadata.json`, `.metadata.json.gz` and more. */
const PACKED: readonly [magic: readonly number[], unpack: Limited | string][] = [
  [[0x1f, 0x8b], limited(gunzipSync)],
  [[0x28, 0xb5, 0x2f, 0xfd], limited(zstdDecompressSync)],
  [[0x04, 0x22, 0x4d, 0x18], "lz4"],
  [[0xff, 0x06, 0x00, 0x00], "snappy"],
  [[0xfd, 0x37, 0x7a, 0x58], "xz"],
  [[0x42, 0x5a, 0x68], "bzip2"],
];

/**
 * The text of a metadata file, packed or not, of at most `room` bytes. Throws MetadataError when it is damaged, larger, or
 * can't be read here.
 */
export function metadataText(bytes: Uint8Array, room: number = MAX_UNPACKED): string {
  const most = within(room);
  if (isEncrypted(bytes)) throw new MetadataError("is encrypted, which is not read here", "unsupported");
  const [, unpack] = PACKED.find(([magic]) => beginsWith(bytes, magic)) ?? [];
  if (typeof unpack === "string") {
    throw new MetadataError(`is packed with ${unpack}, which is not read here`, "unsupported");
  }
  if (!unpack) {
    if (bytes.length > most) throw tooLarge("has", most);
    return new TextDecoder().decode(bytes);
  }
  let unpacked: Uint8Array;
  try {
    unpacked = unpack(bytes, most);
  } catch (error) {
    if (error instanceof AvroError) throw tooLarge("unpacks to", most);
    throw new MetadataError("is packed, and can't be unpacked");
  }
  return new TextDecoder().decode(unpacked);
}

const tooLarge = (does: string, most: number) =>
  new MetadataError(`${does} more than ${mib(most)}, which is not read here`, why(most));
