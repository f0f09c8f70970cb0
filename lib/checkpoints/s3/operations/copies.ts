/** Trials of copies on the server, and of deletes of many keys at once. */
import { escapedKey } from "../../../untrusted/api_path.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { deleteMany } from "../scratch/delete.ts";
import { expectBytes, madeBytes } from "./bytes.ts";
import { sameTexts } from "./names.ts";
import { expectStatus, operation, otherBucket, type Steps, stepsIn } from "./steps.ts";
import { below } from "../scratch/own_place.ts";

const TYPE = "application/vnd.apache.parquet";
/** A name that must be escaped in x-amz-copy-source. */
const SOURCE = "dt=2026-11-21/source ä+1%.parquet";

/** `bucket/key` as the header wants it. */
export const copySource = (bucket: string, key: string): string => `${bucket}/${escapedKey(key)}`;

type CopyMore = {
  MetadataDirective?: "COPY" | "REPLACE";
  Metadata?: Record<string, string>;
  ContentType?: string;
};

function copyOf(steps: Steps, to: { bucket: string; key: string }, from: string, more: CopyMore = {}) {
  const { sdk, s3, bucket, prefix } = steps;
  const CopySource = copySource(bucket, prefix + from);
  return s3.send(new sdk.CopyObjectCommand({ Bucket: to.bucket, Key: to.key, CopySource, ...more }));
}

const copy = operation({
  id: "s3.copy",
  title: "Copy on the server",
  explain:
    "An object is copied within its bucket and into another one without passing through the client: bytes, type " +
    "and metadata go along, the source stays, and a copy of nothing is 404. Hadoop S3A renames by copy and delete, so " +
    "Spark's commits over s3a stand on it.",
  weight: "critical",
}, async (steps) => {
  const bytes = madeBytes(20_000, 6);
  await steps.put(SOURCE, bytes, { ContentType: TYPE, Metadata: { origin: "first" } });
  const { context } = steps;
  const others = context.ownBucket ? [below(await otherBucket(context), steps.prefix)] : [];
  for (const place of [steps.place, ...others]) {
    const evidence = place === steps.place ? "CopyObject in a bucket" : "CopyObject to another bucket";
    const there = await stepsIn(context, place);
    const { bucket } = place;
    await steps.ask(evidence, copyOf(steps, { bucket, key: `${steps.prefix}target` }, SOURCE));
    const got = await there.get("target");
    expectBytes(got.bytes, bytes, evidence);
    expect(got.contentType === TYPE && sameTexts(got.metadata, { origin: "first" }), "MetadataLost", {
      message: "a copy has other metadata than its source",
      observed: `${got.contentType} ${JSON.stringify(got.metadata)}`,
      expected: `${TYPE} {"origin":"first"}`,
      evidence,
      status: "warning",
    });
  }
  const kept = await steps.get(SOURCE);
  expectBytes(kept.bytes, bytes, "GET of the source after CopyObject");
  const missing = await steps.refusal(
    "CopyObject of a missing key",
    copyOf(steps, { bucket: steps.bucket, key: `${steps.prefix}nothing` }, "missing"),
  );
  const nothing = "a copy of a key that does not exist is not rejected with 404";
  expectStatus(missing, 404, "MissingKeyCopied", nothing, "CopyObject of a missing key");
  return passed(
    `copies ${others.length > 0 ? "in a bucket and to another one" : "in a bucket"} have the same bytes`,
    { observed: others.length > 0 ? undefined : "not tried to another bucket: this run may make none" },
  );
});

