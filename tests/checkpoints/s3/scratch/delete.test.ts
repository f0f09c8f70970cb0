/** Deleting on a fake store with real data in it: what is not in the place stays, and every list comes to an end. */
import assert from "node:assert/strict";
import type { S3Client } from "@aws-sdk/client-s3";
import { NotCleaned } from "../../../../lib/checkpoint/scratch.ts";
import type { S3Context } from "../../../../lib/checkpoints/s3/context.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, type S3Options } from "../../../../lib/clients/s3/client.ts";
import {
  abortUpload,
  deleteBucket,
  deleteMany,
  deleteOne,
  empty,
  rawDelete,
  removeBucket,
  willAbort,
} from "../../../../lib/checkpoints/s3/scratch/delete.ts";
import {
  below,
  createBucket,
  isIn,
  isOwn,
  keyIn,
  type OwnBucket,
  type OwnPlace,
  provenBucket,
  scratchBelow,
} from "../../../../lib/checkpoints/s3/scratch/own_place.ts";
import { walk } from "../../../../lib/checkpoints/s3/scratch/delete_lists.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { emptyBucket, FAKE_KEYS, type FakeOptions, type FakeS3, fakeS3 } from "../../../fakes/s3/mod.ts";
import type { Bucket, Version } from "../../../fakes/s3/store.ts";
import { PATIENT_MS } from "../../../patience.ts";

const PREFIX = ".lakecheck-scratch/20261121t1305z-4f1c/";
const REAL = "warehouse/orders/data/00000.parquet";

const version = (key: string, id = "null"): Version => ({
  id,
  marker: false,
  bytes: new TextEncoder().encode(key),
  etag: '"e"',
  modified: new Date(0),
  meta: {},
  tags: {},
});

interface Given {
  s3: S3Client;
  options: S3Options;
  fake: FakeS3;
  lake: Bucket;
  put(...keys: string[]): void;
  keys(): string[];
}

/** A bucket `lake` with an object and an open upload of others. */
async function withLake(use: (given: Given) => Promise<void>, options: FakeOptions = {}): Promise<void> {
  const fake = fakeS3(options);
  const lake = emptyBucket("lake");
  fake.store.buckets.set("lake", lake);
  const put = (...keys: string[]) => keys.forEach((key) => lake.keys.set(key, [version(key)]));
  put(REAL);
  lake.uploads.set("theirs", { id: "theirs", key: `${REAL}.part`, meta: {}, parts: [], ended: false });
  const connection = givenConnection("--endpoint", fake.url);
  const base = { connection, region: "us-east-1", timeoutMs: PATIENT_MS, keys: FAKE_KEYS };
  const s3 = await openS3(base);
  try {
    await use({ s3, options: base, fake, lake, put, keys: () => [...lake.keys.keys()] });
    assert.equal(lake.uploads.get("theirs")?.ended, false);
  } finally {
    s3.destroy();
    await connection.close();
    await fake.close();
  }
}

const ours = () => scratchBelow("lake", PREFIX);
const own = async (bucket: string): Promise<OwnBucket> => {
  const made = await provenBucket(bucket, () => Promise.resolve(true));
  assert.ok(made);
  return made;
};
/** What was thrown, as `REASON: message`; `held` when nothing was. */
const outcomeOf = (going: Promise<unknown>): Promise<string> =>
  going.then(
    () => "held",
    (error) => error instanceof NotCleaned ? `${error.reason}: ${error.message}` : `other: ${error}`,
  );

