/** Trials of multipart uploads: how every large file gets into the store. */
import { expect } from "../../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../../checkpoint/trial.ts";
import { tell } from "../../compatibility/told.ts";
import type { S3Context } from "../../context.ts";
import { expectBytes, joined, same } from "../bytes.ts";
import { type Assembled, assembled, PART_BYTES } from "./shared.ts";
import { trialsOn } from "../steps.ts";

const ofUpload = trialsOn(assembled);

const multipart = ofUpload({
  id: "s3.multipart",
  title: "Multipart upload",
  explain:
    "An object is uploaded in parts, the second before the first, and reads as its parts in order. Spark, Iceberg, " +
    "PyIceberg and barman-cloud upload every larger file so, with parts side by side.",
  weight: "critical",
}, ({ got, first, stale, last, whole }) => {
  expect(!same(got, joined(last, first)) && !same(got, joined(stale, first)), "WrongOrder", {
    message: "parts are joined in the order in which they came, not by their numbers",
    observed: "part 2 before part 1",
    expected: "part 1 before part 2",
    evidence: "GET after CompleteMultipartUpload",
  });
  if (!same(got, joined(first, stale))) expectBytes(got, whole, "GET after CompleteMultipartUpload");
  return passed(`parts of ${PART_BYTES} and ${last.length} bytes, sent in reverse, became the right object`);
});

const resend = ofUpload({
  id: "s3.multipart-resend",
  title: "Part that is sent again",
  explain:
    "When a part is sent twice, the later one counts. Every client sends a part again after a timeout; if the " +
    "first one wins, or both are kept, the object is not what the client believes.",
  weight: "critical",
  needs: ["s3.multipart"],
}, ({ got, first, stale, whole, parts }) => {
  expect(!same(got, joined(first, stale)), "FirstPartWins", {
    message: "a part that was sent again is ignored: the object has the part that was sent first",
    observed: "the bytes of the first sending",
    expected: "the bytes of the last sending",
    evidence: "UploadPart twice with the same part number",
  });
  expectBytes(got, whole, "GET after a part was sent again");
  return passed(`of a part that was sent twice the last one counts; ${parts.length} parts were kept`);
});

const parts = ofUpload({
  id: "s3.multipart-parts",
  title: "List of parts",
  explain:
    "ListParts gives the number, size and ETag of each part that an open upload has. Clients that resume an upload ask " +
    "for it, and send only what is missing.",
  weight: "warning",
  needs: ["s3.multipart"],
}, ({ parts, sent, last }) => {
  const text = (all: Assembled["parts"]) =>
    all.map(({ number, size, etag }) => `${number}: ${size} bytes, ${etag?.replaceAll('"', "")}`).join("; ");
  const wanted = text([
    { number: 1, size: PART_BYTES, etag: sent.first },
    { number: 2, size: last.length, etag: sent.last },
  ]);
  expect(text(parts) === wanted, "WrongParts", "the list of an upload's parts is not what was uploaded", {
    observed: text(parts) || "no parts",
    expected: wanted,
    evidence: "ListParts before CompleteMultipartUpload",
  });
  return passed("ListParts gives each part once, with its size and ETag");
});

const uploads = ofUpload({
  id: "s3.multipart-uploads",
  title: "List of open uploads",
  explain:
    "ListMultipartUploads gives an upload that is open, and not one that has ended. What crashed writers leave " +
    "behind takes space that no list of objects shows: Hadoop S3A's purge and whoever cleans up find it by this list " +
    "alone.",
  weight: "warning",
  needs: ["s3.multipart"],
}, ({ listedOpen, listedAfter }) => {
  if (listedOpen.status === "rejected") throw listedOpen.reason;
  if (listedAfter.status === "rejected") throw listedAfter.reason;
  expect(
    listedOpen.value,
    "UploadNotListed",
    "an upload that is open is not listed: what crashed writers leave can't be found",
    { observed: "not listed", expected: "listed", evidence: "ListMultipartUploads while an upload is open" },
  );
  expect(!listedAfter.value, "EndedUploadListed", "an upload that has ended is still listed as open", {
    observed: "listed",
    expected: "not listed",
    evidence: "ListMultipartUploads after CompleteMultipartUpload",
  });
  return passed("an open upload is listed, and no longer when it has ended");
});

const etag = ofUpload({
  id: "s3.multipart-etag",
  title: "ETag of a multipart upload",
  explain:
    "The answer to CompleteMultipartUpload holds the ETag of the new object, the same that HEAD gives. Hadoop S3A " +
    "with change detection, and writers that follow with If-Match, take it from there; where it is missing they must " +
    "ask by HEAD.",
  weight: "warning",
  needs: ["s3.multipart"],
}, ({ steps, completeETag, headETag }) => {
  const kept = Boolean(completeETag?.replaceAll('"', ""));
  tell(steps.context, "complete.etag", {
    behaviour: kept ? "kept" : "dropped",
    observed: kept ? "in the answer" : "empty in the answer",
  });
  expect(kept, "NoETag", {
    message: "the answer that ends a multipart upload has no ETag: who needs it must ask by HEAD",
    observed: `an empty ETag; HEAD gives ${headETag}`,
    expected: `${headETag}`,
    evidence: "the answer to CompleteMultipartUpload",
  });
  expect(completeETag === headETag, "WrongETag", {
    message: "the answer that ends a multipart upload has another ETag than the object",
    observed: `${completeETag}`,
    expected: `${headETag}`,
    evidence: "the answer to CompleteMultipartUpload, and HEAD",
  });
  return passed("the answer to CompleteMultipartUpload has the ETag of the object");
});

export const multipartTrials: readonly Trial<S3Context>[] = [multipart, resend, parts, uploads, etag];
