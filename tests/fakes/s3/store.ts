/** What the fake S3 keeps. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Quirk } from "./quirks.ts";

export interface Version {
  id: string;
  marker: boolean;
  bytes: Uint8Array;
  /** Quoted. */
  etag: string;
  modified: Date;
  type?: string;
  meta: Record<string, string>;
  tags: Record<string, string>;
}

export interface Upload {
  id: string;
  key: string;
  type?: string;
  meta: Record<string, string>;
  /** In the order in which they came. */
  parts: { number: number; bytes: Uint8Array; etag: string }[];
  ended: boolean;
}

export interface Bucket {
  name: string;
  versioning?: "Enabled" | "Suspended";
  policy?: string;
  cors?: string;
  /** Of each key its versions, the newest first. */
  keys: Map<string, Version[]>;
  uploads: Map<string, Upload>;
  /** Keys as a list that is behind gives them. */
  before: string[];
}

export interface Call {
  method: string;
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
  /** Undefined: the request is not signed. */
  who?: string;
  store: Store;
  is(quirk: Quirk): boolean;
}

export interface Store {
  buckets: Map<string, Bucket>;
  quirks: Set<Quirk>;
  keys: { accessKeyId: string; secretAccessKey: string };
  count: number;
  /** The store's own clock. */
  now: () => Date;
}

/** An answer that is a refusal. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message = code) {
    super(message);
  }
}

export const bucketOf = ({ store, bucket }: Call): Bucket => {
  const found = store.buckets.get(bucket);
  if (!found) throw new Refusal(404, store.quirks.has("other-bucket-codes") ? "NotFound" : "NoSuchBucket");
  return found;
};

export const etagOf = (bytes: Uint8Array, suffix = ""): string =>
  `"${createHash("md5").update(bytes).digest("hex")}${suffix}"`;

export const latest = (bucket: Bucket, key: string): Version | undefined => bucket.keys.get(key)?.[0];

/** The object that a GET of this key reads; undefined when there is none. */
export function current(bucket: Bucket, key: string): Version | undefined {
  const found = latest(bucket, key);
  return found?.marker ? undefined : found;
}

export function write(
  call: Call,
  bucket: Bucket,
  key: string,
  version: Omit<Version, "id" | "modified" | "marker">,
) {
  const before = bucket.keys.get(key) ?? [];
  const made: Version = {
    ...version,
    id: versionId(call, bucket),
    modified: call.store.now(),
    marker: false,
  };
  if (call.is("corrupts-bytes") && made.bytes.length > 0) {
    made.bytes = made.bytes.slice();
    made.bytes[0] = (made.bytes[0] ?? 0) ^ 1;
  }
  if (call.is("keeps-old-metadata")) made.meta = { ...before[0]?.meta, ...made.meta };
  if (call.is("drops-metadata")) made.meta = {};
  if (call.is("drops-content-type")) delete made.type;
  if (call.is("forgets-tags")) made.tags = {};
  if (call.is("reads-old-bytes") && before[0]) made.bytes = before[0].bytes;
  if (call.is("stale-list")) bucket.before = sortedKeys(bucket);
  bucket.keys.set(key, [made, ...before.filter(({ id }) => id !== made.id)]);
  return made;
}

export function versionId({ store, is }: Call, bucket: Bucket): string {
  const keeps = bucket.versioning === "Enabled" ||
    (bucket.versioning === "Suspended" && is("ignores-suspension"));
  return keeps ? `v${++store.count}` : "null";
}

export const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const sortedKeys = (bucket: Bucket): string[] =>
  [...bucket.keys.keys()].filter((key) => current(bucket, key)).sort(byUtf8);

export const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export const unescapeXml = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&#39;", "'").replace(
      /&#x([0-9a-f]+);/gi,
      (_, hex) => String.fromCodePoint(parseInt(hex, 16)),
    )
    .replaceAll("&amp;", "&");

/** The texts of all elements of this name. */
export const texts = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, "g"))].map(([, text = ""]) => text);

export const bodyText = ({ bytes }: Call): string => new TextDecoder().decode(bytes);

export function xml(name: string, inside: string, headers: Record<string, string> = {}): Response {
  const body =
    `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${name}>`;
  return new Response(body, { headers: { "content-type": "application/xml", ...headers } });
}

export const element = (name: string, text: string | number | boolean): string =>
  `<${name}>${escapeXml(String(text))}</${name}>`;
