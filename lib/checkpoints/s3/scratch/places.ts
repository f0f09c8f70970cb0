/** The places in an object store that a run makes for itself, and how they are cleaned up: whole, also after years. */
import type { S3Client } from "@aws-sdk/client-s3";
import { NotCleaned, type Scratch } from "../../../checkpoint/scratch.ts";
import type { S3Session } from "../../../clients/s3/client.ts";
import { trimEnd } from "../../../untrusted/text.ts";
import { removeBucket } from "./delete.ts";
import { createBucket, type OwnBucket, SCRATCH_FOLDER } from "./own_place.ts";
import type { Refusal } from "../setup/calls.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";
import type { NextStep } from "../../../checkpoint/trial.ts";

export const PREFIX = `${SCRATCH_FOLDER}/`;
/** How late a store may carry out what it did not answer. */
const LATE_MS = 3_000;

export const scratchPrefix = (id: string): string => `${PREFIX}${id}/`;

export function scratchBucket(id: string, purpose = ""): string {
  // Names of buckets end at 63 characters, and in no dash.
  return trimEnd(`lakecheck-scratch-${id}${purpose ? `-${purpose}` : ""}`.slice(0, 63), "-");
}

export interface Hands {
  /** Not bound to the signal. */
  undoS3: S3Client;
  session: S3Session;
}

/** Makes a bucket and registers that it is removed; the refusal when this user may make none. CannotLook. */
export async function makeBucket(
  scratch: Scratch,
  { undoS3, session }: Hands,
  purpose = "",
): Promise<OwnBucket | { refusal: Refusal }> {
  const bucket = scratchBucket(scratch.id, purpose);
  const quiet = { ...session, signal: undefined };
  // To its end, Ctrl-C or not: a request that was cut off could make the bucket after it was looked for in vain.
  const making = createBucket(undoS3, bucket, quiet);
  scratch.undo(`bucket ${bucket}`, async () => {
    const made = await making;
    if ("refusal" in made) return;
    if (!made.own) throw new NotCleaned("NotSeen", "nobody answered whether it was made");
    if (await removeBucket(undoS3, made.own, quiet) || !("trouble" in made)) return;
    // It may be made yet.
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    await removeBucket(undoS3, made.own, quiet);
  });
  const made = await making;
  if ("refusal" in made) return made;
  if (!("trouble" in made)) return made.own;
  session.signal?.throwIfAborted();
  throw made.trouble;
}

/** What a run makes for itself: `bucket` alone, or with the prefix that was its own. */
export interface ScratchPlace {
  bucket: string;
  prefix: string;
}

/** Removes by hand what could not be removed. */
export function removalStep(endpoint: string, { bucket, prefix }: ScratchPlace): NextStep {
  return prefix
    ? nextStep("remove-objects", endpoint, bucket, prefix)
    : nextStep("remove-bucket", endpoint, bucket);
}

/** Shows what lies there, to whoever has to decide whether it may be removed. */
export function listingStep(endpoint: string, { bucket, prefix }: ScratchPlace): NextStep {
  return nextStep("list-objects", endpoint, bucket, prefix);
}
