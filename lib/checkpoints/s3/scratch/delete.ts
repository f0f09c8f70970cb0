/**
 * The only code that deletes objects, versions, uploads and buckets (lint: s3-deletes). It deletes in scratch places
 * alone, however a store's list looks: what a list shows outside of the place is told and left as it is.
 */
import type {
  AbortMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { NotCleaned } from "../../../checkpoint/scratch.ts";
import type { RawDelete, RawRequest, S3Session } from "../../../clients/s3/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import type { S3Context } from "../context.ts";
import { type Item, type Kind, lister, walk } from "./delete_lists.ts";
import { MARKER_NAME } from "./marker.ts";
import { isIn, isOwn, keyIn, type OwnBucket, type OwnPlace } from "./own_place.ts";
import { type Refusal, refusalText, replyOf } from "../setup/calls.ts";

/** A batch is answered when its last object is gone: small ones, side by side, are answered in time. */
const BATCH = 50;
const AT_ONCE = 16;
/** Walks over one list, and those of them that may find nothing new: a list may be behind for a moment. */
const MOST_WALKS = 20;
const MOST_STALE = 3;
const PAUSE_MS = 300;

/** The request that deletes one object of a place. Throws for a name that leads out of it, as the next three do. */
export async function deleteOne(
  place: OwnPlace,
  name: string,
  version: { VersionId?: string } = {},
): Promise<DeleteObjectCommand> {
  const sdk = await import("@aws-sdk/client-s3");
  return new sdk.DeleteObjectCommand({ Bucket: place.bucket, Key: keyIn(place, name), ...version });
}

/** The request that deletes many objects of a place. */
export async function deleteMany(
  place: OwnPlace,
  names: readonly string[],
  { Quiet }: { Quiet?: boolean } = {},
): Promise<DeleteObjectsCommand> {
  const sdk = await import("@aws-sdk/client-s3");
  const Objects = names.map((name) => ({ Key: keyIn(place, name) }));
  return new sdk.DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects, ...quietly(Quiet) } });
}

const quietly = (Quiet: boolean | undefined) => Quiet === undefined ? {} : { Quiet };

/** The request that ends an upload of an object of a place. */
export async function abortUpload(
  place: OwnPlace,
  name: string,
  UploadId: string | undefined,
): Promise<AbortMultipartUploadCommand> {
  const sdk = await import("@aws-sdk/client-s3");
  return new sdk.AbortMultipartUploadCommand({ Bucket: place.bucket, Key: keyIn(place, name), UploadId });
}

/**
 * Registers that an upload is ended with the run, if it is still open. Not in a bucket of our own, which is emptied as a
 * whole: elsewhere some stores do not list uploads, and nobody would find it.
 */
export function willAbort(
  { ownBucket, scratch, undoS3, place, session }: S3Context,
  key: string,
  UploadId: string | undefined,
): void {
  if (ownBucket) return;
  scratch.undo(`upload of s3://${place.bucket}/${key}`, async () => {
    const command = await abortUpload(place, key.slice(place.prefix.length), UploadId);
    const said = await replyOf(undoS3.send(command), { ...session, signal: undefined });
    if (!said.ok && said.refusal.status !== 404) {
      throw new NotCleaned("NotRemoved", refusalText(said.refusal));
    }
  });
}

/** The method of requests that are signed by `rawDelete`. */
export const DELETES = "DELETE" as RawDelete;

/** The same requests as they are written; `query` may name an upload. */
export function rawDelete(
  place: OwnPlace,
  name: string,
  query: Record<string, string> = {},
): RawRequest {
  return { method: DELETES, bucket: place.bucket, key: keyIn(place, name), query };
}

/** The request that deletes a bucket of our own. */
export async function deleteBucket(own: OwnBucket): Promise<DeleteBucketCommand> {
  if (!isOwn(own)) throw new Error(`bucket ${own.bucket} is not ours`);
  const sdk = await import("@aws-sdk/client-s3");
  return new sdk.DeleteBucketCommand({ Bucket: own.bucket });
}

/**
 * Deletes all that lies in a place: uploads, versions where the store has them, objects. False: there is no such bucket.
 * NotCleaned when something stayed, or when it could not be seen whether something did.
 */
export async function empty(s3: S3Client, place: OwnPlace, session: S3Session): Promise<boolean> {
  const { there, remarks } = await emptied(s3, place, session);
  if (there && remarks.length > 0) throw notCleaned(remarks);
  return there;
}

