/** The few things that a writer and a reader of table files ask of an object store. */
import { fail } from "../../../checkpoint/expect.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type RawReply, s3Failure } from "../../../clients/s3/client.ts";
import type { S3Context } from "../context.ts";
import { abortUpload, deleteOne } from "../scratch/delete.ts";

/** Names are those of the files; where they lie is the store's own business. */
export interface FileStore {
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** In parts of `partBytes`, at least 5 MiB each but the last; gives how many. */
  putParts(name: string, bytes: Uint8Array, partBytes: number): Promise<number>;
  get(name: string): Promise<Uint8Array>;
  /** The bytes from `start` up to, not including, `end`. Ends the trial when the store gives others, or all. */
  range(name: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** `s3://BUCKET/KEY`. */
  place(name: string): string;
}

/** A part of the checkpoint's scratch place. What is put there is registered for undoing. */
export function fileStore(context: S3Context, part: string): FileStore {
  const { bucket, raw, s3 } = context;
  const keyOf = (name: string) => `${context.prefix}${part}/${name}`;
  const ask = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw s3Failure(error, { ...context.session, what });
    }
  };
  return {
    place: (name) => `s3://${bucket}/${keyOf(name)}`,
    async put(name, bytes) {
      const { PutObjectCommand } = await import("@aws-sdk/client-s3");
      const Key = keyOf(name);
      willDelete(context, Key);
      await ask(`put ${Key}`, () => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytes })));
    },
    putParts: (name, bytes, partBytes) =>
      ask(`upload ${keyOf(name)} in parts`, () => upload(context, keyOf(name), bytes, partBytes)),
    async get(name) {
      const reply = await raw.send({ method: "GET", bucket, key: keyOf(name) });
      if (reply.status !== 200) notServed(reply, `GET s3://${bucket}/${keyOf(name)}`);
      return reply.bytes;
    },
    range: (name, start, end) => rangeOf(context, bucket, keyOf(name), start, end),
  };
}

/** Only in a bucket that is not the checkpoint's own: that one is emptied as a whole. */
function willDelete({ ownBucket, scratch, undoS3, place, bucket, prefix }: S3Context, key: string): void {
  if (ownBucket) return;
  scratch.undo(`object s3://${bucket}/${key}`, async () => {
    await undoS3.send(await deleteOne(place, key.slice(prefix.length)));
  });
}

async function upload(
  context: S3Context,
  Key: string,
  bytes: Uint8Array,
  partBytes: number,
): Promise<number> {
  const sdk = await import("@aws-sdk/client-s3");
  const { s3, undoS3, scratch, place } = context;
  const at = { Bucket: context.bucket, Key };
  willDelete(context, Key);
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(at));
  let complete = false;
  scratch.undo(`upload of s3://${at.Bucket}/${Key}`, async () => {
    if (!complete) await undoS3.send(await abortUpload(place, Key.slice(place.prefix.length), UploadId));
  });
  const count = Math.ceil(bytes.length / partBytes);
  const Parts = await Promise.all(Array.from({ length: count }, async (_, part) => {
    const Body = bytes.subarray(part * partBytes, (part + 1) * partBytes);
    const PartNumber = part + 1;
    const { ETag } = await s3.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
    return { ETag, PartNumber };
  }));
  await s3.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  complete = true;
  return count;
}

/** A signed ranged GET of any object; anything but exactly these bytes as 206 ends the trial. */
export async function rangeOf(
  { raw }: Pick<S3Context, "raw">,
  bucket: string,
  key: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const range = `bytes=${start}-${end - 1}`;
  const evidence = `GET s3://${bucket}/${key} with Range: ${range}`;
  const reply = await raw.send({ method: "GET", bucket, key, headers: { range } });
  if (reply.status === 200) {
    fail(
      "RangeIgnored",
      "a range was asked for, and the whole object came: readers would load every file whole",
      { evidence, observed: "200", expected: "206" },
    );
  }
  if (reply.status !== 206) notServed(reply, evidence);
  const told = reply.headers.get("content-range") ?? "none";
  if (reply.bytes.length !== end - start || !told.startsWith(`bytes ${start}-${end - 1}/`)) {
    fail("WrongRange", "a range was asked for, and another one came", {
      evidence,
      observed: `${reply.bytes.length} bytes, Content-Range ${told}`,
      expected: `${end - start} bytes, Content-Range bytes ${start}-${end - 1}`,
    });
  }
  return reply.bytes;
}

/** Not allowed and not able now say nothing about the store's way with files; every other answer does. */
export function notServed({ status, code }: RawReply, evidence: string): never {
  const words = `${status}${code ? ` ${code}` : ""}`;
  if (status === 401 || status === 403 || status >= 500) {
    throw new CannotLook({
      kind: status === 401 ? "unauthorized" : status === 403 ? "forbidden" : "server-error",
      message: `the object store answered ${words} to ${evidence}`,
    });
  }
  const reason = status === 404 ? "FileMissing" : "NotReadable";
  fail(reason, `the object store answered ${words} for an object that must be there`, { evidence });
}
