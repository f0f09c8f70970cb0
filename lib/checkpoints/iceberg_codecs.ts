/** How manifests and metadata files are unpacked. */
import { gunzipSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import type { Codecs } from "../iceberg/avro.ts";

/** No block of a manifest is larger unpacked; what says so is damaged or made to harm. */
const MAX_BLOCK = 512 * 1024 * 1024;
const LIMIT = { maxOutputLength: MAX_BLOCK };

export const codecs: Codecs = {
  deflate: (block) => inflateRawSync(block, LIMIT),
  zstandard: (block) => zstdDecompressSync(block, LIMIT),
};

export const gunzip = (bytes: Uint8Array): Uint8Array => gunzipSync(bytes, LIMIT);
