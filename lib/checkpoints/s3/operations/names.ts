/** Trials of what goes with an object: its name, its type, its metadata, its tags. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { tell } from "../compatibility/told.ts";
import type { S3Context } from "../context.ts";
import { expectBytes } from "./bytes.ts";
import { answerText, operation, type Steps } from "./steps.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** What lakehouses call their files: Hive partitions, names of people's columns and values, escapes of escapes. */
const NAMES = [
  "dt=2026-11-21/part-00000.snappy.parquet",
  "name=O'Neil & Söhne/zażółć.parquet",
  "city=日本 東京/😀.parquet",
  "space in name.csv",
  "plus+plus.csv",
  "percent%25encoded.csv",
  "percent%zz-alone.csv",
  "ts=2026-11-21 12%3A00%3A00/a.parquet",
  "a=b=c/semi;colon,comma@at!(1)*~$.json",
  "query?and#hash.txt",
];

const keyNames = operation({
  id: "s3.key-names",
  title: "Names of keys",
  explain:
    "Keys with spaces, plus, percent and equals signs, and letters of other scripts are written, read, and listed " +
    "as they were called. Hive partitions (dt=2026-11-21/, city=東京/) put values of columns into keys: a store, or a " +
    "proxy before it, that decodes once too often mixes up or loses partitions in Spark and Iceberg.",
  weight: "critical",
}, async (steps) => {
  const encoder = new TextEncoder();
  await Promise.all(NAMES.map((name) => steps.put(name, encoder.encode(`body of ${name}`))));
  await Promise.all(NAMES.map(async (name) => {
    const { bytes } = await steps.get(name);
    const wanted = encoder.encode(`body of ${name}`);
    expectBytes(bytes, wanted, `GET of the key ${JSON.stringify(name)}`);
  }));
  const { names, escaped } = await listedNames(steps);
  const listed = new Set(names);
  const missing = NAMES.filter((name) => !listed.has(name));
  const strange = [...listed].filter((name) => !NAMES.includes(name));
  const quoted = (names: string[]) => names.map((name) => JSON.stringify(name)).join(", ");
  const observed = quoted(strange) || `${listed.size} keys`;
  const right = missing.length === 0 && listed.size === NAMES.length;
  tell(steps.context, "list.encoding-type", {
    behaviour: !right ? "corrupts" : escaped ? "works" : "ignored",
    observed: `HTTP 200${right ? "" : `, lists ${observed}`}${escaped ? "" : ", without EncodingType"}`,
  });
  expect(right, "OtherName", {
    message: "the store lists keys under other names than they were written",
    observed,
    expected: quoted(missing) || `${NAMES.length} keys`,
    evidence: "ListObjectsV2 with encoding-type=url",
  });
  return passed(`${NAMES.length} keys with signs and letters of all kinds were written, read and listed`);
});

/**
 * Lists as Java clients do: with names escaped, so that any character survives XML. A store that does not escape leaves
 * EncodingType out of its answer, and clients then take the names as they are:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
async function listedNames(
  { ask, s3, sdk, bucket, prefix }: Steps,
): Promise<{ names: string[]; escaped: boolean }> {
  const { Contents = [], EncodingType } = await ask(
    "list",
    s3.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, EncodingType: "url" })),
  );
  const escaped = EncodingType === "url";
  const names = Contents.map(({ Key = "" }) => (escaped ? unescaped(Key) : Key).slice(prefix.length));
  return { names, escaped };
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

const metadata = operation({
  id: "s3.metadata",
  title: "Content type and user metadata",
  explain:
    "The content type and the user metadata of an object come back from GET and HEAD, and are replaced with it. " +
    "Backups keep their checksums in metadata, and Hadoop S3A shows it as attributes of files; without it data is " +
    "whole, but a restore can't be verified by it.",
  weight: "warning",
}, async (steps) => {
  const type = "application/vnd.apache.parquet";
  const sent = { sha256: "9f86d081", "written-by": "lakecheck trial; a=b" };
  await steps.put("object", "with metadata", { ContentType: type, Metadata: sent });
  const got = await steps.get("object");
  const { Metadata: seen = {}, ContentType } = await steps.ask(
    "HEAD",
    steps.s3.send(new steps.sdk.HeadObjectCommand({ Bucket: steps.bucket, Key: `${steps.prefix}object` })),
  );
  const all = [
    ["GET", got.contentType, got.metadata],
    ["HEAD", ContentType, seen],
  ] as const;
  for (const [evidence, contentType, read] of all) {
    expect(contentType === type, "ContentTypeLost", "the content type of an object is not kept", {
      observed: contentType ?? "none",
      expected: type,
      evidence,
    });
    expect(sameTexts(read, sent), "MetadataLost", "the user metadata of an object is not kept", {
      observed: JSON.stringify(read),
      expected: JSON.stringify(sent),
      evidence,
    });
  }
  await steps.put("object", "without metadata");
  const after = await steps.get("object");
  expect(sameTexts(after.metadata, {}), "MetadataStays", {
    message: "an object that was overwritten still has metadata of the one before",
    observed: JSON.stringify(after.metadata),
    expected: "no metadata",
    evidence: "GET after a PUT without metadata",
  });
  return passed("the content type and user metadata come back from GET and HEAD");
});

/** Whether both hold the same texts under the same names. */
export function sameTexts(one: Record<string, string>, other: Record<string, string>): boolean {
  const texts = (all: Record<string, string>) =>
    JSON.stringify(Object.entries(all).sort(([a], [b]) => a < b ? -1 : 1));
  return texts(one) === texts(other);
}

