/** Requests to S3 exactly as they are asked for: what the SDK can't or won't send. */
import { escaped, escapedKey } from "../../untrusted/api_path.ts";
import type { S3Keys, S3Options } from "./types.ts";
import { s3Failure } from "./failures.ts";
import { sameUrl } from "./handler.ts";
import { errorFields } from "./error_replies.ts";
import { type AskedS3, MAX_BODY_BYTES, readBody, type S3Request, type S3Response, sendS3 } from "./send.ts";
import {
  CHUNKED,
  chunkedBody,
  chunkedLength,
  seedOf,
  sha256,
  signHeader,
  signQuery,
  trailedBody,
  TRAILER,
} from "./sign.ts";
import { trimEnd } from "../../untrusted/text.ts";

export interface RawS3 {
  /** Any HTTP status is a reply; no whole answer is CannotLook. */
  send(request: RawRequest): Promise<RawReply>;
  /** The URL of a presigned request, valid for `expiresS`: it is a secret as long as it is valid. */
  presign(request: RawRequest): Promise<string>;
}

declare const DELETE: unique symbol;
/** The method of a request that deletes; only lib/checkpoints/s3/scratch/delete.ts makes it, for what lies in a scratch place. */
export type RawDelete = "DELETE" & { readonly [DELETE]: true };
export type RawMethod = "GET" | "HEAD" | "PUT" | "POST" | "OPTIONS";

export interface RawRequest {
  method: RawMethod | RawDelete;
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
  asked: AskedS3;
}

const CHUNK_BYTES = 64 * 1024;
const EXPIRES_S = 300;

/** A client for such requests. */
export function rawS3(options: S3Options): RawS3 {
  const { connection, timeoutMs, signal, maxBytes = MAX_BODY_BYTES } = options;
  return {
    async send(request) {
      const written = await writtenOf(request, options);
      try {
        const response = await sendS3(written, { connection, timeoutMs, signals: [signal], maxBytes });
        return replyOf(response, await readBody(response, maxBytes));
      } catch (error) {
        throw s3Failure(error, options);
      }
    },
    async presign(request) {
      const { url } = await writtenOf({ ...request, sign: "query" }, options);
      return url;
    },
  };
}

function replyOf(response: S3Response, bytes: Uint8Array<ArrayBuffer>): RawReply {
  const { status, headers, asked } = response;
  const text = () => new TextDecoder().decode(bytes);
  const code = status >= 300 && bytes.length > 0 ? errorFields(text()).code : undefined;
  return { status, headers, bytes, ...(code === undefined ? {} : { code }), text, asked };
}

/** The request as it goes out. */
async function writtenOf(request: RawRequest, options: S3Options): Promise<S3Request> {
  const { method, sign = "header", clockSkewMs = 0, expiresS = EXPIRES_S } = request;
  const { keys = options.keys, chunkBytes = CHUNK_BYTES } = request;
  const body = request.body as Uint8Array<ArrayBuffer> | undefined;
  const url = urlOf(request, options);
  const headers = lowerCase(request.headers ?? {});
  const signing = { ...keys, region: options.region, at: new Date(Date.now() + clockSkewMs) };
  const sent = body === undefined ? {} : { body };
  switch (sign) {
    case "none":
      return { method, url, headers, ...sent };
    case "query":
      return { method, ...await signQuery({ method, url, headers }, signing, expiresS), ...sent };
    case "header": {
      const hash = headers["x-amz-content-sha256"] ?? await sha256(body ?? new Uint8Array());
      const whole = { ...headers, "x-amz-content-sha256": hash };
      return { method, ...await signHeader({ method, url, headers: whole }, signing), ...sent };
    }
    case "chunked": {
      const plain = body ?? new Uint8Array();
      const length = String(chunkedLength(plain.length, chunkBytes));
      const whole = { ...streaming(headers, CHUNKED, plain), "content-length": length };
      const signed = await signHeader({ method, url, headers: whole }, signing);
      const chunks = await chunkedBody(plain, chunkBytes, seedOf(signed.headers), signing);
      return { method, ...signed, body: chunks };
    }
    case "trailer": {
      const plain = body ?? new Uint8Array();
      const sum = request.trailerCrc32 ?? await crc32(plain);
      const whole = { ...streaming(headers, TRAILER, plain), "x-amz-trailer": "x-amz-checksum-crc32" };
      const signed = await signHeader({ method, url, headers: whole }, signing);
      return { method, ...signed, body: trailedBody(plain, chunkBytes, `x-amz-checksum-crc32:${sum}`) };
    }
  }
}

function streaming(headers: Record<string, string>, kind: string, plain: Uint8Array): Record<string, string> {
  const encodings = ["aws-chunked", ...headers["content-encoding"] ? [headers["content-encoding"]] : []];
  return {
    ...headers,
    "content-encoding": encodings.join(","),
    "x-amz-content-sha256": kind,
    "x-amz-decoded-content-length": String(plain.length),
  };
}

async function crc32(bytes: Uint8Array): Promise<string> {
  const zlib = await import("node:zlib");
  const four = new DataView(new ArrayBuffer(4));
  four.setUint32(0, zlib.crc32(bytes));
  return new Uint8Array(four.buffer).toBase64();
}

/** Where the request goes. A key whose path fetch would change can't be asked for: that is a TypeError. */
function urlOf(
  { bucket, key, query, virtualHost }: RawRequest,
  { connection, pathStyle = true }: S3Options,
): string {
  const base = new URL(connection.url);
  const inHost = bucket !== undefined && (virtualHost ?? !pathStyle);
  const prefix = trimEnd(base.pathname, "/");
  const place = [
    ...bucket !== undefined && !inHost ? [escaped(bucket)] : [],
    ...key === undefined ? [] : [escapedKey(key)],
  ];
  const path = `${prefix}/${place.join("/")}`;
  const host = inHost ? `${bucket}.${base.host}` : base.host;
  const url = sameUrl(`${base.protocol}//${host}${path}`, path);
  const pairs = Object.entries(query ?? {}).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.length > 0 ? `${url}?${pairs.join("&")}` : url;
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
