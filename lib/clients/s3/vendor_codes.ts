/**
 * Codes of S3 that say more than their status, of Amazon and of other stores: what each means here, and what to do. Sources:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, cmd/api-errors.go of https://github.com/minio/minio,
 * src/api/s3/error.rs of Garage, weed/s3api/s3err/s3api_errors.go of https://github.com/seaweedfs/seaweedfs, and
 * https://www.backblaze.com/apidocs/s3-compatible-api. Pure.
 */
import type { FailureKind } from "../../engine/model.ts";
import { own } from "../../untrusted/lookup.ts";

/** Kind, what it means, and what to do; the status and the code stand before it. */
export type CodeWords = readonly [kind: FailureKind, means: string, next: string];

const SESSION: CodeWords = [
  "unauthorized",
  "the session that these keys belong to is over",
  "take new session keys (access key, secret key and token together), or use keys that do not expire",
];
const CHECKSUMS: CodeWords = [
  "server-error",
  "the store refuses the checksums that newer AWS SDKs send with each request",
  "set AWS_REQUEST_CHECKSUM_CALCULATION=when_required and AWS_RESPONSE_CHECKSUM_VALIDATION=when_required, or use a " +
  "newer version of the store",
];
const CHANGED: CodeWords = [
  "server-error",
  "what arrived is not what was sent: its checksum differs",
  "try again; if it stays so, a proxy changes bodies on the way",
];
const FULL: CodeWords = [
  "server-error",
  "the disks of the store are full, so nothing more can be written",
  "delete what is not needed, or add disks",
];
const BUCKET_FULL: CodeWords = [
  "server-error",
  "the quota of the bucket is used up, so nothing more can be written",
  "delete what is not needed, or raise the quota of the bucket",
];
const NOT_READY: CodeWords = [
  "unreachable",
  "the store is still starting, or too few of its disks or nodes are there",
  "look at the pods of the store and their logs, and wait until all are ready",
];
const TOO_BUSY: CodeWords = [
  "server-error",
  "the store asks for fewer requests: it has more to do than it can",
  "ask for less at a time, and look at the load of the store",
];
const ACCOUNT: CodeWords = [
  "forbidden",
  "the account itself is blocked or not set up for S3",
  "look at the account in the console of the provider: payment, limits and terms",
];

const CODES: Readonly<Record<string, CodeWords>> = {
  ExpiredToken: SESSION,
  TokenRefreshRequired: SESSION,
  InvalidToken: [
    "unauthorized",
    "the session token is not one of this store, or does not belong to these keys",
    "give access key, secret key and token of one session, or leave the token out where the keys are no session's",
  ],
  XAmzContentSHA256Mismatch: CHANGED,
  XAmzContentChecksumMismatch: CHANGED,
  BadDigest: CHANGED,
  MissingContentLength: [
    "server-error",
    "the length of the body did not arrive",
    "let no proxy before the store send bodies in chunks (nginx: proxy_request_buffering on)",
  ],
  XMinioServerNotInitialized: NOT_READY,
  XMinioBackendDown: NOT_READY,
  SlowDownRead: NOT_READY,
  SlowDownWrite: NOT_READY,
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: BUCKET_FULL,
  TooManyRequests: TOO_BUSY,
  ErrTooManyRequest: TOO_BUSY,
  RequestLimitExceeded: TOO_BUSY,
  BandwidthLimitExceeded: TOO_BUSY,
  AccountProblem: ACCOUNT,
  AllAccessDisabled: ACCOUNT,
  NotSignedUp: ACCOUNT,
  RequestTimeout: [
    "timeout",
    "the body did not arrive in time",
    "look at the way to the store: its proxies and their limits of time",
  ],
  EntityTooLarge: [
    "server-error",
    "the body is larger than the store takes at once",
    "upload in parts, or raise the limit of the store or of the proxy before it",
  ],
  InvalidObjectState: [
    "forbidden",
    "the object is archived and must be restored before it can be read",
    "restore it, and let no lifecycle rule archive what tables need",
  ],
  InvalidBucketName: [
    "server-error",
    "the store takes this for no bucket's name",
    "check the name of the bucket, and use path-style addresses (s3.path-style-access) where the host has no wildcard",
  ],
  ExistingObjectIsDirectory: [
    "server-error",
    "a directory of this name stands where the object should be",
    "remove it, or use another prefix; this store keeps objects as files",
  ],
  ExistingObjectIsFile: [
    "server-error",
    "a file of this name stands where a directory is needed",
    "remove it, or use another prefix; this store keeps objects as files",
  ],
};

const REFUSES = new Set(["InvalidArgument", "InvalidRequest", "NotImplemented", "AccessDenied"]);
/** Headers of newer SDKs, by which stores say that they do not know them. */
const NEW_HEADERS =
  /x-amz-(sdk-)?checksum|x-amz-trailer|aws-chunked|STREAMING-UNSIGNED-PAYLOAD-TRAILER|checksum algorithm/i;

/** What a code, or its message, says beyond its status; undefined when nothing more is known of it. */
export function vendorWords(code: string, message: string): CodeWords | undefined {
  if (REFUSES.has(code) && NEW_HEADERS.test(message)) return CHECKSUMS;
  // Backblaze and others that bill say it in words only.
  if (code === "AccessDenied" && /\bcap\b.{0,40}exceeded/i.test(message)) return ACCOUNT;
  return own(CODES, code);
}

/** The request ids of Ceph RGW: rgw_common.cc there. */
const CEPH_ID = /^tx[0-9a-f]{17,}-/;

/**
 * Whether the store is Ceph's, so that its own tools help: by the id of its answer, or, where there is none, by the name
 * that Rook gives its gateways.
 */
export function isCeph(url: string, headers?: Headers): boolean {
  const id = headers?.get("x-amz-request-id");
  return id ? CEPH_ID.test(id) : /^rook-ceph-rgw-/.test(URL.parse(url)?.hostname ?? "");
}

/** Every code in the table. */
export const VENDOR_CODES: readonly string[] = Object.keys(CODES);