async function emptied(
  s3: S3Client,
  place: OwnPlace,
  session: S3Session,
): Promise<{ there: boolean; remarks: Remark[] }> {
  const remarks: Remark[] = [];
  const batches = { refused: false };
  let there = true;
  // The list of objects comes last: every store has it, and it says whether there is such a bucket.
  for (const kind of ["uploads", "versions", "objects"] as const) {
    try {
      there = await emptyList(kind, { s3, place, session, batches, remarks });
    } catch (error) {
      if (!(error instanceof CannotLook)) throw error;
      remarks.push({ reason: "NotSeen", text: error.message });
    }
  }
  return { there, remarks };
}

interface Remark {
  reason: "NotRemoved" | "NotSeen" | "ListedOutside";
  text: string;
}

/** As one error; its reason is that of the worst. */
function notCleaned(remarks: readonly Remark[]): NotCleaned {
  const worst = (["NotRemoved", "NotSeen", "ListedOutside"] as const)
    .find((one) => remarks.some(({ reason }) => reason === one)) ?? "NotSeen";
  const others = remarks.some(({ reason }) => reason === "ListedOutside");
  return new NotCleaned(worst, [...new Set(remarks.map(({ text }) => text))].join("; "), others);
}

interface Emptying {
  s3: S3Client;
  place: OwnPlace;
  session: S3Session;
  /** Whether the store has rejected a request to delete many objects at once. */
  batches: { refused: boolean };
  remarks: Remark[];
}

/** False: the list says that there is no such bucket. */
async function emptyList(kind: Kind, emptying: Emptying): Promise<boolean> {
  const { s3, place, session, remarks } = emptying;
  const list = await lister(kind, s3, place, session);
  const seen = new Set<string>();
  const errors = new Map<string, string>();
  // The marker goes last: what is left by who was stopped half-way must still say whose it is.
  const marker = `${place.prefix}${MARKER_NAME}`;
  let onlyMarker = false;
  let stale = 0;
  for (let walks = 1;; walks++) {
    errors.clear();
    let kept = 0;
    const walked = await walk(list, place, seen, async (items) => {
      const now = onlyMarker ? items : items.filter(({ key }) => key !== marker);
      kept += items.length - now.length;
      await remove(kind, now, emptying, errors);
    });
    if ("refusal" in walked) return await notListed(kind, walked.refusal, emptying);
    if (!onlyMarker && walked.found > 0 && walked.found === kept) {
      onlyMarker = true;
      continue;
    }
    if (walked.found > 0 && walked.fresh === 0) stale++;
    const goesOn = walked.found > 0 && stale < MOST_STALE && walks < MOST_WALKS;
    if (goesOn) {
      if (stale > 0) {
        // It may delete one that it does not delete among many.
        emptying.batches.refused = true;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      continue;
    }
    if (walked.outsideCount > 0) remarks.push(listedOutside(walked.outside, walked.outsideCount));
    if (walked.cut) remarks.push({ reason: "NotSeen", text: walked.cut });
    if (walked.found > 0) remarks.push(stays(kind, walked.found, errors));
    return true;
  }
}

function listedOutside(outside: readonly string[], count: number): Remark {
  const more = count > outside.length ? ` and ${count - outside.length} more` : "";
  const text = `the store listed keys outside of the prefix: ${
    outside.join(", ")
  }${more}; nothing there was deleted`;
  return { reason: "ListedOutside", text };
}

function stays(kind: Kind, found: number, errors: ReadonlyMap<string, string>): Remark {
  const [first] = errors;
  const why = first ? `: ${JSON.stringify(first[0])} could not be deleted, ${first[1]}` : "";
  return { reason: "NotRemoved", text: `${found} ${kind} are still listed after they were deleted${why}` };
}

/** What a store that does not list this means. False: there is no such bucket. */
async function notListed(
  kind: Kind,
  refusal: Refusal,
  { s3, place, session, remarks }: Emptying,
): Promise<boolean> {
  const why = refusalText(refusal);
  if (kind === "objects") {
    if (refusal.status === 404) return false;
    remarks.push({ reason: "NotSeen", text: `the store did not list the objects: ${why}` });
  } else if (kind === "uploads") {
    remarks.push({ reason: "NotSeen", text: `the store did not list the open uploads: ${why}` });
  } else {
    const { GetBucketVersioningCommand } = await import("@aws-sdk/client-s3");
    const said = await replyOf(s3.send(new GetBucketVersioningCommand({ Bucket: place.bucket })), session);
    // A store that knows no versioning has no versions; one that does not let us look may have some.
    const keeps = said.ok ? said.value.Status !== undefined : said.refusal.status === 403;
    if (keeps) remarks.push({ reason: "NotSeen", text: `the store did not list the versions: ${why}` });
  }
  return true;
}

/** Deletes what was found; why something could not be deleted goes into `errors`, by key. */
async function remove(
  kind: Kind,
  items: readonly Item[],
  { s3, place, session, batches }: Emptying,
  errors: Map<string, string>,
): Promise<void> {
  const sdk = await import("@aws-sdk/client-s3");
  const { bucket } = place;
  const what = { ...session, what: `delete what is in ${bucket}/${place.prefix}` };
  const outside = items.find(({ key }) => !isIn(place, key));
  if (outside) throw new Error(`${outside.key} does not lie in ${bucket}/${place.prefix}`);
  const single = async ({ key, id }: Item) => {
    const at = { Bucket: bucket, Key: key };
    const said = kind === "uploads"
      ? await replyOf(s3.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId: id })), what)
      : await replyOf(s3.send(new sdk.DeleteObjectCommand({ ...at, VersionId: id })), what);
    if (!said.ok) errors.set(key, refusalText(said.refusal));
  };
  if (items.length === 0) return;
  if (kind === "uploads" || batches.refused) return await inParallel(items, AT_ONCE, single);
  // An object that is locked may be deleted all the same in a bucket of our own, and nowhere else.
  const bypass = isOwn(place) ? { BypassGovernanceRetention: true } : {};
  const batch = async (part: readonly Item[]) => {
    const Delete = { Objects: part.map(({ key, id }) => ({ Key: key, VersionId: id })), Quiet: true };
    const said = await replyOf(
      s3.send(new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete, ...bypass })),
      what,
    );
    if (!said.ok) {
      batches.refused = true;
      return await inParallel(part, AT_ONCE, single);
    }
    for (const { Key = "", Code = "" } of said.value.Errors ?? []) {
      if (!/^NoSuch(?:Key|Version)$/.test(Code)) errors.set(Key, Code);
    }
  };
  const count = Math.ceil(items.length / BATCH);
  const parts = Array.from({ length: count }, (_, i) => items.slice(i * BATCH, (i + 1) * BATCH));
  await inParallel(parts, AT_ONCE, batch);
}

