/**
 * Signatures of AWS, version 4, in the four forms that S3 takes. Rules and test values:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 * aws4fetch signs requests; the chunks of a body, which it does not know, are signed here.
 */
import type { AwsV4Signer } from "aws4fetch";

/** What a signature is made with. */
export interface Signing {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  /** By whatever clock is to be believed. */
  at: Date;
}

export interface Signable {
  method: string;
  url: string;
  /** All of them are signed, and `host` besides. */
  headers: Record<string, string>;
}

export interface Signed {
  url: string;
  headers: Record<string, string>;
}

/** What stands in `x-amz-content-sha256` instead of a hash. */
export const UNSIGNED = "UNSIGNED-PAYLOAD";
export const CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
export const TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/** Signs in the Authorization header. `x-amz-content-sha256` has to be among the headers. */
export async function signHeader(request: Signable, signing: Signing): Promise<Signed> {
  const { headers } = await (await signerOf(request, signing)).sign();
  return { url: request.url, headers: Object.fromEntries(headers) };
}

/** Signs in the query: a presigned URL that is valid for `expiresS` seconds. The body stays unsigned. */
export async function signQuery(request: Signable, signing: Signing, expiresS: number): Promise<Signed> {
  const url = new URL(request.url);
  url.searchParams.set("X-Amz-Expires", String(expiresS));
  const signer = await signerOf({ ...request, url: url.href }, signing, true);
  const signed = await signer.sign();
  return { url: signed.url.href, headers: Object.fromEntries(signed.headers) };
}

async function signerOf(
  { method, url, headers }: Signable,
  signing: Signing,
  inQuery = false,
): Promise<AwsV4Signer> {
  const { AwsV4Signer } = await import("aws4fetch");
  return new AwsV4Signer({
    method,
    url,
    headers,
    accessKeyId: signing.accessKeyId,
    secretAccessKey: signing.secretAccessKey,
    region: signing.region,
    service: "s3",
    datetime: amzDate(signing.at),
    signQuery: inQuery,
    allHeaders: true,
  });
}

/** `20130524T000000Z` */
export function amzDate(at: Date): string {
  return at.toISOString().replace(/[:-]|\.\d{3}/g, "");
}

/** Lower-case hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The signature in an Authorization header. */
export function seedOf(headers: Record<string, string>): string {
  return /Signature=([0-9a-f]{64})/.exec(headers["authorization"] ?? "")?.[1] ?? "";
}

/** How long the body is once it is cut into signed chunks. */
export function chunkedLength(bytes: number, chunkBytes: number): number {
  return sizes(bytes, chunkBytes).reduce((sum, size) => sum + chunkHead(size, SOME).length + size + 2, 0);
}

const SOME = "0".repeat(64);

/** The body in signed chunks; the last is empty. `seed` is the signature of the request. */
export async function chunkedBody(
  body: Uint8Array<ArrayBuffer>,
  chunkBytes: number,
  seed: string,
  signing: Signing,
): Promise<Uint8Array<ArrayBuffer>> {
  const day = amzDate(signing.at).slice(0, 8);
  const scope = `${day}/${signing.region}/s3/aws4_request`;
  const key = await signingKey(signing, day);
  const empty = await sha256(new Uint8Array());
  const parts: Uint8Array[] = [];
  let before = seed;
  let at = 0;
  for (const size of sizes(body.length, chunkBytes)) {
    const chunk = body.subarray(at, at += size);
    const toSign = [
      "AWS4-HMAC-SHA256-PAYLOAD",
      amzDate(signing.at),
      scope,
      before,
      empty,
      await sha256(chunk),
    ];
    before = (await hmac(key, toSign.join("\n"))).toHex();
    parts.push(utf8(chunkHead(size, before)), chunk, utf8("\r\n"));
  }
  return joined(parts);
}

/** The body in chunks without signatures, and what stands behind them. */
export function trailedBody(
  body: Uint8Array<ArrayBuffer>,
  chunkBytes: number,
  trailer: string,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes(body.length, chunkBytes)) {
    if (size === 0) parts.push(utf8(`0\r\n${trailer}\r\n\r\n`));
    else parts.push(utf8(`${size.toString(16)}\r\n`), body.subarray(at, at += size), utf8("\r\n"));
  }
  return joined(parts);
}

function sizes(bytes: number, chunkBytes: number): number[] {
  const full = Math.floor(bytes / chunkBytes);
  const rest = bytes % chunkBytes;
  return [...Array(full).fill(chunkBytes), ...rest > 0 ? [rest] : [], 0];
}

function chunkHead(size: number, signature: string): string {
  return `${size.toString(16)};chunk-signature=${signature}\r\n`;
}

async function signingKey({ secretAccessKey, region }: Signing, day: string): Promise<Uint8Array> {
  let key: Uint8Array = utf8(`AWS4${secretAccessKey}`);
  for (const part of [day, region, "s3", "aws4_request"]) key = await hmac(key, part);
  return key;
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const raw = await crypto.subtle.importKey("raw", new Uint8Array(key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", raw, utf8(text)));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
