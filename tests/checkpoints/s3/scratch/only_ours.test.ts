/** Whole runs in a store with real data in it: whatever the store lists and lacks, that data survives and a report comes. */
import assert from "node:assert/strict";
import { inScratch } from "../../../../lib/checkpoint/scratch.ts";
import { openScratchRest, sweepObjects } from "../../../../lib/checkpoints/nessie/iceberg_rest/scratch.ts";
import { openWarehouse } from "../../../../lib/checkpoints/nessie/setup/warehouse_store.ts";
import { measureStore } from "../../../../lib/checkpoints/s3/performance/mod.ts";
import { MARKER_NAME } from "../../../../lib/checkpoints/s3/scratch/marker.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import type { Facts } from "../../../../lib/engine/model.ts";
import type { FakeS3, Quirk } from "../../../fakes/s3/mod.ts";
import type { Upload, Version } from "../../../fakes/s3/store.ts";
import { openWorld } from "../../../../lib/engine/world.ts";
import { markerText } from "../../../../lib/checkpoint/scratch_marker.ts";
import { withFake } from "../operations/fixture.ts";
import { recordsOf, resultsOf, run, withPlatform } from "../run_fixture.ts";
import { PATIENT_MS } from "../../../patience.ts";

/** Before and behind the scratch prefix, and as near to it as can be. */
const THEIRS = [
  "warehouse/orders/data/00000.parquet",
  "!before",
  ".lakecheck-scratch",
  ".lakecheck-scratch/notes.txt",
  ...Array.from({ length: 20 }, (_, i) => `-logs/${i}`),
];

const version = (key: string): Version => ({
  id: "null",
  marker: false,
  bytes: new TextEncoder().encode(key),
  etag: '"theirs"',
  modified: new Date(0),
  meta: {},
  tags: {},
});
const upload = (key: string): Upload => ({ id: "theirs", key, meta: {}, parts: [], ended: false });

function furnish({ store }: FakeS3): void {
  for (const { keys, uploads } of store.buckets.values()) {
    for (const key of THEIRS) keys.set(key, [version(key)]);
    uploads.set("theirs", upload("warehouse/orders/data/00001.parquet"));
  }
}

/** Nothing of theirs is gone, nothing of ours is there. */
function expectOnlyTheirs({ store }: FakeS3): void {
  assert.deepEqual([...store.buckets.keys()].toSorted(), ["iceberg-warehouse", "spark-logs"]);
  for (const { name, keys, uploads } of store.buckets.values()) {
    assert.deepEqual([...keys.keys()].toSorted(), THEIRS.toSorted(), name);
    assert.ok(keys.values().every(([one]) => one?.etag === '"theirs"'), name);
    const open = [...uploads.values()].filter(({ ended }) => !ended).map(({ id }) => id);
    assert.deepEqual(open, ["theirs"], name);
  }
}

const cleanOf = (facts: Facts) =>
  recordsOf(facts).filter(({ trial }) => trial === "s3.clean").map(({ result, reason, message, next }) => ({
    said: `${result} ${reason}`,
    message,
    next,
  }));

Deno.test("a store that ignores prefixes: what was there survives in a borrowed bucket, and the report says it", async () => {
  const quirks: Quirk[] = ["makes-no-buckets", "ignores-prefix"];
  await run({ quirks, furnish }, ({ facts, fake }) => {
    expectOnlyTheirs(fake);
    const clean = cleanOf(facts);
    assert.ok(
      clean.length > 0 && clean.every(({ said }) => said === "failed ListedOutside"),
      JSON.stringify(clean),
    );
    // `aws s3 rm --recursive` would remove what this store lists.
    assert.deepEqual(clean.flatMap(({ next = [] }) => next), []);
    const said = clean.find(({ message }) => /^objects below iceberg-warehouse\/\.lakecheck/.test(message));
    assert.match(said?.message ?? "", /listed keys outside of the prefix: .*; nothing there was deleted/);
  });
});

Deno.test("a store that ignores prefixes: in a bucket of its own a run removes all that it made, and that is said", async () => {
  await run({ quirks: ["ignores-prefix"], furnish }, ({ facts, fake }) => {
    expectOnlyTheirs(fake);
    assert.deepEqual(resultsOf(facts, "s3.clean"), ["passed Holds"]);
  });
});

/** What is not in every store, and how stores say so. */
const PLAIN: Quirk[] = ["lacks-versions", "lacks-upload-lists", "lacks-policies", "lacks-batch-delete"];

