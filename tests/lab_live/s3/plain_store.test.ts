/**
 * s3s-fs, a real store that has neither versions nor lists of uploads nor policies of buckets: the checkpoint tries it as
 * a whole, says so, and leaves nothing behind. It needs the lab's cache only.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildOnly } from "../../../lab/build/mod.ts";
import { S3S_FS, s3sFsPart } from "../../../lab/build/parts/rust.ts";
import { cacheDirectory } from "../../../lab/context.ts";
import { NotCleaned } from "../../../lib/checkpoint/scratch.ts";
import { empty } from "../../../lib/checkpoints/s3/scratch/delete.ts";
import { scratchBelow } from "../../../lib/checkpoints/s3/scratch/own_place.ts";
import { reported } from "../../../lib/checkpoints/s3/report.ts";
import { givenConnection } from "../../../lib/clients/kubernetes/service_connection.ts";
import { openS3 } from "../../../lib/clients/s3/client.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import { recordsOf, resultsOf, run } from "../../checkpoints/s3/run_fixture.ts";
import { FAKE_KEYS } from "../../fakes/s3/mod.ts";
import { quiet } from "../live.ts";
import { type StoreProcess, withStoreProcess } from "./process_store.ts";

const REAL = "warehouse/orders/data/00000.parquet";

/** Runs the store over a directory with the platform's buckets, one of which has a table's file in it. */
async function withPlainStore(use: (url: string, root: string) => Promise<void>): Promise<void> {
  const cacheDir = cacheDirectory();
  await buildOnly([s3sFsPart()], { cacheDir, progress: quiet, signal: new AbortController().signal });
  const root = await Deno.makeTempDir({ prefix: "lakecheck-s3s-" });
  for (const bucket of ["iceberg-warehouse", "spark-logs"]) Deno.mkdirSync(join(root, bucket));
  Deno.mkdirSync(join(root, "iceberg-warehouse/warehouse/orders/data"), { recursive: true });
  Deno.writeTextFileSync(join(root, "iceberg-warehouse", REAL), "rows");
  const { accessKeyId, secretAccessKey } = FAKE_KEYS;
  const keys = ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
  const store: StoreProcess = {
    program: join(cacheDir, S3S_FS),
    args: (port) => [...keys, "--host", "127.0.0.1", "--port", `${port}`, root],
  };
  try {
    await withStoreProcess(store, (url) => use(url, root));
    assert.equal(Deno.readTextFileSync(join(root, "iceberg-warehouse", REAL)), "rows");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** All files below a directory, without those that the store keeps for itself. */
function filesIn(root: string, below = ""): string[] {
  return [...Deno.readDirSync(join(root, below))].flatMap(({ name, isDirectory }) => {
    const path = join(below, name);
    if (isDirectory) return filesIn(root, path);
    return /^\.(?:bucket|upload|internal|metadata)/.test(name) ? [] : [path];
  }).toSorted();
}

Deno.test("a store without versions, lists of uploads and policies is tried, reported, and left as it was", async () => {
  await withPlainStore(async (endpoint, root) => {
    await run({ endpoint }, ({ facts }) => {
      const report = evaluate("data-platform:test:s3", reported(), facts);
      assert.ok(report.details.components.length > 5);
      assert.deepEqual(resultsOf(facts, "s3.scratch-bucket"), ["passed Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.put-get"), ["passed Holds"]);
      assert.deepEqual(
        resultsOf(facts, "s3.clean"),
        ["passed Holds"],
        JSON.stringify(recordsOf(facts).at(-1)),
      );
      for (const id of ["s3.policy", "s3.versioning"]) {
        assert.deepEqual(resultsOf(facts, id), ["failed NotImplemented"], id);
      }
    });
    assert.deepEqual([...Deno.readDirSync(root)].filter(({ name }) => name.startsWith("lakecheck")), []);
    assert.deepEqual(filesIn(root), [join("iceberg-warehouse", REAL)]);
  });
});

Deno.test("in a bucket of others the objects go, and what it does not list is said not to have been seen", async () => {
  await withPlainStore(async (endpoint, root) => {
    const connection = givenConnection("--endpoint", endpoint);
    const options = { connection, region: "us-east-1", timeoutMs: 10_000, keys: FAKE_KEYS };
    const s3 = await openS3(options);
    const { PutObjectCommand } = await import("@aws-sdk/client-s3");
    const place = scratchBelow("iceberg-warehouse", ".lakecheck-scratch/20261121t1305z-4f1c/");
    try {
      for (const name of ["a", "b/c"]) {
        await s3.send(new PutObjectCommand({ Bucket: place.bucket, Key: place.prefix + name, Body: name }));
      }
      await assert.rejects(
        empty(s3, place, options),
        (error) =>
          error instanceof NotCleaned && error.reason === "NotSeen" &&
          /uploads: HTTP 501/.test(error.message),
      );
      assert.deepEqual(filesIn(root), [join("iceberg-warehouse", REAL)]);
    } finally {
      s3.destroy();
      await connection.close();
    }
  });
});
