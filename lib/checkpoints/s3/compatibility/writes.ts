/** The same writes with the SDK's own defaults for checksums, and with when_required. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Context } from "../context.ts";
import { deleteMany, willAbort } from "../scratch/delete.ts";
import { bytesFor, ofReply, type Probe, put, readBack, type Seen, send } from "./probe.ts";
import { replyOf } from "../setup/calls.ts";

type Write = (context: S3Context, client: S3Client, key: string) => Promise<Seen>;

const MEBIBYTE = 1024 * 1024;

const putBytes: Write = async (context, client, key) => {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const Body = bytesFor(key);
  const command = new PutObjectCommand({ Bucket: context.bucket, Key: key, Body });
  const reply = await replyOf(client.send(command), { ...context.session, what: "write bytes" });
  return reply.ok ? await readBack(context, key, Body, "HTTP 200") : ofReply(reply);
};

/** A stream has a length, as files and pipes of known size do, and is read once. */
const putStream: Write = async (context, client, key) => {
  const [{ PutObjectCommand }, { Readable }] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("node:stream"),
  ]);
  const bytes = bytesFor(key, 64 * 1024);
  const Body = Readable.from([bytes.subarray(0, 30_000), bytes.subarray(30_000)], { objectMode: false });
  const command = new PutObjectCommand({
    Bucket: context.bucket,
    Key: key,
    Body,
    ContentLength: bytes.length,
  });
  const reply = await replyOf(client.send(command), { ...context.session, what: "write a stream" });
  return reply.ok ? await readBack(context, key, bytes, "HTTP 200") : ofReply(reply);
};

/** As the uploaders of the SDKs do it: the checksum that each part will have is named when the upload begins. */
const multipart: Write = async (context, client, key) => {
  const sdk = await import("@aws-sdk/client-s3");
  const place = { Bucket: context.bucket, Key: key };
  const session = { ...context.session, what: "write in parts" };
  // The least that S3 takes for a part which is not the last.
  const bytes = bytesFor(key, 5 * MEBIBYTE + 1000);
  const algorithm = client === context.defaults ? { ChecksumAlgorithm: "CRC32" as const } : {};
  const begun = await replyOf(
    client.send(new sdk.CreateMultipartUploadCommand({ ...place, ...algorithm })),
    session,
  );
  if (!begun.ok) return ofReply(begun);
  const { UploadId } = begun.value;
  willAbort(context, key, UploadId);
  const Parts: { PartNumber: number; ETag?: string; ChecksumCRC32?: string }[] = [];
  for (const [at, Body] of [bytes.subarray(0, 5 * MEBIBYTE), bytes.subarray(5 * MEBIBYTE)].entries()) {
    const PartNumber = at + 1;
    const part = await replyOf(
      client.send(new sdk.UploadPartCommand({ ...place, UploadId, PartNumber, Body })),
      session,
    );
    if (!part.ok) return ofReply(part);
    const { ETag, ChecksumCRC32 } = part.value;
    Parts.push({ PartNumber, ETag, ...ChecksumCRC32 ? { ChecksumCRC32 } : {} });
  }
  const completed = new sdk.CompleteMultipartUploadCommand({
    ...place,
    UploadId,
    MultipartUpload: { Parts },
  });
  const reply = await replyOf(client.send(completed), session);
  return reply.ok ? await readBack(context, key, bytes, "HTTP 200") : ofReply(reply);
};

const copy: Write = async (context, client, key) => {
  const { CopyObjectCommand } = await import("@aws-sdk/client-s3");
  const from = `${key}-from`;
  await put(context, from);
  const CopySource = `${context.bucket}/${from}`;
  const reply = await replyOf(
    client.send(new CopyObjectCommand({ Bucket: context.bucket, Key: key, CopySource })),
    { ...context.session, what: "copy an object" },
  );
  return reply.ok ? await readBack(context, key, bytesFor(from), "HTTP 200") : ofReply(reply);
};

const deleteBoth: Write = async (context, client, key) => {
  const keys = [`${key}/a`, `${key}/b`];
  await Promise.all(keys.map((one) => put(context, one)));
  const names = keys.map((one) => one.slice(context.prefix.length));
  const reply = await replyOf(
    client.send(await deleteMany(context.place, names)),
    { ...context.session, what: "delete many objects" },
  );
  if (!reply.ok) return ofReply(reply);
  const left = await Promise.all(keys.map((one) => send(context, { method: "HEAD", key: one })));
  const gone = left.every(({ status }) => status === 404);
  return gone
    ? { behaviour: "works", observed: "HTTP 200" }
    : { behaviour: "ignored", observed: "HTTP 200, and they are still there" };
};

const WRITES: Record<string, Write> = {
  "put-bytes": putBytes,
  "put-stream": putStream,
  "multipart": multipart,
  "copy": copy,
  "delete-many": deleteBoth,
};

export const writeProbes: readonly Probe[] = Object.entries(WRITES).flatMap(([name, write]): Probe[] => [
  { id: `default.${name}`, run: (context, key) => write(context, context.defaults, key) },
  { id: `required.${name}`, run: (context, key) => write(context, context.s3, key) },
]);