Deno.test("a place in a bucket of others has a whole scratch prefix, or there is no place", () => {
  assert.equal(isOwn(scratchBelow("b", PREFIX)), false);
  assert.equal(isOwn(scratchBelow("b", "wh/x/lakecheck_scratch_20261121t1305z_4f1c09ae/")), false);
  assert.equal(isOwn(scratchBelow("b", "lakecheck_scratch_20261121t1305z_4f1c/")), false);
  for (
    const prefix of [
      "",
      "/",
      "warehouse/",
      ".lakecheck-scratch/",
      ".lakecheck-scratch/20261121t1305z-4f1c",
      ".lakecheck-scratch/20261121t1305z-4f1c/more/",
      ".lakecheck-scratch/20261121t1305z-4f1c/x",
      ".lakecheck-scratch/x/20261121t1305z-4f1c/",
      "lakecheck_scratch_20261121t1305z_4f1c/x",
      "x/.lakecheck-scratch/20261121t1305z-4f1c/",
      "x.lakecheck-scratch/20261121t1305z-4f1c/",
      ".lakecheck-scratch/20261121t1305z-4f1/",
      ".lakecheck-scratch/x20261121t1305z-4f1c/",
      ".lakecheck-scratch/20261121t1305z-4f1cx/",
      ".lakecheck-scratch/../",
      "lakecheck_scratch_/",
      "lakecheck_scratch_20261121t1305z_4f1c",
      "xlakecheck_scratch_20261121t1305z_4f1c/",
      "lakecheck_scratch_20261121t1305z_4f1c_x/",
      "lakecheck_scratch_20261121t1305z_4f1c/orders/",
      "a/../lakecheck_scratch_20261121t1305z_4f1c/",
      "%2e%2e/lakecheck_scratch_20261121t1305z_4f1c/",
    ]
  ) assert.throws(() => scratchBelow("b", prefix), /is no scratch prefix/, JSON.stringify(prefix));
  assert.throws(() => scratchBelow("", PREFIX), /is no scratch prefix/);
});

Deno.test("a place is made here alone: what only looks like one is none", async () => {
  const cast = [{ bucket: "lake", prefix: "" }, { bucket: "lake", prefix: PREFIX }, {
    ...ours(),
  }] as OwnPlace[];
  for (const place of cast) {
    assert.throws(() => isIn(place, `${PREFIX}a`), /is no scratch place/);
    await assert.rejects(deleteOne(place, "a"), /is no scratch place/);
  }
  await assert.rejects(deleteBucket(ours() as OwnBucket), /is not ours/);
  assert.throws(() => Object.assign(ours(), { prefix: "" }), TypeError);
  assert.equal(await provenBucket("lake", () => Promise.resolve(false)), undefined);
});

Deno.test("a key is in a place when it begins with its prefix, and leads out of it in no way", async () => {
  const place = ours();
  const long = "ü".repeat(500);
  for (
    const name of ["a", "", "a//b", "..a/b..", "a...b", " ", "日本/😀", long, "percent%25", "back\\slash"]
  ) {
    assert.ok(isIn(place, PREFIX + name), name);
  }
  const outside = [
    ...[REAL, "", PREFIX.slice(0, -1), `${PREFIX.slice(0, -1)}x/a`, `x${PREFIX}a`, PREFIX.toUpperCase()],
    ...["..", "../x", "a/../../x", "./a", "a/.", "a/..", "%2e%2e/x", "a/%2E./x", "..\\x", "a\\..\\x"]
      .map((name) => PREFIX + name),
    ...[null, undefined, 7, {}, [`${PREFIX}a`]],
  ];
  for (const key of outside) assert.ok(!isIn(place, key), JSON.stringify(key));
  const whole = await own("ours");
  assert.ok(isIn(whole, REAL) && !isIn(whole, "../lake/x") && !isIn(whole, "") && !isIn(whole, undefined));
  assert.equal(keyIn(place, "a"), `${PREFIX}a`);
  for (const name of ["", "..", "../../x", "a/../b"]) {
    assert.throws(() => keyIn(place, name), /does not lie in/);
  }
  assert.equal(below(place, "a/").prefix, `${PREFIX}a/`);
  for (const part of ["", "a", "/", "../", "a/../../b/", "./"]) {
    assert.throws(() => below(place, part), /is no part/, part);
  }
  assert.equal(isOwn(below(whole, "a/")), true);
  assert.equal(isOwn(below(place, "a/")), false);
});