/**
 * Empties a bucket of our own and deletes it. False: it is not there. NotCleaned when it is still there, or when that
 * could not be seen.
 */
export async function removeBucket(s3: S3Client, own: OwnBucket, session: S3Session): Promise<boolean> {
  const what = { ...session, what: `delete bucket ${own.bucket}` };
  const left: Remark[] = [];
  // Twice: a policy may have denied it, and a request that was cut off may have arrived late.
  for (const again of [false, true]) {
    if (again) await removePolicy(s3, own, what);
    const { there, remarks } = await emptied(s3, own, session);
    if (!there) return again;
    const said = await replyOf(s3.send(await deleteBucket(own)), what);
    // With the bucket goes whatever could not be seen in it.
    if (said.ok) return await isGone(s3, own, what);
    const text = `the store did not delete the bucket: ${refusalText(said.refusal)}`;
    left.splice(0, left.length, ...remarks, { reason: "NotRemoved", text });
  }
  throw notCleaned(left);
}

/** A run that was killed may have left a policy that denies even listing; the owner of a bucket may remove it. */
async function removePolicy(s3: S3Client, { bucket }: OwnBucket, session: S3Session): Promise<void> {
  const { DeleteBucketPolicyCommand } = await import("@aws-sdk/client-s3");
  await replyOf(s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket })), session);
}

async function isGone(s3: S3Client, { bucket }: OwnBucket, session: S3Session): Promise<true> {
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  for (let looks = 1;; looks++) {
    const found = await replyOf(s3.send(new HeadBucketCommand({ Bucket: bucket })), session);
    if (!found.ok && found.refusal.status === 404) return true;
    if (looks === MOST_STALE) {
      if (found.ok) throw new NotCleaned("NotRemoved", "the store deleted the bucket, and it is still there");
      const text = `whether the bucket is gone could not be seen: ${refusalText(found.refusal)}`;
      throw new NotCleaned("NotSeen", text);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
