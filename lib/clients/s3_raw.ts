/** Requests to S3 exactly as they are asked for: what the SDK can't or won't send. */
import type { S3Keys, S3Options } from "./s3.ts";

export interface RawS3 {
  /** Any HTTP status is a reply; no whole answer is CannotLook. */
  send(request: RawRequest): Promise<RawReply>;
  /** The URL of a presigned request, valid for `expiresS`: it is a secret as long as it is valid. */
  presign(request: RawRequest): Promise<string>;
}

export interface RawRequest {
  method: string;
  /** Absent: the service itself, `/`. */
  bucket?: string;
  /** As it is called, not escaped. */
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /**
   * `header` (default): in Authorization, over the SHA-256 of the body, or over what `x-amz-content-sha256` of
   * `headers` says. `query`: presigned. `chunked`: aws-chunked, every chunk signed (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).
   * `trailer`: aws-chunked without signatures and a CRC32 in the trailer (STREAMING-UNSIGNED-PAYLOAD-TRAILER), as the
   * SDKs send streams by default. `none`: not signed.
   */
  sign?: "header" | "query" | "chunked" | "trailer" | "none";
  /** Added to this machine's clock; negative: a clock that is slow. */
  clockSkewMs?: number;
  /** Instead of those of the client. */
  keys?: S3Keys;
  /** `bucket.host` instead of `/bucket`; default: as the client. */
  virtualHost?: boolean;
  /** How long a presigned request is valid; default 300. */
  expiresS?: number;
  /** Bytes of one chunk of `chunked` and `trailer`; default 65,536, and S3 wants at least 8,192. */
  chunkBytes?: number;
  /** Instead of the CRC32 of the body, in base64: to see whether a wrong one is refused. */
  trailerCrc32?: string;
}

export interface RawReply {
  status: number;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
  /** <Code> of an error body. */
  code?: string;
  /** The body as text. */
  text(): string;
}

export function rawS3(_options: S3Options): RawS3 {
  throw new Error("not there yet");
}
