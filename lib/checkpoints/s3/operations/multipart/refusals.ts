/** Trials of multipart uploads that must not come to an object, and of parts that are copied. */
import { Ended, expect } from "../../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../../checkpoint/trial.ts";
import { ofRejected, tell } from "../../compatibility/told.ts";
import type { S3Context } from "../../context.ts";
import { abortUpload } from "../../scratch/delete.ts";
import { expectBytes, madeBytes } from "../bytes.ts";
import { copySource } from "../copies.ts";
import { assembled, beginUpload, complete, isListed, PART_BYTES, sendPart } from "./shared.ts";
import { answerText, expectRejected, expectStatus, operation, type Steps } from "../steps.ts";

/** That nothing stands under this name. */
async function expectNothing(
  { refusal, s3, sdk, bucket, prefix }: Steps,
  name: string,
  reason: string,
  message: string,
  evidence: string,
): Promise<void> {
  const head = new sdk.HeadObjectCommand({ Bucket: bucket, Key: prefix + name });
  expectStatus(await refusal(`HEAD ${name}`, s3.send(head)), 404, reason, message, evidence);
}

const abort = operation({
  id: "s3.multipart-abort",
  title: "Aborted upload",
  explain:
    "After AbortMultipartUpload no object appears, the upload can't be completed or given further parts, and is no " +
    "longer listed. Hadoop S3A's committers abort the uploads of failed tasks: if one of them still becomes an " +
    "object, the output of a failed task is in the table.",
  weight: "critical",
}, async (steps) => {
  const { s3, sdk, bucket, prefix } = steps;
  const name = "aborted";
  const UploadId = await beginUpload(steps, name);
  const { ETag } = await sendPart(steps, name, UploadId, 1, madeBytes(1000, 21));
  const at = { Bucket: bucket, Key: prefix + name, UploadId };
  await steps.ask("AbortMultipartUpload", s3.send(await abortUpload(steps.place, name, UploadId)));
  const further = new sdk.UploadPartCommand({ ...at, PartNumber: 2, Body: "further" });
  const tries = [
    ["UploadPart", await steps.refusal("UploadPart", s3.send(further))],
    [
      "CompleteMultipartUpload",
      await steps.refusal("complete", complete(steps, name, UploadId, [ETag]), 500),
    ],
  ] as const;
  for (const [what, refusal] of tries) {
    expect(refusal, "SilentlyIgnored", `${what} works on an upload that was aborted`, {
      observed: answerText(refusal),
      expected: "404 NoSuchUpload",
      evidence: `${what} after AbortMultipartUpload`,
    });
  }
  const appeared = "an upload that was aborted has become an object";
  await expectNothing(steps, name, "AbortedObject", appeared, "HEAD after AbortMultipartUpload");
  // A store that does not list uploads is told by s3.multipart-uploads.
  const [listed] = await Promise.allSettled([isListed(steps, UploadId)]);
  if (listed.status === "rejected" && !(listed.reason instanceof Ended)) throw listed.reason;
  const isOpen = listed.status === "fulfilled" && listed.value;
  expect(!isOpen, "EndedUploadListed", "an upload that was aborted is still listed as open", {
    observed: "listed",
    expected: "not listed",
    evidence: "ListMultipartUploads after AbortMultipartUpload",
  });
  const [strange, refusal] = tries.find(([, refusal]) => refusal?.status !== 404) ?? [];
  const again = "clients take that for a passing fault, and try again in vain";
  expect(!refusal, "OtherRefusal", {
    message: `${strange} of an upload that was aborted is refused, but not by 404: ${again}`,
    observed: answerText(refusal),
    expected: "404 NoSuchUpload",
    evidence: `${strange} after AbortMultipartUpload`,
    status: "warning",
  });
  return passed("after the abort there is no object, no upload, and nothing to complete");
});

const tooSmall = operation({
  id: "s3.multipart-too-small",
  title: "Part below 5 MiB",
  explain:
    "A part below 5 MiB that is not the last is rejected with EntityTooSmall when the upload ends. Nothing breaks " +
    "where it is accepted, but what was written and tested here does then not work on another S3.",
  weight: "warning",
}, async (steps) => {
  const name = "small";
  const UploadId = await beginUpload(steps, name);
  const etags = [];
  for (const number of [1, 2]) {
    const { ETag } = await sendPart(steps, name, UploadId, number, madeBytes(1000, 30 + number));
    etags.push(ETag);
  }
  const refusal = await steps.refusal("complete", complete(steps, name, UploadId, etags));
  const evidence = "CompleteMultipartUpload of two parts of 1000 bytes";
  expectRejected(refusal, "EntityTooSmall", "the store accepts parts below 5 MiB", evidence);
  return passed("parts of 1000 bytes are rejected with EntityTooSmall");
});

