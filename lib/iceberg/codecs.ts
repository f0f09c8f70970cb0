/** How manifests and metadata files are unpacked. */
import { gunzipSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import type { Codecs } from "./avro.ts";
import { AvroError } from "./avro_values.ts";

/** Bytes of a metadata file, or of a block of a manifest, unpacked; a block of Iceberg's own writers has 64 KiB. */
export const MAX_UNPACKED = 128 * 1024 * 1024;

type Unpack = (bytes: Uint8Array) => Uint8Array;

/** Throws what the codec throws, and AvroError, long before the memory is full, for what unpacks to more. */
function limited(unpack: (bytes: Uint8Array, limit: { maxOutputLength: number }) => Uint8Array): Unpack {
  return (bytes) => {
    try {
      return unpack(bytes, { maxOutputLength: MAX_UNPACKED });
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_BUFFER_TOO_LARGE") throw error;
      const limit = `${MAX_UNPACKED / 1024 ** 2} MiB`;
      throw new AvroError(
        "unsupported",
        `has a part that unpacks to more than ${limit}, which is not read here`,
      );
    }
  };
}

export const codecs: Codecs = { deflate: limited(inflateRawSync), zstandard: limited(zstdDecompressSync) };

export const gunzip: Unpack = limited(gunzipSync);
