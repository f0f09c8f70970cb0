/** The places in an object store that a run makes for itself, and how they are taken back: whole, also after years. */
import type { ShellCommand } from "../../model.ts";
import type { S3Client } from "@aws-sdk/client-s3";
import { type Scratch, scratchTime } from "../../checkpoint.ts";
import type { S3Talk } from "../../clients/s3.ts";
import { done, type Refusal, replyOf } from "./setup_calls.ts";
import { trimEnd } from "../../text.ts";
import { command } from "../../shell.ts";

const BUCKET = /^lakecheck-scratch-(\d{8}t\d{4}z-[0-9a-f]{4})(?:-[a-z0-9-]+)?$/;
/** In a bucket of others; a dot keeps it out of what engines read as tables. */
const PREFIX = ".lakecheck-scratch/";
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

/** Makes a bucket and registers that it is taken back; the refusal when this user may make none. */
export async function makeBucket(
  scratch: Scratch,
  { undoS3, talk }: Hands,
  purpose = "",
): Promise<{ bucket: string } | { refusal: Refusal }> {
  const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
  const bucket = scratchBucket(scratch.id, purpose);
  const quiet = { ...talk, signal: undefined };
  let answered = false;
  scratch.undo(`bucket ${bucket}`, async () => {
    if (await removeBucket(undoS3, bucket, quiet) || answered) return;
    // Nobody said whether it was made: it may be made yet.
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    await removeBucket(undoS3, bucket, quiet);
  });
  // To its end, Ctrl-C or not: a request that was cut off could make the bucket after it was looked for in vain.
  const made = await replyOf(
    undoS3.send(new CreateBucketCommand({ Bucket: bucket })),
    { ...talk, what: `make bucket ${bucket}` },
  );
  answered = true;
  return made.ok ? { bucket } : { refusal: made.refusal };
}

/** Empties a bucket and deletes it. False: it is not there. */
export async function removeBucket(s3: S3Client, bucket: string, talk: S3Talk): Promise<boolean> {
  const { DeleteBucketCommand } = await import("@aws-sdk/client-s3");
  if (!await emptied(s3, bucket, talk)) return false;
  const gone = await replyOf(
    s3.send(new DeleteBucketCommand({ Bucket: bucket })),
    { ...talk, what: `delete bucket ${bucket}` },
  );
  if (gone.ok || gone.refusal.status === 404) return true;
  // Something was written while it was being emptied: a request that was cut off arrives late.
  await empty(s3, bucket, "", talk);
  await done(
    s3.send(new DeleteBucketCommand({ Bucket: bucket })),
    talk,
    `delete bucket ${bucket}`,
  );
  return true;
}

/** A run that was killed may have left a policy that denies even listing; the owner of a bucket may remove it. */
async function emptied(s3: S3Client, bucket: string, talk: S3Talk): Promise<boolean> {
  try {
    return await empty(s3, bucket, "", talk);
  } catch (error) {
    const { DeleteBucketPolicyCommand } = await import("@aws-sdk/client-s3");
    const removed = await replyOf(
      s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket })),
      { ...talk, what: `remove the policy of bucket ${bucket}` },
    );
    if (!removed.ok) throw error;
    return await empty(s3, bucket, "", talk);
  }
}

/** Removes every version, delete marker and upload below a prefix. False: there is no such bucket. */
export async function empty(s3: S3Client, bucket: string, prefix: string, talk: S3Talk): Promise<boolean> {
  const sdk = await import("@aws-sdk/client-s3");
  const place = { Bucket: bucket, ...prefix ? { Prefix: prefix } : {} };
  const what = { ...talk, what: `empty ${bucket}/${prefix}` };
  for (let more = true; more;) {
    const page = await replyOf(s3.send(new sdk.ListMultipartUploadsCommand(place)), what);
    if (!page.ok) return page.refusal.status === 404 ? false : fail(page.refusal, bucket, prefix);
    for (const { Key, UploadId } of page.value.Uploads ?? []) {
      await replyOf(
        s3.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })),
        what,
      );
    }
    more = page.value.IsTruncated === true && (page.value.Uploads?.length ?? 0) > 0;
  }
  for (let more = true; more;) {
    // From the beginning each time: what was listed has been deleted.
    const page = await replyOf(s3.send(new sdk.ListObjectVersionsCommand(place)), what);
    if (!page.ok) return page.refusal.status === 404 ? false : fail(page.refusal, bucket, prefix);
    const all = [...page.value.Versions ?? [], ...page.value.DeleteMarkers ?? []];
    const Objects = all.flatMap(({ Key, VersionId }) => Key === undefined ? [] : [{ Key, VersionId }]);
    if (Objects.length === 0) return true;
    const Delete = { Objects, Quiet: true };
    const said = await done(
      s3.send(new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete, BypassGovernanceRetention: true })),
      talk,
      `empty ${bucket}/${prefix}`,
    );
    const [error] = said.Errors ?? [];
    if (error) throw new Error(`${error.Key} of bucket ${bucket} cannot be deleted: ${error.Code}`);
    more = page.value.IsTruncated === true;
  }
  return true;
}

function fail({ status, code }: Refusal, bucket: string, prefix: string): never {
  throw new Error(`${bucket}/${prefix} cannot be listed: HTTP ${status} ${code}`);
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
  const { ListBucketsCommand, ListObjectVersionsCommand } = await import("@aws-sdk/client-s3");
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
      s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: PREFIX, Delimiter: "/" })),
      { ...talk, what: `list ${bucket}/${PREFIX}` },
    );
    return (page.ok ? page.value.CommonPrefixes ?? [] : []).flatMap(({ Prefix = "" }) =>
      isOld(Prefix.slice(PREFIX.length, -1)) ? [{ bucket, prefix: Prefix }] : []
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