Deno.test("requests that delete are made of a place and a name, and hold the key", async () => {
  const place = ours();
  assert.deepEqual((await deleteOne(place, "a", { VersionId: "v" })).input, {
    Bucket: "lake",
    Key: `${PREFIX}a`,
    VersionId: "v",
  });
  assert.deepEqual((await deleteMany(place, ["a", "b"], { Quiet: false })).input, {
    Bucket: "lake",
    Delete: { Objects: [{ Key: `${PREFIX}a` }, { Key: `${PREFIX}b` }], Quiet: false },
  });
  const key = `${PREFIX}a`;
  assert.deepEqual((await abortUpload(place, "a", "u")).input, { Bucket: "lake", Key: key, UploadId: "u" });
  assert.deepEqual(rawDelete(place, "a", { uploadId: "u" }), {
    ...{ method: "DELETE", bucket: "lake", key, query: { uploadId: "u" } },
  });
  await assert.rejects(deleteMany(place, ["a", "../x"]), /does not lie in/);
  await assert.rejects(abortUpload(place, "../x", "u"), /does not lie in/);
  assert.throws(() => rawDelete(place, "../x"), /does not lie in/);
});

Deno.test("a store that lists everything: what is in the place goes, what is not stays and is named", async () => {
  await withLake(async ({ s3, options, put, keys, lake }) => {
    const theirs = [REAL, PREFIX.slice(0, -1), `${PREFIX}../../${REAL}`, `${PREFIX.slice(0, -1)}x`, "!a"];
    put(...theirs, `${PREFIX}a`, `${PREFIX}日本/😀`, PREFIX, `${PREFIX}${"x".repeat(900)}`);
    lake.uploads.set("ours", { id: "ours", key: `${PREFIX}u`, meta: {}, parts: [], ended: false });
    const emptied = empty(s3, ours(), options);
    // Who is told to remove what is listed would remove what is not ours.
    await assert.rejects(emptied, (error) => error instanceof NotCleaned && error.listsOthers);
    const said = await outcomeOf(emptied);
    assert.match(
      said,
      /^ListedOutside: the store listed keys outside of the prefix: .*; nothing there was deleted/,
    );
    assert.match(said, /"!a".* and 2 more/);
    assert.deepEqual(keys().toSorted(), theirs.toSorted());
    assert.equal(lake.uploads.get("ours")?.ended, true);
  }, { quirks: ["ignores-prefix"] });
});

Deno.test("the marker of a place goes when nothing else is left in it, and not before", async () => {
  await withLake(async ({ s3, options, put, keys, lake }) => {
    const marker = `${PREFIX}lakecheck-run.json`;
    put(marker, `${PREFIX}a`, `${PREFIX}z`);
    const left: string[][] = [];
    const remove = lake.keys.delete.bind(lake.keys);
    lake.keys.delete = (key) => {
      if (key === marker) left.push(keys().filter((one) => one !== marker && one !== REAL));
      return remove(key);
    };
    assert.equal(await outcomeOf(empty(s3, ours(), options)), "held");
    assert.deepEqual(left, [[]]);
    assert.deepEqual(keys(), [REAL]);
  });
});

Deno.test("the same in thousands of keys, whose pages have nothing of ours", async () => {
  await withLake(async ({ s3, options, put, keys }) => {
    const theirs = Array.from({ length: 2_300 }, (_, i) => `!${i}`);
    put(...theirs, ...Array.from({ length: 1_200 }, (_, i) => `${PREFIX}${i}`));
    assert.match(await outcomeOf(empty(s3, ours(), options)), /^ListedOutside: .* and 2298 more; nothing/);
    assert.deepEqual(keys().filter((key) => key.startsWith(PREFIX)), []);
    assert.equal(keys().length, theirs.length + 1);
  }, { quirks: ["ignores-prefix"] });
});

Deno.test("a list without an end is left, and then nobody says that nothing is left", async () => {
  for (const quirk of ["repeats-pages", "no-token", "ignores-token"] as const) {
    let heard = 0;
    await withLake(async ({ s3, options, put, keys }) => {
      put(...Array.from({ length: 1_500 }, (_, i) => `!${i}`), `${PREFIX}a`);
      const said = await outcomeOf(empty(s3, ours(), options));
      assert.match(said, /^NotSeen: the store listed keys outside .*; the (?:store|list) /, quirk);
      assert.match(
        said,
        quirk === "no-token" ? /goes on, and not from where/ : /the same page of its list again/,
      );
      assert.equal(keys().length, 1_502 - (keys().includes(`${PREFIX}a`) ? 0 : 1));
    }, { quirks: [quirk, "ignores-prefix"], before: () => void heard++ });
    assert.ok(heard < 25, `${quirk}: ${heard} requests`);
  }
});

