/**
 * S3 as its clients speak it: the SDK's own client, over a Way. What it sends is what Java, Python and Go clients
 * send; where the bytes go is decided by `way.client` alone, so no proxy, profile or credential of this machine is used.
 */
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Way } from "./reach.ts";
import { fetchHandler } from "./s3_handler.ts";

export { s3Answer, type S3Refusal, s3Refused, s3Trouble } from "./s3_failures.ts";
export {
  type RawDelete,
  type RawMethod,
  type RawReply,
  type RawRequest,
  type RawS3,
  rawS3,
} from "./s3_raw.ts";

/** Keys are secrets, both of them: no message, report or file holds one. */
export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Options {
  way: Way;
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
  /** Sendings of one request, the first included; default 1, so that what is seen is what the server did. */
  maxAttempts?: number;
}

/** Who asks whom: what messages say, and what they must not say. */
export interface S3Talk {
  way: Way;
  keys: S3Keys;
  region: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** For messages, after "could not": `read the table's metadata`. Default: the request, `GET /bucket/key`. */
  what?: string;
}

/** The SDK's own S3Client over the way. Loads @aws-sdk/client-s3 when called. Whoever opens it destroys it. */
export async function openS3(options: S3Options): Promise<S3Client> {
  const { way, keys, region, checksums = "WHEN_REQUIRED", pathStyle = true, maxAttempts = 1 } = options;
  const { S3Client } = await import("@aws-sdk/client-s3");
  return new S3Client({
    endpoint: way.url,
    region,
    credentials: { ...keys },
    forcePathStyle: pathStyle,
    maxAttempts,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    requestHandler: fetchHandler(options),
    ...FIXED,
  });
}

/** All that the SDK would otherwise look for in the environment and in ~/.aws. */
const FIXED: Partial<S3ClientConfig> = {
  retryMode: "standard",
  defaultsMode: "standard",
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  useArnRegion: false,
  disableS3ExpressSessionAuth: true,
  authSchemePreference: [],
  userAgentAppId: "lakecheck",
};
