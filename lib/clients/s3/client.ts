/**
 * S3 as its clients speak it: the SDK's own client, over a ServiceConnection. What it sends is what Java, Python and Go clients
 * send; where the bytes go is decided by `way.client` alone, so no proxy, profile or credential of this machine is used.
 */
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { fetchHandler } from "./handler.ts";
import type { S3Options } from "./types.ts";

export type { S3Keys, S3Options, S3Session } from "./types.ts";
export { type S3ErrorReply, s3ErrorReply, s3Failure, s3ReplyFailure } from "./failures.ts";
export { type RawDelete, type RawMethod, type RawReply, type RawRequest, type RawS3, rawS3 } from "./raw.ts";

/** The SDK's own S3Client over the way. Loads @aws-sdk/client-s3 when called. Whoever opens it destroys it. */
export async function openS3(options: S3Options): Promise<S3Client> {
  const { connection, keys, region, checksums = "WHEN_REQUIRED", pathStyle = true, maxAttempts = 1 } =
    options;
  const { S3Client } = await import("@aws-sdk/client-s3");
  return new S3Client({
    endpoint: connection.url,
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