const copyReplace = operation({
  id: "s3.copy-replace",
  title: "Copy with other metadata",
  explain:
    "CopyObject with the metadata directive REPLACE gives the copy the metadata that came with the request, also " +
    "when an object is copied onto itself: S3 has no other way to change metadata, and aws s3 cp with " +
    "--metadata-directive and tools that correct content types go by it.",
  weight: "warning",
}, async (steps) => {
  const bytes = madeBytes(1000, 7);
  await steps.put("source", bytes, { ContentType: TYPE, Metadata: { origin: "first" } });
  for (const name of ["target", "source"]) {
    const evidence = `CopyObject with REPLACE, onto ${name === "source" ? "itself" : "another key"}`;
    await steps.ask(
      evidence,
      copyOf(steps, { bucket: steps.bucket, key: steps.prefix + name }, "source", {
        MetadataDirective: "REPLACE",
        Metadata: { stage: "second" },
        ContentType: "text/plain",
      }),
    );
    const got = await steps.get(name);
    expectBytes(got.bytes, bytes, evidence);
    expect(
      sameTexts(got.metadata, { stage: "second" }) && got.contentType === "text/plain",
      "SilentlyIgnored",
      "the store ignores REPLACE, and copies the metadata of the source",
      {
        observed: `${got.contentType} ${JSON.stringify(got.metadata)}`,
        expected: 'text/plain {"stage":"second"}',
        evidence,
      },
    );
  }
  return passed("REPLACE gives a copy its own metadata, also onto itself");
});

const batchDelete = operation({
  id: "s3.batch-delete",
  title: "Delete of many keys at once",
  explain:
    "DeleteObjects deletes the keys that it names and no other, says so of each, calls a missing key deleted, and " +
    "says nothing when asked to be quiet. Iceberg's S3FileIO and Hadoop S3A delete expired files by it: a key that " +
    "is called deleted and is not costs space for ever.",
  weight: "critical",
}, async (steps) => {
  const keep = "keep";
  for (const Quiet of [false, true]) {
    const names = ["one", "two ä+&<>.parquet", "three"].map((name) => `${Quiet}/${name}`);
    await Promise.all([...names, keep].map((name) => steps.put(name, name)));
    const asked = [...names, `${Quiet}/missing`];
    const { Deleted = [], Errors = [] } = await deleteAll(steps, asked, Quiet);
    const evidence = `DeleteObjects${Quiet ? " with Quiet" : ""}`;
    expect(Errors.length === 0, "DeleteErrors", "deleting many keys, one of them missing, gives errors", {
      observed: Errors.map(({ Key = "", Code }) => `${Key.slice(steps.prefix.length)}: ${Code}`).join(
        ", ",
      ),
      expected: "no errors",
      evidence,
    });
    await expectDeleted(steps, names, evidence);
    const said = Deleted.map(({ Key = "" }) => Key.slice(steps.prefix.length)).sort();
    const wanted = Quiet ? [] : [...asked].sort();
    expect(said.join("\n") === wanted.join("\n"), Quiet ? "SilentlyIgnored" : "OtherKeysNamed", {
      message: "DeleteObjects does not say what it was asked to say",
      observed: said.join(", ") || "nothing",
      expected: wanted.join(", ") || "nothing",
      evidence,
      status: "warning",
    });
  }
  const kept = await steps.refusal("HEAD", steps.s3.send(headOf(steps, keep)));
  const evidence = "HEAD of a key that DeleteObjects does not name";
  expectStatus(kept, 200, "DeletedTooMuch", "DeleteObjects deleted a key that it was not given", evidence);
  return passed(
    "DeleteObjects deleted what it named and nothing else, a missing key among them, also when quiet",
  );
});

async function deleteAll({ ask, s3, place }: Steps, names: string[], Quiet: boolean) {
  return await ask("DeleteObjects", s3.send(await deleteMany(place, names, { Quiet })));
}

const headOf = ({ sdk, bucket, prefix }: Steps, name: string) =>
  new sdk.HeadObjectCommand({ Bucket: bucket, Key: prefix + name });

async function expectDeleted(steps: Steps, names: string[], evidence: string) {
  await Promise.all(names.map(async (name) => {
    const gone = await steps.refusal("HEAD after DeleteObjects", steps.s3.send(headOf(steps, name)));
    const message = "DeleteObjects succeeds and a key that it names is still there";
    expectStatus(gone, 404, "StillThere", message, `HEAD after ${evidence}`);
  }));
}

export const copyTrials: readonly Trial<S3Context>[] = [copy, copyReplace, batchDelete];
