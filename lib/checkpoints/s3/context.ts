/** What every trial of the S3 checkpoint is given: clients of one store, and a place of its own in it. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { Scratch } from "../../checkpoint/scratch.ts";
import type { ServiceConnection } from "../../clients/kubernetes/service_connection.ts";
import type { S3Session } from "../../clients/s3/client.ts";
import type { RawS3 } from "../../clients/s3/raw.ts";
import type { ObjectRef } from "../../engine/model.ts";
import type { OwnBucket, OwnPlace } from "./scratch/own_place.ts";

/**
 * Everything but `undoS3` ends with the checkpoint's signal, with an Interrupted. A trial keeps to `bucket` and its own
 * part of `prefix`, and to buckets that `makeBucket` gave it.
 */
export interface S3Context {
  scratch: Scratch;
  connection: ServiceConnection;
  region: string;
  /** `http://HOST[:PORT]`: the origin that requests are signed for. */
  endpoint: string;
  /** The SDK with checksums WHEN_REQUIRED, path style. */
  s3: S3Client;
  /** The SDK with its own defaults for checksums (WHEN_SUPPORTED), path style. */
  defaults: S3Client;
  /** Requests as they are written. */
  raw: RawS3;
  /** For undoing only: outlives the signal. */
  undoS3: S3Client;
  /** Where trials may write and delete: a bucket that was made for this run, or a prefix of one of others. */
  place: OwnPlace;
  /** That of `place`. */
  bucket: string;
  /** `bucket` was made for this run: its settings (policy, CORS, lifecycle, versioning) may be changed. */
  ownBucket: boolean;
  /** That of `place`: empty, or ends with `/`. Each trial takes its own: `${prefix}put-get/`. */
  prefix: string;
  /**
   * Makes a further scratch bucket, `lakecheck-scratch-ID-PURPOSE`, already registered for undoing: it is emptied of
   * versions, delete markers and uploads, and deleted. CannotLook when this user may make none; see `ownBucket`.
   */
  makeBucket(purpose: string): Promise<OwnBucket>;
  /** Longest wait for one answer. */
  timeoutMs: number;
  signal: AbortSignal;
  /** For `s3Failure`: what was talked to, for messages. */
  session: S3Session;
}

/** What trials of the store as a whole speak of, and what explains them stands on. */
export const s3Object: ObjectRef = { kind: "S3Endpoint", name: "object-store" };