const wrongETag = operation({
  id: "s3.multipart-wrong-etag",
  title: "Wrong ETag of a part",
  explain:
    "CompleteMultipartUpload with an ETag that no part has is rejected with InvalidPart, and makes no object. The " +
    "ETag is how a client says which bytes it means: a store that does not look accepts a part that was lost or " +
    "changed under way.",
  weight: "critical",
}, async (steps) => {
  const name = "wrong-etag";
  const UploadId = await beginUpload(steps, name);
  await sendPart(steps, name, UploadId, 1, madeBytes(1000, 41));
  const wrong = `"${"0123456789abcdef".repeat(2)}"`;
  const refusal = await steps.refusal("complete", complete(steps, name, UploadId, [wrong]));
  const evidence = "CompleteMultipartUpload with a wrong ETag";
  expectRejected(refusal, "InvalidPart", "the store does not look at the ETags of parts", evidence);
  const appeared = "an upload whose end was rejected has become an object";
  await expectNothing(steps, name, "RefusedObject", appeared, `HEAD after ${evidence}`);
  return passed("a wrong ETag of a part is rejected with InvalidPart, and no object appears");
});

const conditional = operation({
  id: "s3.multipart-conditional",
  title: "Conditional end of an upload",
  explain:
    "CompleteMultipartUpload with If-None-Match: * is rejected with 412 when the object exists. Where it is ignored, " +
    "an upload in parts overwrites what another writer has just made: locks and manifests must be single PUTs here.",
  weight: "warning",
}, async (steps) => {
  const name = "exists";
  const first = madeBytes(1000, 51);
  await steps.put(name, first);
  const UploadId = await beginUpload(steps, name);
  const { ETag } = await sendPart(steps, name, UploadId, 1, madeBytes(2000, 52));
  const more = { IfNoneMatch: "*" };
  const refusal = await steps.refusal("complete", complete(steps, name, UploadId, [ETag], more));
  const { bytes } = await steps.get(name);
  tell(steps.context, "if-none-match.complete", ofRejected(refusal, 412));
  const evidence = "CompleteMultipartUpload with If-None-Match: * onto an object that exists";
  const ignored =
    "the store ignores If-None-Match at the end of a multipart upload: locks must be single PUTs";
  expectRejected(refusal, 412, ignored, evidence);
  expectBytes(bytes, first, `GET after ${evidence}`);
  return passed("If-None-Match at the end of an upload is rejected with 412 when the object exists");
});

const partCopy: Trial<S3Context> = operation({
  id: "s3.multipart-copy",
  title: "Part that is copied",
  explain:
    "UploadPartCopy makes a part from a range of an object that is already there. Objects above 5 GiB, and in " +
    "Hadoop S3A those above its threshold, are renamed in no other way.",
  weight: "critical",
  needs: ["s3.multipart", "s3.multipart-resend"],
}, async (steps) => {
  const source = await assembled(steps.context);
  const [name, from, to] = ["copied", PART_BYTES - 30_000, PART_BYTES + 40_000];
  const UploadId = await beginUpload(steps, name);
  const { s3, sdk, bucket, prefix } = steps;
  const CopySourceRange = `bytes=${from}-${to - 1}`;
  const evidence = `UploadPartCopy with x-amz-copy-source-range: ${CopySourceRange}`;
  const part = new sdk.UploadPartCopyCommand({
    Bucket: bucket,
    Key: prefix + name,
    UploadId,
    PartNumber: 1,
    CopySource: copySource(bucket, source.steps.prefix + source.name),
    CopySourceRange,
  });
  const { CopyPartResult } = await steps.ask("UploadPartCopy", s3.send(part));
  await steps.ask("CompleteMultipartUpload", complete(steps, name, UploadId, [CopyPartResult?.ETag]));
  const { bytes } = await steps.get(name);
  const wanted = source.whole.subarray(from, to);
  expect(
    bytes.length !== source.whole.length,
    "SilentlyIgnored",
    "UploadPartCopy ignores the range, and copies the whole source",
    { observed: `${bytes.length} bytes`, expected: `${wanted.length} bytes`, evidence },
  );
  expectBytes(bytes, wanted, evidence);
  return passed("a part was copied from a range over two parts of another object, with the right bytes");
});

export const multipartRefusalTrials: readonly Trial<S3Context>[] = [
  abort,
  tooSmall,
  wrongETag,
  conditional,
  partCopy,
];
