/** Trials of buckets: one that does not exist, and one that is full. */
import type { RawRequest } from "../../../clients/s3/client.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { deleteBucket, removeBucket } from "../scratch/delete.ts";
import { unlessMade } from "../scratch/own_place.ts";
import { expectBytes } from "./bytes.ts";
import { expectRejected, inOtherBucket, operation, otherBucket } from "./steps.ts";

const missing = operation({
  id: "s3.missing-bucket",
  title: "Bucket that does not exist",
  explain:
    "Listing, reading and writing in a bucket that does not exist is rejected with 404 NoSuchBucket. Nessie, Spark and " +
    "people tell a mistyped warehouse by it; a store that answers with an empty list, or makes the bucket, hides " +
    "the mistake until tables are in the wrong place.",
  weight: "warning",
}, async ({ context }) => {
  const bucket = `lakecheck-scratch-${context.scratch.id}-missing`;
  const body = new TextEncoder().encode("x");
  await undoMade(context, bucket);
  const requests: (RawRequest & { what: string })[] = [
    { what: "list", method: "GET", bucket },
    { what: "GET of an object", method: "GET", bucket, key: "object" },
    { what: "PUT of an object", method: "PUT", bucket, key: "object", body },
  ];
  for (const { what, ...request } of requests) {
    // Not by the steps: they take a missing bucket for a store that is not well.
    const reply = await context.raw.send(request);
    const evidence = `${what} in a bucket that does not exist`;
    expectRejected(
      reply,
      "NoSuchBucket",
      "the store takes requests for a bucket that does not exist",
      evidence,
    );
  }
  return passed("listing, reading and writing in a missing bucket is rejected with 404 NoSuchBucket");
});

/** Some stores make a bucket that is written to: what has this name afterwards and had it not before is of this run. */
async function undoMade({ scratch, s3, undoS3, session }: S3Context, bucket: string): Promise<void> {
  const made = await unlessMade(s3, undoS3, bucket, session);
  if (!made) return;
  scratch.undo(`bucket ${bucket}`, async () => {
    const own = await made();
    if (own) await removeBucket(undoS3, own, { ...session, signal: undefined });
  });
}

const notEmpty = inOtherBucket({
  id: "s3.bucket-not-empty",
  title: "Delete of a bucket that is not empty",
  explain:
    "A bucket that holds an object is not deleted: the request is rejected with 409 BucketNotEmpty. It is the last guard " +
    "between a mistyped command, or a bucket claim that is removed, and the warehouse.",
  weight: "critical",
}, async (steps) => {
  const body = new TextEncoder().encode("keeps the bucket");
  await steps.put("object", body);
  const own = await otherBucket(steps.context);
  const refusal = await steps.refusal("DeleteBucket", steps.s3.send(await deleteBucket(own)));
  const evidence = "DeleteBucket of a bucket with an object";
  if (refusal) expectBytes((await steps.get("object")).bytes, body, `GET after ${evidence}`);
  expectRejected(refusal, 409, "the store deletes a bucket that is not empty", evidence);
  return passed("a bucket with an object in it is not deleted");
});

export const bucketTrials: readonly Trial<S3Context>[] = [missing, notEmpty];
