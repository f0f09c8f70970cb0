/** One multipart upload of a real part of 5 MiB, which costs the most of all trials, and what was seen of it. */
import { joined, madeBytes } from "../bytes.ts";
import { willAbort } from "../../scratch/delete.ts";
import { shared, type Steps, stepsIn } from "../steps.ts";
import { below } from "../../scratch/own_place.ts";

/** S3's least size of every part but the last: 5 MiB. */
export const PART_BYTES = 5 * 1024 * 1024;
const LAST_BYTES = 70_000;

/** What was seen of an upload whose parts came as 2, 1, 2 again. */
export interface Assembled {
  steps: Steps;
  name: string;
  first: Uint8Array;
  /** Part 2 as it was sent first, and as it was sent again. */
  stale: Uint8Array;
  last: Uint8Array;
  whole: Uint8Array;
  /** What ListParts says before the end: number and bytes. */
  parts: { number?: number; size?: number; etag?: string }[];
  sent: { first?: string; last?: string };
  /** Whether the store lists the upload: while it is open, and after its end. Not every store lists uploads. */
  listedOpen: PromiseSettledResult<boolean>;
  listedAfter: PromiseSettledResult<boolean>;
  /** The ETag in the answer to the end of the upload, and the one that HEAD gives. */
  completeETag?: string;
  headETag?: string;
  got: Uint8Array;
}

/** Begins an upload. Left open, it is ended with the run. */
export async function beginUpload(steps: Steps, name: string): Promise<string> {
  const { context, ask, s3, sdk, bucket, prefix } = steps;
  const { UploadId = "" } = await ask(
    "CreateMultipartUpload",
    s3.send(new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key: prefix + name })),
  );
  willAbort(context, prefix + name, UploadId);
  return UploadId;
}

export function sendPart(steps: Steps, name: string, UploadId: string, PartNumber: number, Body: Uint8Array) {
  const { ask, s3, sdk, bucket, prefix } = steps;
  const Key = prefix + name;
  return ask(
    `UploadPart ${PartNumber}`,
    s3.send(new sdk.UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber, Body })),
  );
}

/** Ends an upload of these parts; give it to `ask` or to `refusal`. */
export function complete(
  { s3, sdk, bucket, prefix }: Steps,
  name: string,
  UploadId: string,
  etags: (string | undefined)[],
  more: { IfNoneMatch?: string } = {},
) {
  const Parts = etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 }));
  return s3.send(
    new sdk.CompleteMultipartUploadCommand({
      Bucket: bucket,
      Key: prefix + name,
      UploadId,
      MultipartUpload: { Parts },
      ...more,
    }),
  );
}

/** Whether the store lists this upload as open. */
export async function isListed({ ask, s3, sdk, bucket, prefix }: Steps, UploadId: string): Promise<boolean> {
  const { Uploads = [] } = await ask(
    "ListMultipartUploads",
    s3.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix })),
  );
  return Uploads.some((upload) => upload.UploadId === UploadId);
}

/** The upload, made once for all trials that judge a part of it; or why it could not be made. */
export const assembled = shared(async (context): Promise<Assembled> => {
  const steps = await stepsIn(context, below(context.place, "multipart/"));
  const { ask, s3, sdk, bucket, prefix } = steps;
  const name = "assembled";
  const first = madeBytes(PART_BYTES, 11);
  const [stale, last] = [madeBytes(LAST_BYTES, 12), madeBytes(LAST_BYTES, 13)];
  const UploadId = await beginUpload(steps, name);
  await sendPart(steps, name, UploadId, 2, stale);
  const one = await sendPart(steps, name, UploadId, 1, first);
  const two = await sendPart(steps, name, UploadId, 2, last);
  const at = { Bucket: bucket, Key: prefix + name };
  const listed = async () => (await Promise.allSettled([isListed(steps, UploadId)]))[0];
  const [{ Parts = [] }, listedOpen] = await Promise.all([
    ask("ListParts", s3.send(new sdk.ListPartsCommand({ ...at, UploadId }))),
    listed(),
  ]);
  const ended = await ask(
    "CompleteMultipartUpload",
    complete(steps, name, UploadId, [one.ETag, two.ETag]),
  );
  const [head, listedAfter, got] = await Promise.all([
    ask("HEAD", s3.send(new sdk.HeadObjectCommand(at))),
    listed(),
    steps.get(name),
  ]);
  return {
    steps,
    name,
    first,
    stale,
    last,
    whole: joined(first, last),
    parts: Parts.map(({ PartNumber, Size, ETag }) => ({ number: PartNumber, size: Size, etag: ETag })),
    sent: { first: one.ETag, last: two.ETag },
    listedOpen,
    listedAfter,
    completeETag: ended.ETag,
    headETag: head.ETag,
    got: got.bytes,
  };
});
