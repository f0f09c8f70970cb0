/** A store and a bucket that are given are tried without a cluster; what needs one is skipped and says so. */
import assert from "node:assert/strict";
import { needsCluster } from "../../../lib/checkpoints/s3/needs_cluster.ts";
import { reported } from "../../../lib/checkpoints/s3/report.ts";
import { FILE_NAMES } from "../../../lib/checkpoints/s3/client_config/files.ts";
import type { Asked } from "../../../lib/command.ts";
import { factsWithoutCluster } from "../../../lib/engine/collect.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import { PATIENT_MS } from "../../patience.ts";
import { KEYS, leftIn, ONLY_THEIRS, platformStore, resultsOf, testStore } from "./run_fixture.ts";

const NAMESPACE = "data-platform";

/** Asked of nobody but the store: whoever opens the cluster has failed. */
const askedOf = (flags: Record<string, string>): Asked => ({
  given: new Map(Object.entries(flags)),
  cluster: { open: () => Promise.reject(new Error("the cluster was asked")), close() {} },
  namespace: NAMESPACE,
  isPlaced: false,
  timeoutMs: PATIENT_MS,
  signal: new AbortController().signal,
});

async function withKeysFile<T>(use: (path: string, at: string) => Promise<T>): Promise<T> {
  const at = await Deno.makeTempDir();
  const path = `${at}/keys`;
  await Deno.writeTextFile(
    path,
    `[default]\naws_access_key_id=${KEYS.id}\naws_secret_access_key=${KEYS.secret}\n`,
  );
  try {
    return await use(path, at);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
}

Deno.test("a given store and bucket are tried without a cluster, and nothing of one is unknown", async () => {
  const fake = platformStore();
  try {
    await withKeysFile(async (path, at) => {
      const directory = `${at}/clients`;
      const flags = {
        ...{ endpoint: fake.url, bucket: "iceberg-warehouse" },
        ...{ "credentials-file": path, "write-client-config": directory },
      };
      assert.equal(needsCluster(new Map(Object.entries(flags))), false);
      const facts = await testStore(factsWithoutCluster({ namespace: NAMESPACE }), askedOf(flags));
      const report = evaluate("data-platform:test:s3", reported(), facts);
      const all = report.details.components.flatMap(({ checks }) => checks);
      const blind = all.filter(({ status }) => status === "unknown").map(({ check, message }) =>
        `${check}: ${message}`
      );
      assert.deepEqual(blind, []);
      assert.notEqual(report.status, "error");
      assert.deepEqual(resultsOf(facts, "s3.buckets"), ["passed Holds"]);
      assert.deepEqual(resultsOf(facts, "s3.credential-copies"), ["skipped NotApplicable"]);
      assert.deepEqual(resultsOf(facts, "s3.clean"), ["passed Holds"]);
      const ofCluster = report.details.components.filter(({ name }) =>
        ["s3-gateway", "s3-user", "rook-ceph", "kubernetes"].includes(name)
      );
      assert.deepEqual(ofCluster.map(({ status }) => status), Array(4).fill("skipped"));
      for (const { checks } of ofCluster) {
        assert.ok(checks.length > 0);
        for (const { reason, message } of checks) {
          assert.equal(reason, "NoCluster");
          assert.match(message, /this run asks no cluster/);
        }
      }
      assert.deepEqual(leftIn(fake), ONLY_THEIRS);
      const texts = [
        JSON.stringify(facts),
        ...FILE_NAMES.map((name) => Deno.readTextFileSync(`${directory}/${name}`)),
      ];
      for (const text of texts) {
        assert.ok(!text.includes(KEYS.secret) && !text.includes(KEYS.id), "a key was written");
      }
      assert.ok(!texts.slice(1).some((text) => text.includes(path)), "the file is named as a Secret");
    });
  } finally {
    await fake.close();
  }
});

Deno.test("a bucket that is not there is that bucket's fault, and keys of others are said to be of others", async () => {
  const fake = platformStore();
  try {
    await withKeysFile(async (path, at) => {
      const facts = factsWithoutCluster({ namespace: NAMESPACE });
      const flags = { endpoint: fake.url, "credentials-file": path };
      const none = await testStore(facts, askedOf({ ...flags, bucket: "nothing-here" }));
      assert.deepEqual(resultsOf(none, "s3.buckets"), ["failed NoSuchBucket"]);
      await Deno.writeTextFile(`${at}/others`, "aws_access_key_id=somebody\naws_secret_access_key=else\n");
      const others = await testStore(
        facts,
        askedOf({ ...flags, bucket: "iceberg-warehouse", "credentials-file": `${at}/others` }),
      );
      assert.deepEqual(resultsOf(others, "s3.credentials"), ["failed UnknownKey"]);
    });
  } finally {
    await fake.close();
  }
});

Deno.test("a cluster is needed where the store, the bucket or the keys must be found in it", () => {
  const both = { endpoint: "http://s3", bucket: "lake" };
  const flags: [Record<string, string>, boolean][] = [
    [both, false],
    [{ endpoint: both.endpoint }, true],
    [{ bucket: both.bucket }, true],
    [{ ...both, credentials: "lake/keys" }, true],
  ];
  for (const [one, needed] of flags) assert.equal(needsCluster(new Map(Object.entries(one))), needed);
});

Deno.test("a bucket without an address, and what is no bucket, are refused before anybody is asked", async () => {
  const facts = factsWithoutCluster({ namespace: NAMESPACE });
  const bad: Record<string, string>[] = [{ bucket: "lake" }, {
    endpoint: "http://127.0.0.1:9",
    bucket: "a..b",
  }];
  for (const flags of bad) {
    await assert.rejects(
      testStore(facts, askedOf(flags)),
      (error) => error instanceof UsageError && /--bucket/.test(error.message),
    );
  }
});