Deno.test("a store without versions, lists of uploads, policies and batches is tried as a whole, and nothing stays", async () => {
  await run({ quirks: PLAIN, furnish }, ({ facts, fake }) => {
    expectOnlyTheirs(fake);
    assert.deepEqual(resultsOf(facts, "s3.clean"), ["passed Holds"]);
    assert.deepEqual(resultsOf(facts, "s3.scratch-bucket"), ["passed Holds"]);
    assert.deepEqual(resultsOf(facts, "s3.put-get"), ["passed Holds"]);
    // What it lacks is told as such.
    for (const id of ["s3.policy", "s3.multipart-uploads", "s3.versioning"]) {
      assert.deepEqual(resultsOf(facts, id), ["failed NotImplemented"], id);
    }
    for (const id of ["s3.multipart", "s3.multipart-abort"]) {
      assert.deepEqual(resultsOf(facts, id), ["passed Holds"], id);
    }
  });
});

Deno.test("the same below a prefix of a bucket of others, of a store that answers 403 to what it lacks", async () => {
  await run({ quirks: [...PLAIN, "lacks-with-403", "makes-no-buckets"], furnish }, ({ facts, fake }) => {
    expectOnlyTheirs(fake);
    assert.deepEqual(resultsOf(facts, "s3.put-get"), ["passed Holds"]);
    // Whether an upload is left cannot be seen, so it is not said that nothing is.
    const [clean, ...more] = cleanOf(facts);
    assert.equal(clean?.said, "unknown NotSeen", JSON.stringify([clean, ...more]));
    assert.match(clean?.message ?? "", /did not list the open uploads: HTTP 403/);
    assert.deepEqual(more, []);
  });
});

Deno.test("a store that ignores prefixes: what was measured goes, and nothing else", async () => {
  const undos: (() => Promise<void>)[] = [];
  const matrix = { small: 64, medium: 128, large: 0, upload: 0, concurrency: [1], keys: 5 };
  await withFake(async (context, fake) => {
    furnish(fake);
    const scratch = {
      ...context.scratch,
      undo: (_: string, how: () => Promise<void>) => void undos.push(how),
    };
    await measureStore({ ...context, scratch }, { totalMs: 500, matrix }, () => {}).catch((error) => {
      assert.ok(error instanceof CannotLook, String(error));
    });
    const { keys } = fake.store.buckets.get(context.bucket) ?? assert.fail();
    assert.ok(keys.size > THEIRS.length);
    for (const undo of undos) {
      await assert.rejects(undo(), /outside of the prefix: .*nothing there was deleted/);
    }
    assert.deepEqual([...keys.keys()].toSorted(), THEIRS.toSorted());
  }, { ownBucket: false, quirks: ["ignores-prefix"] });
});

Deno.test("a store that ignores prefixes: of a catalog's warehouse the scratch namespaces go, and no table", async () => {
  const old = "lakecheck_scratch_20200101t0000z_abcd";
  const bucket = "iceberg-warehouse";
  let root = "";
  await withPlatform({ quirks: ["ignores-prefix"], furnish }, async ({ facts, asked, fake }) => {
    Deno.env.set("S3_ENDPOINT", fake.url);
    const store = await openWarehouse(openWorld(facts), asked);
    assert.ok(!("failure" in store), JSON.stringify(store));
    const { keys } = fake.store.buckets.get(bucket) ?? assert.fail();
    const { ended, leftovers } = await inScratch(async (scratch) => {
      const send = () =>
        Promise.resolve({ status: 200, body: { metadata: { location: `s3://${bucket}/wh/${root}/t_1` } } });
      const rest = { at: (path: string) => path, send } as unknown as Parameters<
        typeof openScratchRest
      >[0]["rest"];
      const tried = openScratchRest({ scratch, rest, branch: "b", ...store });
      root = tried.root;
      await tried.send("GET", "/x");
      for (const name of ["t_1/metadata/1.json", "t_2/metadata/1.json"]) {
        keys.set(`wh/${root}/${name}`, [version(name)]);
      }
      keys.set(`wh/${old}/t/1.json`, [version("old")]);
      keys.set(`wh/${old}/${MARKER_NAME}`, [version(markerText("20200101t0000z-abcd", "ci-7", 1000))]);
    }, { undoTimeoutMs: PATIENT_MS });
    if (ended.status === "rejected") throw ended.reason;
    assert.deepEqual(leftovers.map(({ what, reason }) => `${what} ${reason}`), [
      `objects of namespace ${root} ListedOutside`,
    ]);
    const [swept] = await sweepObjects({ bucket, base: "wh/" }, store.undoObjects, "another", undefined);
    assert.ok(swept?.state === "stuck", JSON.stringify(swept));
    assert.match(swept.why, /outside of the prefix/);
    expectOnlyTheirs(fake);
    await store.close();
  });
  Deno.env.delete("S3_ENDPOINT");
});
