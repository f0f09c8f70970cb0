/** Trials of single objects: what was put is what is got, whole and in pieces, under any name. */
import type { RawReply } from "../../../clients/s3/raw.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { deleteOne } from "../scratch/delete.ts";
import { expectBytes, madeBytes, same } from "./bytes.ts";
import { answerText, expectStatus, operation, type Steps } from "./steps.ts";

const SIZE = 100_000;

const putGet = operation({
  id: "s3.put-get",
  title: "Put, get, overwrite, delete",
  explain:
    "An object is written, read back byte by byte, overwritten, read back at once, deleted and asked for again. " +
    "Iceberg, Spark and backups all stand on it: a read after a write that gives older bytes, or a deleted object " +
    "that is still there, corrupts tables.",
  weight: "critical",
}, async (steps) => {
  const [first, second] = [madeBytes(SIZE, 1), madeBytes(SIZE / 2, 2)];
  await steps.put("object", first);
  const one = await steps.get("object");
  expectBytes(one.bytes, first, "GET after PUT");
  await steps.put("object", second);
  const two = await steps.get("object");
  expect(!same(two.bytes, first), "StaleRead", {
    message: "an object that was overwritten is still read as it was before",
    observed: "the bytes of the first PUT",
    expected: "the bytes of the second PUT",
    evidence: "GET right after a PUT of the same key",
  });
  expectBytes(two.bytes, second, "GET after a second PUT");
  await remove(steps, "object");
  const gone = await steps.refusal("GET after DELETE", steps.s3.send(getObject(steps, "object")));
  expectStatus(gone, 404, "StillThere", "an object that was deleted can still be read", "GET after DELETE");
  return passed(`${SIZE} bytes came back as written, also at once after they were overwritten and deleted`);
});

const getObject = ({ sdk, bucket, prefix }: Steps, name: string) =>
  new sdk.GetObjectCommand({ Bucket: bucket, Key: prefix + name });

async function remove({ ask, s3, place }: Steps, name: string) {
  return await ask(`DELETE ${name}`, s3.send(await deleteOne(place, name)));
}

const deleteMissing = operation({
  id: "s3.delete-missing",
  title: "Delete of a key that does not exist",
  explain:
    "A DELETE of a key that is not there answers 204. Hadoop S3A, Iceberg's clean-up after a failed commit " +
    "and every retry of a DELETE count on it, and take anything else for a failure.",
  weight: "warning",
}, async (steps) => {
  const refusal = await steps.refusal(
    "DELETE of a missing key",
    steps.s3.send(await deleteOne(steps.place, "missing")),
  );
  const message = "the store rejects the deletion of a key that is not there";
  expectStatus(refusal, 200, "MissingKeyRefused", message, "DELETE of a missing key");
  return passed("deleting what is not there answers 204");
});

const head = operation({
  id: "s3.head",
  title: "Head",
  explain:
    "HEAD gives the length and the ETag that PUT gave, and 404 for a key that is not there. Spark and Iceberg ask " +
    "for the length before they read a file's footer; a wrong one makes every file look broken.",
  weight: "critical",
}, async (steps) => {
  const { ETag } = await steps.put("object", madeBytes(1234, 3));
  const seen = await steps.ask("HEAD", steps.s3.send(headObject(steps, "object")));
  expect(seen.ContentLength === 1234, "WrongLength", "HEAD says another length than was written", {
    observed: `${seen.ContentLength} bytes`,
    expected: "1234 bytes",
    evidence: "HEAD, Content-Length",
  });
  expect(seen.ETag !== undefined && seen.ETag === ETag, "WrongETag", {
    message: "HEAD gives another ETag than PUT gave",
    observed: seen.ETag ?? "none",
    expected: ETag ?? "an ETag in the answer to PUT",
    evidence: "HEAD, ETag",
  });
  const gone = await steps.refusal("HEAD of a missing key", steps.s3.send(headObject(steps, "missing")));
  expectStatus(
    gone,
    404,
    "MissingKeyFound",
    "HEAD finds a key that was never written",
    "HEAD of a missing key",
  );
  return passed("the length and the ETag are those of the PUT, and a missing key is 404");
});

const headObject = ({ sdk, bucket, prefix }: Steps, name: string) =>
  new sdk.HeadObjectCommand({ Bucket: bucket, Key: prefix + name });

/** Range header, first byte, byte after the last; of an object of SIZE bytes. */
const RANGES: readonly [string, string, number, number][] = [
  ["the first 4 bytes", "bytes=0-3", 0, 4],
  ["the last 8 bytes, a Parquet footer's length and magic", "bytes=-8", SIZE - 8, SIZE],
  ["bytes in the middle", "bytes=40000-59999", 40_000, 60_000],
  ["all from a byte on", "bytes=99000-", 99_000, SIZE],
  ["a range that ends beyond the end", "bytes=99990-200000", 99_990, SIZE],
];

