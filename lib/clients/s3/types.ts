/** What the files of this client share. Types only. */
import type { ServiceConnection } from "../kubernetes/service_connection.ts";
import type { AskedS3 } from "./send.ts";

/** Keys are secrets, both of them: no message, report or file holds one. */
export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Options {
  connection: ServiceConnection;
  keys: S3Keys;
  region: string;
  /** Longest wait for the head of an answer, and then for each next piece of its body. */
  timeoutMs: number;
  /** Ends what is under way; its reason is thrown and should be an Interrupted. */
  signal?: AbortSignal;
  /** Whether the SDK adds checksums that nobody asked for, which is its default; here WHEN_REQUIRED. */
  checksums?: "WHEN_SUPPORTED" | "WHEN_REQUIRED";
  /** `/bucket/key` (default), or `bucket.host/key`. */
  pathStyle?: boolean;
  /** Largest body of an answer; default 256 MiB. */
  maxBytes?: number;
  /** Sendings of one request, the first included; default 1, so that what is seen is what the server did. */
  maxAttempts?: number;
}

/** Who asks whom: what messages say, and what they must not say. */
export interface S3Session {
  connection: ServiceConnection;
  keys: S3Keys;
  region: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** For messages, after "could not": `read the table's metadata`. Default: the request, `GET /bucket/key`. */
  what?: string;
}

/** What an answer was, for the words about it. */
export interface SeenS3 {
  status: number;
  headers: Headers;
  /** The body of an answer that is no success; else empty. */
  text: string;
  asked: AskedS3;
}
