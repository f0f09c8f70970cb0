/** The ways in which stores that speak S3 differ, and what each way of behaving comes to. Pure. */
import { own } from "../../../untrusted/lookup.ts";

/**
 * `works`: as S3 itself. `refused`: with an error. `ignored`: taken as if it had not been asked for. `kept`, `dropped`: what
 * was sent along is there afterwards, or not. `corrupts`: other bytes are there than were sent.
 */
export const BEHAVIOURS = ["works", "refused", "ignored", "kept", "dropped", "corrupts", "unknown"] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** What it comes to when a store does not behave as S3. */
export type Risk =
  /** The store cannot carry a lakehouse. */
  | "broken"
  /** A safeguard that a client believes in is not there. */
  | "silent"
  /** Clients need a setting. */
  | "setting"
  /** Worth knowing. */
  | "note";

export interface Feature {
  id: string;
  /** What is tried, as a column of a table. */
  title: string;
  /** What S3 itself does. */
  s3: Behaviour;
  otherwise: Risk;
  /** What follows when it behaves otherwise. */
  then: string;
  /** The trial of operations that tries it, and says what is wrong with it; absent: one of its own. */
  trial?: string;
}

/** The features that a trial of operations tries. */
const TRIED: Readonly<Record<string, string>> = {
  "address.virtual-host": "s3.path-style",
  "checksum.payload-wrong": "s3.changed-body",
  "checksum.md5-wrong": "s3.changed-body",
  "if-match.get-quoted": "s3.get-if-match",
  "if-match.get-wrong": "s3.get-if-match",
  "if-none-match.get-quoted": "s3.get-if-none-match",
  "if-match.put-quoted": "s3.put-if-match",
  "if-match.put-bare": "s3.put-if-match",
  "if-match.put-wrong": "s3.put-if-match",
  "if-none-match.put": "s3.put-if-none-match",
  "if-none-match.complete": "s3.multipart-conditional",
  "complete.etag": "s3.multipart-etag",
  "list.encoding-type": "s3.key-names",
};

/** A feature: its id, its title, what S3 does, the risk of anything else, and what follows from it. */
type Row = readonly [id: string, title: string, s3: Behaviour, otherwise: Risk, then: string];

const NEWER_SDKS = "SDKs of 2025 and newer need checksums when_required";

/** Writes of the SDK with its own defaults for checksums, and with when_required. */
const WRITES: readonly Row[] = [
  ["default.put-bytes", "PUT of bytes, SDK defaults", "works", "setting", NEWER_SDKS],
  ["default.put-stream", "PUT of a stream, SDK defaults", "works", "setting", NEWER_SDKS],
  ["default.multipart", "multipart, SDK defaults", "works", "setting", NEWER_SDKS],
  ["default.copy", "copy, SDK defaults", "works", "setting", NEWER_SDKS],
  ["default.delete-many", "delete of many, SDK defaults", "works", "setting", NEWER_SDKS],
  ["required.put-bytes", "PUT of bytes, when_required", "works", "broken", "nothing can be written"],
  ["required.put-stream", "PUT of a stream, when_required", "works", "broken", "streams cannot be written"],
  ["required.multipart", "multipart, when_required", "works", "broken", "large files cannot be written"],
  ["required.copy", "copy, when_required", "works", "broken", "files cannot be copied"],
  ["required.delete-many", "delete of many, when_required", "works", "setting", "delete one by one"],
];

const SIGNING: readonly Row[] = [
  ["signing.chunked", "signed chunks (aws-chunked)", "works", "setting", "payloads must be signed whole"],
  [
    "signing.chunked-empty",
    "signed chunks, empty object",
    "works",
    "setting",
    "empty files cannot be written so",
  ],
  ["signing.trailer", "unsigned chunks with a trailer", "works", "setting", NEWER_SDKS],
  ["signing.unsigned", "UNSIGNED-PAYLOAD", "works", "setting", "payloads must be signed"],
  [
    "signing.v2",
    "signature version 2",
    "refused",
    "note",
    "clients of 2014 work, and so do old S3A settings",
  ],
  ["signing.any-region", "any region in the signature", "refused", "note", "the region is only a word"],
  ["signing.expect-100", "Expect: 100-continue", "works", "setting", "clients must not wait for 100"],
  ["address.virtual-host", "bucket in the host name", "works", "setting", "clients must use path style"],
];

const ABSENT = "a damaged upload is stored";

const CHECKSUMS: readonly Row[] = [
  ["checksum.payload-wrong", "wrong SHA-256 in the signature", "refused", "silent", ABSENT],
  ["checksum.md5-wrong", "wrong Content-MD5", "refused", "silent", ABSENT],
  ["checksum.sha256-wrong", "wrong checksum header, SHA-256", "refused", "silent", ABSENT],
  ["checksum.crc32-wrong", "wrong checksum header, CRC32", "refused", "silent", ABSENT],
  ["checksum.trailer-wrong", "wrong CRC32 in a trailer", "refused", "silent", ABSENT],
  ["checksum.sha256-kept", "checksum header, SHA-256, is kept", "kept", "note", "keep checksums elsewhere"],
];

const NEVER = "compare-and-swap never succeeds";
const RACE = "two writers both believe that they won";

const CONDITIONS: readonly Row[] = [
  ["if-match.get-quoted", 'GET If-Match: "etag"', "works", "setting", "send ETags without quotes"],
  ["if-match.get-bare", "GET If-Match: etag", "works", "note", "send ETags in quotes"],
  ["if-match.get-wrong", "GET If-Match of another", "refused", "silent", "a changed file is read as the old"],
  ["if-none-match.get-quoted", 'GET If-None-Match: "etag"', "refused", "note", "nothing is saved by caching"],
  ["if-none-match.get-bare", "GET If-None-Match: etag", "refused", "note", "nothing is saved by caching"],
  ["if-match.put-quoted", 'PUT If-Match: "etag"', "works", "setting", NEVER],
  ["if-match.put-bare", "PUT If-Match: etag", "works", "note", NEVER],
  ["if-match.put-wrong", "PUT If-Match of another", "refused", "silent", RACE],
  ["if-none-match.put", "PUT If-None-Match: *", "refused", "silent", RACE],
  ["if-match.copy-quoted", 'copy if-match: "etag"', "works", "setting", "send ETags without quotes"],
  ["if-match.copy-bare", "copy if-match: etag", "works", "note", "send ETags in quotes"],
  [
    "if-match.copy-wrong",
    "copy if-match of another",
    "refused",
    "silent",
    "a changed file is copied as the old",
  ],
  ["if-none-match.complete", "complete If-None-Match: *", "refused", "note", RACE],
  ["complete.etag", "ETag of a completed upload", "kept", "note", "HEAD the object to learn it"],
];

const LISTS: readonly Row[] = [
  ["list.v1", "list, version 1", "works", "note", "old clients cannot list"],
  ["list.v2", "list, version 2", "works", "setting", "clients must list with version 1"],
  ["list.encoding-type", "list, encoding-type=url", "works", "note", "no key may hold what XML cannot"],
];

export const FEATURES: readonly Feature[] = [...WRITES, ...SIGNING, ...CHECKSUMS, ...CONDITIONS, ...LISTS]
  .map(([id, title, s3, otherwise, then]) => {
    const trial = own(TRIED, id);
    return { id, title, s3, otherwise, then, ...trial ? { trial } : {} };
  });