Deno.test("a page that ends nowhere is gone on with as long as there is something of ours in it", async () => {
  await withLake(async ({ s3, options, put, keys }) => {
    put(...Array.from({ length: 2_100 }, (_, i) => `${PREFIX}${i}`));
    assert.equal(await outcomeOf(empty(s3, ours(), options)), "held");
    assert.deepEqual(keys(), [REAL]);
  }, { quirks: ["no-token", "lacks-versions"] });
});

Deno.test("what a store does not list is not seen, and what it lacks is done without", async () => {
  for (const how of [[], ["lacks-with-400"], ["lacks-with-405"], ["lacks-with-403"]] as const) {
    await withLake(async ({ s3, options, put, keys, fake }) => {
      put(`${PREFIX}a`, `${PREFIX}b`);
      assert.match(
        await outcomeOf(empty(s3, ours(), options)),
        /^NotSeen: the store did not list the open uploads: HTTP (?:501|4\d\d)/,
        how.join(),
      );
      assert.deepEqual(keys(), [REAL]);
      // A bucket of our own goes with all that could not be seen in it.
      const bucket = emptyBucket("ours");
      bucket.keys.set("k", [version("k")]);
      fake.store.buckets.set("ours", bucket);
      assert.equal(await removeBucket(s3, await own("ours"), options), true);
      assert.ok(!fake.store.buckets.has("ours"));
    }, { quirks: ["lacks-versions", "lacks-upload-lists", "lacks-policies", "lacks-batch-delete", ...how] });
  }
});

Deno.test("a store that lets nobody see whether there are versions may have some", async () => {
  await withLake(async ({ s3, options, put }) => {
    put(`${PREFIX}a`);
    assert.match(await outcomeOf(empty(s3, ours(), options)), /^NotSeen: .*the versions: HTTP 403/);
  }, { quirks: ["lacks-versions", "lacks-with-403"] });
});

/** What became of a list whose pages are made as they are asked for, and how many pages were asked for. */
async function walked(page: (n: number) => unknown) {
  let asked = 0;
  const list = () => Promise.resolve(page(++asked)) as ReturnType<Parameters<typeof walk>[0]>;
  const found: string[] = [];
  const seen = await walk(list, ours(), new Set(), (items) => {
    found.push(...items.map(({ key }) => key));
    return Promise.resolve();
  });
  return { seen, asked, found };
}

const pageOf = (n: number, ...keys: unknown[]) => ({
  ok: true,
  value: { entries: keys.map((key) => ({ key })), next: { KeyMarker: `${n}` } },
});

Deno.test("every list comes to an end, whatever its pages are", async () => {
  const outside = await walked((n) => pageOf(n, `warehouse/${n}`));
  assert.ok("cut" in outside.seen && /after 100 pages of keys outside/.test(outside.seen.cut ?? ""));
  assert.deepEqual([outside.asked, outside.found, outside.seen.outsideCount], [100, [], 100]);

  const empty = await walked((n) => pageOf(n));
  assert.ok("cut" in empty.seen && /no end after 200 pages/.test(empty.seen.cut ?? ""));
  assert.equal(empty.asked, 200);

  const endless = await walked((n) => pageOf(n, `${PREFIX}${n}`));
  assert.ok("cut" in endless.seen && endless.asked === 200 && endless.found.length === 200);

  const same = await walked((n) => pageOf(n, `${PREFIX}a`, `${PREFIX}z`));
  assert.ok("cut" in same.seen && /same page/.test(same.seen.cut ?? "") && same.asked === 2);

  const refused = { ok: false, refusal: { status: 403, code: "AccessDenied" } };
  const late = await walked((n) => n === 1 ? pageOf(n, `${PREFIX}a`) : refused);
  assert.ok("cut" in late.seen && /page 2 of the list was rejected: HTTP 403/.test(late.seen.cut ?? ""));
  assert.deepEqual((await walked(() => refused)).seen, { refusal: refused.refusal });
});

Deno.test("an entry without a key is told, and not deleted", async () => {
  const end = { ok: true, value: { entries: pageOf(1, undefined, null, 7, `${PREFIX}a`).value.entries } };
  const { seen, found } = await walked(() => end);
  assert.deepEqual(found, [`${PREFIX}a`]);
  assert.ok("outside" in seen);
  assert.deepEqual([seen.outside[0], seen.outsideCount], ["one without a key", 3]);
});

