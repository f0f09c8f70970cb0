/** What trials of compatibility share: a request, what the store made of it, and whether the bytes are those sent. */
import { same } from "../operations/bytes.ts";
import type { RawReply, RawRequest } from "../../../clients/s3/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { S3Context } from "../context.ts";
import { refusalText, type Reply } from "../setup/calls.ts";
import { ofRejected, said, type Seen } from "./told.ts";

export type { Seen };

/** Tries one feature. `key` is its own; keys below it too. */
export interface Probe {
  /** Of the feature. */
  id: string;
  run(context: S3Context, key: string): Promise<Seen>;
}

/** 2,048 bytes, or as many as are asked for, that are no text and differ from key to key. */
export function bytesFor(key: string, length = 2048): Uint8Array<ArrayBuffer> {
  const seed = new TextEncoder().encode(key);
  const bytes = new Uint8Array(length);
  // Loops: for megabytes, callbacks would take longer than the store.
  for (let i = 0; i < length; i++) bytes[i] = ((seed[i % seed.length] ?? 0) * 31 + i * 7) & 255;
  return bytes;
}

export const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** Writes an object without any of what is tried, and gives its ETag without quotes. */
export async function put(context: S3Context, key: string, body = bytesFor(key)): Promise<string> {
  const reply = await send(context, { method: "PUT", key, body });
  if (reply.status !== 200) throw rejectedPlainly(`a plain PUT of ${key}`, said(reply));
  return (reply.headers.get("etag") ?? "").replaceAll('"', "");
}

/** What every store takes was rejected, so nothing can be said about what is tried. */
export function rejectedPlainly(what: string, observed: string): CannotLook {
  return new CannotLook({ kind: "server-error", message: `${what} was rejected: ${observed}` });
}

export function send(context: S3Context, request: Omit<RawRequest, "bucket">): Promise<RawReply> {
  return context.raw.send({ bucket: context.bucket, ...request });
}

/** A write that should succeed: whether it did, and whether the object is what was sent. */
export async function writes(
  context: S3Context,
  request: Omit<RawRequest, "bucket" | "method"> & { key: string; body: Uint8Array },
): Promise<Seen> {
  const reply = await send(context, { method: "PUT", ...request });
  if (reply.status !== 200) return { behaviour: "refused", observed: said(reply) };
  return await readBack(context, request.key, request.body, said(reply));
}

/** An object whose Content-Encoding says aws-chunked is not readable for those who believe it. */
export async function readBack(
  context: S3Context,
  key: string,
  body: Uint8Array,
  observed: string,
): Promise<Seen> {
  const got = await send(context, { method: "GET", key });
  if (got.status !== 200) return { behaviour: "corrupts", observed: `${observed}, then GET ${said(got)}` };
  if (!same(got.bytes, body)) {
    const sizes = `${body.length} bytes sent, ${got.bytes.length} other bytes read`;
    return { behaviour: "corrupts", observed: `${observed}, ${sizes}` };
  }
  const encoding = got.headers.get("content-encoding") ?? "";
  return encoding.includes("aws-chunked")
    ? { behaviour: "works", observed: `${observed}, Content-Encoding ${encoding} is kept` }
    : { behaviour: "works", observed };
}

/** A request that must be rejected. */
export const rejects = async (context: S3Context, request: Omit<RawRequest, "bucket">, status?: number) =>
  ofRejected(await send(context, request), status);

export function ofReply<T>(reply: Reply<T>): Seen {
  return reply.ok
    ? { behaviour: "works", observed: "HTTP 200" }
    : { behaviour: "refused", observed: refusalText(reply.refusal) };
}
