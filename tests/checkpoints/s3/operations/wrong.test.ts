/** Every trial fails on a store that is wrong in the way that it is there to see. */
import assert from "node:assert/strict";
import { opsTrials } from "../../../../lib/checkpoints/s3/operations/mod.ts";
import { type Quirk, QUIRKS } from "../../../fakes/s3/quirks.ts";
import { trialOf, tried, withFake } from "./fixture.ts";

/** A trial, a way in which the store is wrong, and the reason that the trial must give. */
const WRONG: readonly [trial: string, quirk: Quirk, reason: string, status?: "warning"][] = [
  ["s3.path-style", "refuses-path-style", "PathStyleRefused"],
  ["s3.missing-bucket", "makes-missing-buckets", "SilentlyIgnored"],
  ["s3.missing-bucket", "other-bucket-codes", "OtherRefusal", "warning"],
  ["s3.bucket-not-empty", "deletes-full-buckets", "SilentlyIgnored"],
  ["s3.bucket-not-empty", "other-bucket-codes", "OtherRefusal", "warning"],
  ["s3.put-get", "corrupts-bytes", "WrongBytes"],
  ["s3.put-get", "reads-old-bytes", "StaleRead"],
  ["s3.put-get", "ignores-delete", "StillThere"],
  ["s3.delete-missing", "missing-delete-is-404", "MissingKeyRefused"],
  ["s3.head", "head-wrong-length", "WrongLength"],
  ["s3.head", "head-other-etag", "WrongETag"],
  ["s3.head", "head-finds-all", "MissingKeyFound"],
  ["s3.ranges", "ignores-ranges", "SilentlyIgnored"],
  ["s3.ranges", "wrong-suffix-range", "WrongBytes"],
  ["s3.ranges", "wrong-content-range", "WrongContentRange"],
  ["s3.ranges", "refuses-suffix-range", "RangeRefused"],
  ["s3.range-beyond-end", "range-beyond-is-200", "SilentlyIgnored"],
  ["s3.empty-object", "hides-empty-objects", "EmptyNotListed"],
  ["s3.empty-object", "refuses-empty-objects", "MissingContentLength"],
  ["s3.key-names", "decodes-twice", "OtherName"],
  ["s3.key-names", "plus-is-space", "OtherName"],
  ["s3.key-names", "claims-encoding-type", "OtherName"],
  ["s3.key-names", "hides-encoding-type", "OtherName"],
  ["s3.key-slashes", "joins-slashes", "KeysJoined"],
  ["s3.key-slashes", "lists-joined-slashes", "OtherName"],
  ["s3.key-and-prefix", "keeps-files", "PrefixIsTaken"],
  ["s3.metadata", "drops-metadata", "MetadataLost"],
  ["s3.metadata", "drops-content-type", "ContentTypeLost"],
  ["s3.metadata", "keeps-old-metadata", "MetadataStays"],
  ["s3.tagging", "forgets-tags", "SilentlyIgnored"],
  ["s3.tagging", "not-implemented", "NotImplemented"],
  ["s3.list-pages", "loses-key-at-page-end", "KeysLost"],
  ["s3.list-pages", "ignores-max-keys", "SilentlyIgnored"],
  ["s3.list-pages", "ignores-token", "EndlessPages"],
  ["s3.list-pages", "no-token", "NoToken"],
  ["s3.list-pages", "wrong-key-count", "WrongKeyCount", "warning"],
  ["s3.list-order", "utf16-order", "WrongOrder"],
  ["s3.list-start-after", "ignores-start-after", "SilentlyIgnored"],
  ["s3.list-delimiter", "ignores-delimiter", "SilentlyIgnored"],
  ["s3.list-delimiter", "ignores-prefix", "WrongKeys"],
  ["s3.list-delimiter", "repeats-prefixes", "WrongPrefixes"],
  ["s3.list-fresh", "stale-list", "StaleList"],
  ["s3.list-changing", "offset-tokens", "KeysLost"],
  ["s3.list-changing", "list-of-first-page", "StaleList"],
  ["s3.copy", "copies-empty", "WrongBytes"],
  ["s3.copy", "copy-drops-metadata", "MetadataLost", "warning"],
  ["s3.copy", "copies-missing", "MissingKeyCopied"],
  ["s3.copy-replace", "ignores-replace", "SilentlyIgnored"],
  ["s3.batch-delete", "batch-delete-forgets", "StillThere"],
  ["s3.batch-delete", "batch-delete-errors", "DeleteErrors"],
  ["s3.batch-delete", "ignores-quiet", "SilentlyIgnored", "warning"],
  ["s3.batch-delete", "batch-deletes-all", "DeletedTooMuch"],
  ["s3.multipart", "joins-as-sent", "WrongOrder"],
  ["s3.multipart", "loses-part", "WrongBytes"],
  ["s3.multipart-resend", "first-part-wins", "FirstPartWins"],
  ["s3.multipart-parts", "lists-no-parts", "WrongParts"],
  ["s3.multipart-uploads", "lists-no-uploads", "UploadNotListed"],
  ["s3.multipart-uploads", "lists-ended-uploads", "EndedUploadListed"],
  ["s3.multipart-etag", "no-complete-etag", "NoETag"],
  ["s3.multipart-etag", "other-complete-etag", "WrongETag"],
  ["s3.multipart-abort", "ignores-abort", "SilentlyIgnored"],
  ["s3.multipart-abort", "abort-makes-object", "AbortedObject"],
  ["s3.multipart-abort", "lists-ended-uploads", "EndedUploadListed"],
  ["s3.multipart-abort", "complete-after-abort-is-500", "OtherRefusal", "warning"],
  ["s3.multipart-too-small", "accepts-small-parts", "SilentlyIgnored"],
  ["s3.multipart-wrong-etag", "ignores-part-etags", "SilentlyIgnored"],
  ["s3.multipart-wrong-etag", "refuses-and-makes", "RefusedObject"],
  ["s3.multipart-conditional", "ignores-complete-condition", "SilentlyIgnored"],
  ["s3.multipart-copy", "ignores-copy-range", "SilentlyIgnored"],
  ["s3.multipart-copy", "part-copy-other-bytes", "WrongBytes"],
  ["s3.put-if-none-match", "ignores-if-none-match", "SilentlyIgnored"],
  ["s3.put-race", "checks-before-writing", "ManyWinners"],
  ["s3.put-if-match", "ignores-if-match", "SilentlyIgnored"],
  ["s3.put-if-match", "unquoted-if-match", "QuotedETagRefused"],
  ["s3.put-if-match", "refuses-if-match", "WronglyRefused"],
  ["s3.get-if-match", "ignores-get-conditions", "SilentlyIgnored"],
  ["s3.get-if-match", "refuses-get-conditions", "WronglyRefused"],
  ["s3.get-if-none-match", "ignores-get-conditions", "SilentlyIgnored"],
  ["s3.get-if-none-match", "refuses-get-conditions", "WronglyRefused"],
  ["s3.get-if-modified-since", "ignores-get-conditions", "SilentlyIgnored"],
  ["s3.get-if-modified-since", "compares-fractions", "FinerThanSeconds"],
  ["s3.get-if-modified-since", "refuses-get-conditions", "WronglyRefused"],
  ["s3.presigned", "refuses-presigned", "WronglyRefused"],
  ["s3.presigned-limits", "ignores-expiry", "SilentlyIgnored"],
  ["s3.presigned-limits", "ignores-query-signature", "SilentlyIgnored"],
  ["s3.versioning", "ignores-versioning", "SilentlyIgnored"],
  ["s3.versioning", "no-version-ids", "NoVersionId"],
  ["s3.versioning", "reads-latest-version", "WrongBytes"],
  ["s3.versioning", "lists-one-version", "WrongVersions"],
  ["s3.delete-marker", "no-delete-marker", "NoDeleteMarker"],
  ["s3.delete-marker", "reads-behind-marker", "StillThere"],
  ["s3.delete-marker", "marker-stays", "NotRestored"],
  ["s3.versioning-suspended", "ignores-suspension", "SilentlyIgnored"],
  ["s3.policy", "forgets-policy", "SilentlyIgnored"],
  ["s3.policy", "policy-stays", "StillThere"],
  ["s3.policy", "takes-any-policy", "MalformedAccepted"],
  ["s3.policy-allow", "ignores-allow", "SilentlyIgnored", "warning"],
  ["s3.policy-allow", "allow-opens-all", "TooOpen"],
  ["s3.policy-allow", "allow-stays", "StillOpen"],
  ["s3.policy-deny", "ignores-deny", "SilentlyIgnored"],
  ["s3.policy-deny", "locks-owner-out", "OwnerLockedOut", "warning"],
  ["s3.policy-deny", "exempts-owner", "OwnerExempt", "warning"],
  ["s3.policy-deny", "deny-denies-all", "DeniesTooMuch"],
  ["s3.policy-deny", "policy-stays", "StillDenied"],
  ["s3.cors", "forgets-cors", "SilentlyIgnored"],
  ["s3.cors", "ignores-preflight", "SilentlyIgnored"],
  ["s3.cors", "cors-for-all", "TooOpen"],
  ["s3.cors", "cors-stays", "StillThere"],
  ["s3.wrong-key-id", "serves-any-key", "SilentlyIgnored"],
  ["s3.wrong-key-id", "other-codes", "OtherRefusal", "warning"],
  ["s3.wrong-secret", "ignores-signatures", "SilentlyIgnored"],
  ["s3.wrong-secret", "other-codes", "OtherRefusal", "warning"],
  ["s3.clock-skew", "ignores-clock", "SilentlyIgnored"],
  ["s3.clock-skew", "other-codes", "OtherRefusal", "warning"],
  ["s3.anonymous", "serves-nobody", "SilentlyIgnored"],
  ["s3.anonymous", "other-codes", "OtherRefusal", "warning"],
  ["s3.changed-body", "ignores-body-hash", "SilentlyIgnored"],
  ["s3.changed-body", "ignores-md5", "SilentlyIgnored"],
];