const getRange = ({ raw, bucket, prefix }: Steps, range: string) =>
  raw({ method: "GET", bucket, key: `${prefix}object`, headers: { range } });

function expectRange(reply: RawReply, asked: typeof RANGES[number] | undefined, bytes: Uint8Array): void {
  const [what = "", range = "", from = 0, to = 0] = asked ?? [];
  const evidence = `GET with Range: ${range}`;
  expect(
    reply.status !== 200,
    "SilentlyIgnored",
    `the store ignores a Range (${what}) and sends the whole object`,
    { observed: `200 with ${reply.bytes.length} bytes`, expected: `206 with ${to - from} bytes`, evidence },
  );
  expectStatus(reply, 206, "RangeRefused", `the store rejects ${what}`, evidence);
  const wanted = bytes.subarray(from, to);
  expectBytes(reply.bytes, wanted, evidence);
  const contentRange = `bytes ${from}-${to - 1}/${SIZE}`;
  expect(
    reply.headers.get("content-range") === contentRange,
    "WrongContentRange",
    `the answer for ${what} says that it is another range`,
    { observed: reply.headers.get("content-range") ?? "no Content-Range", expected: contentRange, evidence },
  );
}

const ranges = operation({
  id: "s3.ranges",
  title: "Ranges",
  explain:
    "The first, the last, the middle and the remaining bytes of an object are read with Range. Every Parquet reader " +
    "(Spark, DuckDB, PyIceberg) reads the last 8 bytes first and then ranges of columns. A store that answers 200 " +
    "with the whole object gives them the wrong bytes, or all the traffic.",
  weight: "critical",
}, async (steps) => {
  const bytes = madeBytes(SIZE, 4);
  await steps.put("object", bytes);
  const replies = await Promise.all(RANGES.map(([, range]) => getRange(steps, range)));
  replies.forEach((reply, at) => expectRange(reply, RANGES[at], bytes));
  return passed(`${RANGES.length} ranges, the Parquet footer's among them, came as 206 with the right bytes`);
});

const rangeBeyond = operation({
  id: "s3.range-beyond-end",
  title: "Range beyond the end",
  explain:
    "A range that begins after the last byte is rejected with 416, and so is any range of an empty object. Hadoop S3A " +
    "takes 416 for the end of a file, and readers tell by it that a file has become shorter than its metadata says; " +
    "another answer looks like data.",
  weight: "warning",
}, async (steps) => {
  for (const [size, range] of [[100, "bytes=100-199"], [0, "bytes=0-0"]] as const) {
    await steps.put("object", madeBytes(size, 5));
    const reply = await getRange(steps, range);
    const more = {
      observed: reply.status < 300 ? `${reply.status} with ${reply.bytes.length} bytes` : answerText(reply),
      expected: "416 InvalidRange",
      evidence: `GET with Range: ${range} of ${size} bytes`,
    };
    const reason = reply.status < 300 ? "SilentlyIgnored" : "OtherRefusal";
    expect(reply.status === 416, reason, "a range beyond the end is not answered by 416", more);
  }
  return passed("a range beyond the end is rejected with 416");
});

const emptyObject = operation({
  id: "s3.empty-object",
  title: "Empty object",
  explain:
    "An object of 0 bytes can be written, read, and listed with size 0, also with a name that ends with a slash. " +
    "Spark's _SUCCESS files and the directory markers of Hadoop S3A are such objects: without them its file system " +
    "does not work.",
  weight: "critical",
}, async (steps) => {
  const names = ["_SUCCESS", "directory/"];
  for (const name of names) {
    await steps.put(name, new Uint8Array());
    const { bytes } = await steps.get(name);
    expectBytes(bytes, new Uint8Array(), `GET of the empty object ${name}`);
    const seen = await steps.ask("HEAD", steps.s3.send(headObject(steps, name)));
    expect(seen.ContentLength === 0, "WrongLength", "HEAD says that an empty object is not empty", {
      observed: `${seen.ContentLength} bytes`,
      expected: "0 bytes",
      evidence: `HEAD of the empty object ${name}`,
    });
  }
  const listed = await steps.ask(
    "list",
    steps.s3.send(new steps.sdk.ListObjectsV2Command({ Bucket: steps.bucket, Prefix: steps.prefix })),
  );
  const seen = (listed.Contents ?? []).map(({ Key = "", Size }) =>
    `${Key.slice(steps.prefix.length)}:${Size}`
  );
  const wanted = names.map((name) => `${name}:0`);
  expect(
    seen.join() === wanted.join(),
    "EmptyNotListed",
    "empty objects are not listed, or with another size",
    { observed: seen.join(", ") || "nothing", expected: wanted.join(", "), evidence: "ListObjectsV2" },
  );
  return passed("empty objects and directory markers are kept, read and listed");
});

export const objectTrials: readonly Trial<S3Context>[] = [
  putGet,
  deleteMissing,
  head,
  ranges,
  rangeBeyond,
  emptyObject,
];
