/** The places in an object store that a run makes for itself, and how they are taken back: whole, also after years. */
import type { ShellCommand } from "../../model.ts";
import type { S3Client } from "@aws-sdk/client-s3";
import { NotCleaned, type Scratch, scratchTime } from "../../checkpoint.ts";
import type { S3Talk } from "../../clients/s3.ts";
import { trimEnd } from "../../text.ts";
import { command } from "../../shell.ts";
import { removeBucket } from "./delete.ts";
import { createBucket, type OwnBucket, SCRATCH_FOLDER } from "./own_place.ts";
import { type Refusal, replyOf } from "./setup_calls.ts";

const BUCKET = /^lakecheck-scratch-(\d{8}t\d{4}z-[0-9a-f]{4})(?:-[a-z0-9-]+)?$/;
const PREFIX = `${SCRATCH_FOLDER}/`;
/** A run that is older than this is over, whatever became of it. */
const OLD_MS = 3_600_000;
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
  talk: S3Talk;
}

/** Makes a bucket and registers that it is removed; the refusal when this user may make none. CannotLook. */
export async function makeBucket(
  scratch: Scratch,
  { undoS3, talk }: Hands,
  purpose = "",
): Promise<OwnBucket | { refusal: Refusal }> {
  const bucket = scratchBucket(scratch.id, purpose);
  const quiet = { ...talk, signal: undefined };
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
  talk.signal?.throwIfAborted();
  throw made.trouble;
}

/** What an earlier run left behind: `bucket` alone, or with the prefix that was its own. */
export interface ScratchPlace {
  bucket: string;
  prefix: string;
}

/** What runs that began more than an hour ago have left in this user's buckets, and below `within`. */
export async function oldLeftovers(
  s3: S3Client,
  talk: S3Talk,
  within: readonly string[],
  now: Date,
): Promise<ScratchPlace[]> {
  const { ListBucketsCommand, ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const isOld = (id: string | undefined) => {
    const began = id === undefined ? undefined : scratchTime(id);
    return began !== undefined && now.getTime() - began.getTime() > OLD_MS;
  };
  const mine = await replyOf(s3.send(new ListBucketsCommand({})), { ...talk, what: "list the buckets" });
  const buckets = (mine.ok ? mine.value.Buckets ?? [] : []).flatMap(({ Name = "" }) =>
    isOld(BUCKET.exec(Name)?.[1]) ? [{ bucket: Name, prefix: "" }] : []
  );
  const inside = await Promise.all(within.map(async (bucket) => {
    const page = await replyOf(
      s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: PREFIX, Delimiter: "/" })),
      { ...talk, what: `list ${bucket}/${PREFIX}` },
    );
    return (page.ok ? page.value.CommonPrefixes ?? [] : []).flatMap(({ Prefix = "" }) =>
      Prefix.startsWith(PREFIX) && isOld(Prefix.slice(PREFIX.length, -1)) ? [{ bucket, prefix: Prefix }] : []
    );
  }));
  return [...buckets, ...inside.flat()];
}

/** The command that removes by hand what could not be removed. */
export function removalCommand(endpoint: string, { bucket, prefix }: ScratchPlace): ShellCommand {
  return prefix
    ? command`aws --endpoint-url ${endpoint} s3 rm --recursive s3://${bucket}/${prefix}`
    : command`aws --endpoint-url ${endpoint} s3 rb --force s3://${bucket}`;
}
