/** Trials of versions: what was overwritten or deleted can be had back. One bucket for all, in this order. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { deleteOne } from "../scratch/delete.ts";
import { expectBytes, madeBytes } from "./bytes.ts";
import { bucketFor, expectStatus, shared, type Steps, stepsIn, trialsOn } from "./steps.ts";

const BODIES = [madeBytes(400, 131), madeBytes(410, 132), madeBytes(420, 133)] as const;

/** The bucket that keeps versions, and the versions of `object` in it. */
interface Versioned {
  steps: Steps;
  versions: string[];
}

const versioned = shared(async (context): Promise<Versioned> => {
  const steps = await stepsIn(context, await bucketFor(context, "versions"));
  await setVersioning(steps, "Enabled");
  const first = await steps.put("object", BODIES[0]);
  const second = await steps.put("object", BODIES[1]);
  return { steps, versions: [first.VersionId ?? "", second.VersionId ?? ""] };
});

async function setVersioning(steps: Steps, Status: "Enabled" | "Suspended"): Promise<void> {
  const { ask, s3, sdk, bucket } = steps;
  const VersioningConfiguration = { Status };
  const at = { Bucket: bucket };
  await ask(
    "PutBucketVersioning",
    s3.send(new sdk.PutBucketVersioningCommand({ ...at, VersioningConfiguration })),
  );
  const seen = await ask("GetBucketVersioning", s3.send(new sdk.GetBucketVersioningCommand(at)));
  expect(seen.Status === Status, "SilentlyIgnored", {
    message: `the store accepts that versioning is ${Status}, and does not do it`,
    observed: seen.Status ?? "never enabled",
    expected: Status,
    evidence: "GetBucketVersioning after PutBucketVersioning",
  });
}

const ofVersions = trialsOn(versioned);

async function expectVersion(steps: Steps, VersionId: string | undefined, wanted: Uint8Array, when: string) {
  const { bytes } = await steps.get("object", VersionId === undefined ? {} : { VersionId });
  expectBytes(bytes, wanted, when);
}

const listVersions = async ({ ask, s3, sdk, bucket }: Steps) =>
  await ask("ListObjectVersions", s3.send(new sdk.ListObjectVersionsCommand({ Bucket: bucket })));

const versioning = ofVersions({
  id: "s3.versioning",
  title: "Versions",
  explain:
    "In a bucket with versioning an overwritten object stays as a version with an id of its own, which is listed and " +
    "can be read. Buckets of backups are protected by it against overwriting; a store that accepts the setting and " +
    "keeps nothing gives a false safety.",
  weight: "warning",
}, async ({ steps, versions: [first = "", second = ""] }) => {
  expect(first && second && first !== second, "NoVersionId", {
    message: "PUTs in a bucket with versioning do not give version ids of their own",
    observed: `"${first}", "${second}"`,
    expected: "two different version ids",
    evidence: "x-amz-version-id of two PUTs",
  });
  await expectVersion(steps, first, BODIES[0], "GET of the first version");
  await expectVersion(steps, second, BODIES[1], "GET of the second version");
  await expectVersion(steps, undefined, BODIES[1], "GET of an object with two versions");
  const { Versions = [] } = await listVersions(steps);
  const ids = Versions.map(({ VersionId, IsLatest }) => `${VersionId}${IsLatest ? " latest" : ""}`);
  expect(ids.join() === [`${second} latest`, first].join(), "WrongVersions", {
    message: "versions are not listed, or not the newest first",
    observed: ids.join(", ") || "none",
    expected: `${second} latest, ${first}`,
    evidence: "ListObjectVersions",
  });
  return passed("two versions are listed, and each is read by its id");
});

const deleteMarker = ofVersions({
  id: "s3.delete-marker",
  title: "Delete marker",
  explain:
    "A DELETE in a bucket with versioning hides the object behind a delete marker; the versions stay, and deleting " +
    "the marker brings the object back. That is how files that were deleted by mistake are restored.",
  weight: "warning",
  needs: ["s3.versioning"],
}, async ({ steps, versions: [first = ""] }) => {
  const { ask, s3, sdk, bucket } = steps;
  const at = { Bucket: bucket, Key: "object" };
  const deleted = await ask("DELETE", s3.send(await deleteOne(steps.place, "object")));
  expect(deleted.DeleteMarker && deleted.VersionId, "NoDeleteMarker", {
    message: "a DELETE in a bucket with versioning makes no delete marker",
    observed: `delete marker ${deleted.DeleteMarker ?? false}, version id ${deleted.VersionId ?? "none"}`,
    expected: "a delete marker with a version id",
    evidence: "the answer to DELETE",
  });
  const hidden = await steps.refusal("GET", s3.send(new sdk.GetObjectCommand(at)));
  const evidence = "GET after DELETE in a bucket with versioning";
  expectStatus(hidden, 404, "StillThere", "an object behind a delete marker is still read", evidence);
  await expectVersion(steps, first, BODIES[0], "GET of a version behind a delete marker");
  const { DeleteMarkers = [] } = await listVersions(steps);
  expect(
    DeleteMarkers.some(({ VersionId, IsLatest }) => VersionId === deleted.VersionId && IsLatest),
    "MarkerNotListed",
    "a delete marker is not listed as the latest version",
    {
      observed: `${DeleteMarkers.length} delete markers`,
      expected: `${deleted.VersionId} latest`,
      evidence: "ListObjectVersions after DELETE",
    },
  );
  const { VersionId } = deleted;
  await ask(
    "DELETE of the delete marker",
    s3.send(await deleteOne(steps.place, "object", { VersionId })),
  );
  const back = await steps.refusal("GET", s3.send(new sdk.GetObjectCommand(at)));
  const after = "GET after DELETE of the delete marker";
  expectStatus(back, 200, "NotRestored", "an object is not back after its delete marker was deleted", after);
  await expectVersion(steps, undefined, BODIES[1], after);
  return passed("a DELETE hides the object behind a marker, and deleting the marker brings it back");
});

const suspended = ofVersions({
  id: "s3.versioning-suspended",
  title: "Suspended versioning",
  explain:
    "When versioning is suspended, the versions there are stay readable, and new writes replace one version called " +
    "null. Whoever turns versioning off to save space counts on both.",
  weight: "warning",
  needs: ["s3.versioning", "s3.delete-marker"],
}, async ({ steps, versions: [first = ""] }) => {
  await setVersioning(steps, "Suspended");
  for (const body of [BODIES[0], BODIES[2]]) {
    const { VersionId = "null" } = await steps.put("object", body);
    expect(VersionId === "null", "SilentlyIgnored", {
      message: "PUTs still make new versions though versioning is suspended",
      observed: VersionId,
      expected: "null",
      evidence: "x-amz-version-id of a PUT after versioning was suspended",
    });
  }
  await expectVersion(steps, undefined, BODIES[2], "GET after versioning was suspended");
  await expectVersion(steps, first, BODIES[0], "GET of an old version after versioning was suspended");
  const { Versions = [] } = await listVersions(steps);
  expect(Versions.length === 3, "WrongVersions", {
    message: "after two writes with versioning suspended there is not one version more",
    observed: `${Versions.length} versions`,
    expected: "3 versions: two from before, and one called null",
    evidence: "ListObjectVersions",
  });
  return passed("old versions stay, and new writes replace the version called null");
});

export const versioningTrials: readonly Trial<S3Context>[] = [versioning, deleteMarker, suspended];