Deno.test("versions that may not be listed are not seen, where there may be some", async () => {
  const cases = [["Enabled", /^NotSeen: .*the versions: HTTP 403/], ["Suspended", /^NotSeen: /], [
    undefined,
    /^held$/,
  ]];
  for (const [versioning, said] of cases as [Bucket["versioning"], RegExp][]) {
    await withLake(async ({ s3, options, put, lake }) => {
      lake.versioning = versioning;
      put(`${PREFIX}a`);
      assert.match(await outcomeOf(empty(s3, ours(), options)), said);
    }, { quirks: ["hides-versions"] });
  }
});

Deno.test("every version and delete marker goes, of keys in the place alone", async () => {
  await withLake(async ({ s3, options, put, lake, keys }) => {
    lake.versioning = "Enabled";
    put(`${PREFIX}a`);
    const marker = { ...version("a", "v3"), marker: true };
    lake.keys.set(`${PREFIX}b`, [marker, version("b", "v2"), version("b", "v1")]);
    lake.keys.set("theirs", [{ ...marker, id: "v9" }, version("theirs", "v8")]);
    assert.equal(await outcomeOf(empty(s3, ours(), options)), "held");
    assert.deepEqual(keys().toSorted(), ["theirs", REAL]);
    assert.equal(lake.keys.get("theirs")?.length, 2);
  });
});

Deno.test("an upload is aborted, and nothing is deleted for it", async () => {
  await withLake(async ({ s3, options, lake, fake }) => {
    lake.uploads.set("ours", { id: "ours", key: `${PREFIX}u`, meta: {}, parts: [], ended: false });
    assert.equal(await outcomeOf(empty(s3, ours(), options)), "held");
    assert.equal(lake.uploads.get("ours")?.ended, true);
    assert.deepEqual(fake.heard.filter((line) => !line.startsWith("GET")).length, 1, fake.heard.join("; "));
  });
});

Deno.test("an upload of a run is ended with it in a bucket of others, and goes with a bucket of our own", async () => {
  for (const place of [ours(), await own("ours")]) {
    await withLake(async ({ s3, options, lake }) => {
      lake.uploads.set("u", { id: "u", key: `${PREFIX}u`, meta: {}, parts: [], ended: false });
      const undos: (() => Promise<void>)[] = [];
      const scratch = { undo: (_: string, how: () => Promise<void>) => void undos.push(how) };
      const context = { ownBucket: isOwn(place), scratch, undoS3: s3, place, session: options };
      willAbort(context as unknown as S3Context, `${PREFIX}u`, "u");
      assert.equal(undos.length, isOwn(place) ? 0 : 1);
      for (const undo of undos) await undo();
      assert.equal(lake.uploads.get("u")?.ended, !isOwn(place));
      // Twice: it has ended, and there is nothing to say.
      for (const undo of undos) await undo();
    });
  }
});

Deno.test("what is not deleted is said, after some tries and not after many", async () => {
  let heard = 0;
  await withLake(async ({ s3, options, put }) => {
    put(`${PREFIX}a`, `${PREFIX}b`);
    assert.match(
      await outcomeOf(empty(s3, ours(), options)),
      /^NotRemoved: 2 versions are still listed after they were deleted; 2 objects are still/,
    );
  }, { quirks: ["ignores-delete", "batch-delete-forgets"], before: () => void heard++ });
  assert.ok(heard < 40, `${heard} requests`);
});

Deno.test("a store that forgets some of a batch is asked for each by itself", async () => {
  await withLake(async ({ s3, options, put, keys }) => {
    put(`${PREFIX}a`, `${PREFIX}b`);
    assert.equal(await outcomeOf(empty(s3, ours(), options)), "held");
    assert.deepEqual(keys(), [REAL]);
  }, { quirks: ["batch-delete-forgets"] });
});