const tagging = operation({
  id: "s3.tagging",
  title: "Tags of objects",
  explain:
    "Tags are given to an object with its PUT, read, replaced and removed. Iceberg's S3FileIO can tag what it " +
    "writes and deletes (s3.write.tags, s3.delete.tags), and lifecycle rules choose by tags; a store that forgets " +
    "them silently never expires anything, or expires the wrong things.",
  weight: "warning",
}, async (steps) => {
  const { s3, sdk, bucket } = steps;
  const at = { Bucket: bucket, Key: `${steps.prefix}object` };
  const seen = async () => {
    const { TagSet = [] } = await steps.ask("get tags", s3.send(new sdk.GetObjectTaggingCommand(at)));
    return Object.fromEntries(TagSet.map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  const expectTags = async (wanted: Record<string, string>, evidence: string) => {
    const tags = await seen();
    expect(
      sameTexts(tags, wanted),
      "SilentlyIgnored",
      "the store accepts tags of an object and does not keep to them",
      { observed: JSON.stringify(tags), expected: JSON.stringify(wanted), evidence },
    );
  };
  await steps.put("object", "tagged", { Tagging: "stage=bronze&owner=a%20b" });
  await expectTags({ stage: "bronze", owner: "a b" }, "GetObjectTagging after PUT with x-amz-tagging");
  const TagSet = [{ Key: "stage", Value: "silver" }];
  await steps.ask("put tags", s3.send(new sdk.PutObjectTaggingCommand({ ...at, Tagging: { TagSet } })));
  await expectTags({ stage: "silver" }, "GetObjectTagging after PutObjectTagging");
  await steps.ask("delete tags", s3.send(new sdk.DeleteObjectTaggingCommand(at)));
  await expectTags({}, "GetObjectTagging after DeleteObjectTagging");
  return passed("tags are set with an object and alone, read, replaced and removed");
});

const keySlashes = operation({
  id: "s3.key-slashes",
  title: "Keys that are no path of a file",
  explain:
    "A key with two slashes in a row, or with a backslash, is another key than the one with a single slash, and is listed " +
    "as it was written. " +
    "A location of a table that ends with a slash gives such keys: on a store that joins slashes, a list shows other " +
    "names than the table's metadata, and what looks for orphan files takes its data for orphans.",
  weight: "warning",
}, async (steps) => {
  for (
    const [odd, plain] of [["empty//part.txt", "empty/part.txt"], [
      "back\\slash.txt",
      "back/slash.txt",
    ]] as const
  ) {
    const names = [odd, plain];
    for (const name of names) await steps.put(name, `body of ${name}`);
    const bodies = await Promise.all(
      names.map(async (name) => new TextDecoder().decode((await steps.get(name)).bytes)),
    );
    const quoted = (all: readonly string[]) => all.map((one) => JSON.stringify(one)).join(", ");
    const next = [nextStep("no-empty-parts")];
    expect(bodies.every((body, at) => body === `body of ${names[at]}`), "KeysJoined", {
      message: `the store takes the key ${odd} for the key ${plain}: each overwrites the other`,
      observed: quoted(bodies),
      expected: quoted(names.map((name) => `body of ${name}`)),
      evidence: `GET of the keys ${names.join(" and ")}`,
      next,
    });
    const all = new Set((await listedNames(steps)).names);
    const listed = names.filter((name) => all.has(name)).length;
    expect(listed === names.length, "OtherName", {
      message: `the store lists the key ${odd} under another name`,
      observed: `${listed} of them listed`,
      expected: `${names.length} of them listed`,
      evidence: `ListObjectsV2 after PUT of ${names.join(" and ")}`,
      next,
    });
  }
  return passed(
    "keys with an empty part or a backslash are keys of their own, and listed as they were written",
  );
});

const keyAndPrefix = operation({
  id: "s3.key-and-prefix",
  title: "A key that is also a prefix",
  explain:
    "An object may be called as the prefix of others is: x beside x/y. Stores that keep objects as files reject one of the " +
    "two. Iceberg, Spark and backups write no such pair; a table that is called as a file beside it cannot be written there.",
  weight: "warning",
}, async (steps) => {
  const names = ["table", "table/data.parquet"];
  for (const name of names) {
    const { sdk, s3, bucket, prefix } = steps;
    const put = new sdk.PutObjectCommand({
      Bucket: bucket,
      Key: prefix + name,
      Body: new TextEncoder().encode(name),
    });
    const refused = await steps.refusal(`PUT ${name}`, s3.send(put));
    expect(refused === undefined, "PrefixIsTaken", {
      message:
        "the store rejects an object whose key goes on behind that of another: it keeps objects as files",
      observed: answerText(refused),
      expected: "200",
      evidence: `PUT of the keys ${names.join(" and ")}`,
    });
  }
  for (const name of names) {
    expectBytes((await steps.get(name)).bytes, new TextEncoder().encode(name), `GET of the key ${name}`);
  }
  return passed("an object and a prefix of others have the same name, and both are read");
});

export const nameTrials: readonly Trial<S3Context>[] = [
  keyNames,
  keySlashes,
  keyAndPrefix,
  metadata,
  tagging,
];