for (const [id, quirk, reason, status] of WRONG) {
  Deno.test(`${id} fails on a store that ${quirk.replaceAll("-", " ")}`, async () => {
    const records = await withFake((context) => tried(context, [id]), { quirks: [quirk] });
    const seen = records.filter(({ trial }) => trial === id);
    assert.deepEqual(
      seen.map((record) => [record.result, record.reason, record.status]),
      [["failed", reason, status]],
      JSON.stringify(records, undefined, 1),
    );
    for (const { message, observed, expected, evidence } of seen) {
      assert.ok(message && evidence && expected, JSON.stringify(seen));
      assert.notEqual(observed, expected);
    }
  });
}

/** Ways that make the store useless as a whole; tested with what the trials then say. */
const ELSEWHERE: readonly Quirk[] = [
  "slow-down",
  "internal-error",
  "quota-exceeded",
  "cuts-bodies",
  "bucket-gone",
  "forbids-all",
  // no fault: right.test.ts
  "ignores-encoding-type",
  // of cleaning up: only_ours.test.ts and delete.test.ts
  "lacks-versions",
  "lacks-upload-lists",
  "lacks-policies",
  "lacks-batch-delete",
  "hides-versions",
  "lacks-with-400",
  "lacks-with-403",
  "lacks-with-405",
  "makes-no-buckets",
  "keeps-buckets",
  "repeats-pages",
  "locks-objects",
];

Deno.test("every trial is seen to fail, and every way of being wrong is used", () => {
  const seen = new Set(WRONG.map(([id]) => id));
  // TLS has tests of its own.
  assert.deepEqual(opsTrials.map(({ id }) => id).filter((id) => !seen.has(id)), ["s3.tls"]);
  const used = new Set<Quirk>([...WRONG.map(([, quirk]) => quirk), ...ELSEWHERE]);
  assert.deepEqual(QUIRKS.filter((quirk) => !used.has(quirk)), []);
  for (const id of seen) trialOf(id);
});