Deno.test("a lock of objects is broken in a bucket of our own, and nowhere else", async () => {
  await withLake(async ({ s3, options, put, keys, fake }) => {
    put(`${PREFIX}a`);
    assert.match(
      await outcomeOf(empty(s3, ours(), options)),
      /^NotRemoved: .*"\.lake.*a\\?" could not be deleted, .*AccessDenied/,
    );
    assert.deepEqual(keys(), [REAL, `${PREFIX}a`]);
    const bucket = emptyBucket("ours");
    bucket.keys.set("k", [version("k")]);
    fake.store.buckets.set("ours", bucket);
    assert.equal(await removeBucket(s3, await own("ours"), options), true);
  }, { quirks: ["locks-objects"] });
});

Deno.test("a bucket that is not there, or stays, is told as such", async () => {
  await withLake(async ({ s3, options }) => {
    assert.equal(await removeBucket(s3, await own("missing"), options), false);
    assert.equal(await empty(s3, scratchBelow("missing", PREFIX), options), false);
  });
  await withLake(async ({ s3, options, fake }) => {
    fake.store.buckets.set("ours", emptyBucket("ours"));
    const said = await outcomeOf(removeBucket(s3, await own("ours"), options));
    assert.match(said, /^NotRemoved: .*still there/);
  }, { quirks: ["keeps-buckets"] });
  await withLake(async ({ s3, options, fake }) => {
    const bucket = emptyBucket("ours");
    bucket.keys.set("k", [version("k")]);
    fake.store.buckets.set("ours", bucket);
    const said = await outcomeOf(removeBucket(s3, await own("ours"), options));
    assert.match(said, /^NotRemoved: .*are still listed.*; the store did not delete the bucket: HTTP 409/);
  }, { quirks: ["ignores-delete", "batch-delete-forgets"] });
});

Deno.test("a policy that denies even listing is removed from a bucket of our own", async () => {
  await withLake(async ({ s3, options, fake }) => {
    const bucket = emptyBucket("ours");
    bucket.keys.set("k", [version("k")]);
    const Statement = [{ Effect: "Deny", Action: ["s3:ListBucket"], Resource: ["arn:aws:s3:::ours"] }];
    bucket.policy = JSON.stringify({ Statement });
    fake.store.buckets.set("ours", bucket);
    // The owner may remove a policy always; this fake takes any request to a bucket for a list.
    const asked = {
      ...s3,
      send: (command: { constructor: { name: string } }) => {
        if (command.constructor.name === "DeleteBucketPolicyCommand") delete bucket.policy;
        return s3.send(command as never);
      },
    } as unknown as S3Client;
    assert.equal(await removeBucket(asked, await own("ours"), options), true);
    assert.ok(!fake.store.buckets.has("ours"));
  });
});

Deno.test("a bucket that is there already, or is refused, is not ours", async () => {
  await withLake(async ({ s3, options, fake }) => {
    assert.deepEqual(await createBucket(s3, "lake", options), {
      refusal: { status: 409, code: "BucketAlreadyExists" },
    });
    assert.ok(!fake.heard.some((line) => line.startsWith("PUT")));
    const made = await createBucket(s3, "new", options);
    assert.ok("own" in made && made.own && isOwn(made.own) && fake.store.buckets.has("new"));
  });
  await withLake(async ({ s3, options }) => {
    const made = await createBucket(s3, "new", options);
    assert.deepEqual(made, { refusal: { status: 403, code: "AccessDenied" } });
  }, { quirks: ["makes-no-buckets"] });
});

Deno.test("a bucket that nobody answered for is ours only if its name was free just before", async () => {
  for (const [quirk, isOurs] of [[undefined, true], ["serves-nobody", false]] as const) {
    await withLake(async ({ s3, options, fake }) => {
      const stranger = await openS3({ ...options, keys: { ...options.keys, secretAccessKey: "wrong" } });
      const silent = {
        send: (command: { constructor: { name: string } }) =>
          command.constructor.name === "CreateBucketCommand"
            ? Promise.reject(new CannotLook({ kind: "timeout", message: "no answer" }))
            : (quirk ? stranger : s3).send(command as never),
      } as unknown as S3Client;
      const made = await createBucket(silent, "new", options);
      assert.ok("trouble" in made, JSON.stringify(made));
      assert.equal(made.own !== undefined, isOurs);
      assert.ok(!fake.store.buckets.has("new"));
      stranger.destroy();
    });
  }
});
