/** Takes back what the performance part has made: many small objects, which a store deletes one after the other. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Talk } from "../../clients/s3.ts";
import { done } from "./setup_calls.ts";

/** A batch is answered when its last object is gone: small ones, side by side, are answered in time. */
const BATCH = 50;
const AT_ONCE = 16;

/** Deletes all objects below a prefix. CannotLook when the store refuses. */
export async function deleteBelow(s3: S3Client, bucket: string, prefix: string, talk: S3Talk): Promise<void> {
  const { ListObjectsV2Command, DeleteObjectsCommand } = await import("@aws-sdk/client-s3");
  const what = `remove ${bucket}/${prefix}`;
  for (let more = true; more;) {
    // From the beginning each time: what was listed has been deleted.
    const page = await done(
      s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix })),
      talk,
      what,
    );
    const keys = (page.Contents ?? []).flatMap(({ Key }) => Key === undefined ? [] : [{ Key }]);
    const batches = Array.from(
      { length: Math.ceil(keys.length / BATCH) },
      (_, i) => keys.slice(i * BATCH, (i + 1) * BATCH),
    );
    const work = async () => {
      for (let Objects = batches.pop(); Objects; Objects = batches.pop()) {
        const Delete = { Objects, Quiet: true };
        const said = await done(s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete })), talk, what);
        const [error] = said.Errors ?? [];
        if (error) throw new Error(`${error.Key} of bucket ${bucket} cannot be deleted: ${error.Code}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    more = page.IsTruncated === true;
  }
}
