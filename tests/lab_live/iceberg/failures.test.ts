/**
 * Each class of failure that the lab can be asked for, planted by settings of sessions of our own: nothing of the platform
 * is changed, and no statement here writes where it could succeed.
 */
import assert from "node:assert/strict";
import { kubectl } from "../../../lab/cluster/mod.ts";
import { EngineError } from "../../../lib/checkpoints/iceberg/engines/engine.ts";
import { openSpark, type SparkPlace } from "../../../lib/checkpoints/iceberg/engines/spark.ts";
import { failureOfEngine } from "../../../lib/checkpoints/iceberg/failures.ts";
import { lab } from "../live.ts";

const CATALOG = "http://nessie.data-platform.svc.cluster.local:19120/iceberg";
const STORE = "http://rook-ceph-rgw-storage.rook-ceph.svc.cluster.local";
const SPARK_CATALOG = "org.apache.iceberg.spark.SparkCatalog";
const START_MS = 600_000;

async function place(): Promise<SparkPlace> {
  const { stdout } = await kubectl(lab(), [
    ...["-n", "data-platform", "get", "pods", "-l", "app.kubernetes.io/name=spark-client", "-o", "name"],
  ]);
  const [pod] = stdout.trim().split("\n").map((name) => name.replace("pod/", ""));
  assert.ok(pod, "the lab has no SQL client");
  return { namespace: "data-platform", pod, container: "spark" };
}

const open = async (settings: Record<string, string>) =>
  await openSpark(await place(), {
    kubeconfig: lab().kubeconfig,
    timeoutMs: 30_000,
    startMs: START_MS,
    settings,
  });

/** The reason and the evidence of what this comes to. */
async function failureOf(doing: Promise<unknown>): Promise<{ reason: string; evidence: string }> {
  const error = await doing.then(() => undefined, (thrown) => thrown);
  assert.ok(error instanceof EngineError, String(error));
  const { reason, evidence } = failureOfEngine(error);
  return { reason, evidence: `${evidence} <- ${JSON.stringify(error.chain)}`.slice(0, 2000) };
}

/** `spark.sql.catalog.NAME` and what lies below. */
function catalog(
  name: string,
  options: Record<string, string>,
  type = SPARK_CATALOG,
): Record<string, string> {
  const key = `spark.sql.catalog.${name}`;
  return {
    [key]: type,
    ...Object.fromEntries(Object.entries(options).map(([option, value]) => [`${key}.${option}`, value])),
  };
}

/** A bucket's own settings of s3a, which gives up at once. */
function bucket(name: string, options: Record<string, string>): Record<string, string> {
  const hasty = {
    "attempts.maximum": "1",
    "retry.limit": "1",
    "connection.timeout": "2000",
    "connection.establish.timeout": "2000",
  };
  return Object.fromEntries(
    Object.entries({ ...hasty, ...options }).map((
      [key, value],
    ) => [`spark.hadoop.fs.s3a.bucket.${name}.${key}`, value]),
  );
}

const SETTINGS = {
  ...catalog("no_class", {}, "com.example.MissingCatalog"),
  ...catalog("no_file_io", { type: "rest", uri: `${CATALOG}/`, "io-impl": "com.example.MissingFileIO" }),
  ...catalog("nowhere", {
    type: "rest",
    uri: "http://no-such-catalog.data-platform.svc.cluster.local/iceberg/",
  }),
  ...catalog("refused", { type: "rest", uri: "http://127.0.0.1:9/iceberg/" }),
  ...catalog("no_branch", { type: "rest", uri: `${CATALOG}/no-such-branch` }),
  ...catalog("no_warehouse", { type: "rest", uri: `${CATALOG}/`, warehouse: "no-such-warehouse" }),
  ...catalog("no_catalog", { type: "rest", uri: STORE }),
  ...catalog("no_bucket", { type: "hadoop", warehouse: "s3a://lakecheck-no-such-bucket/x" }),
  ...catalog("wrong_key", { type: "hadoop", warehouse: "s3a://lakecheck-wrong-key/x" }),
  ...bucket("lakecheck-wrong-key", {
    "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "access.key": "AKIAWRONGWRONGWRONG1",
    "secret.key": "wrong",
  }),
  ...catalog("no_store", { type: "hadoop", warehouse: "s3a://lakecheck-no-store/x" }),
  ...bucket("lakecheck-no-store", { endpoint: "http://127.0.0.1:9" }),
};

const PLANTED: readonly (readonly [sql: string, reason: string])[] = [
  ["SHOW NAMESPACES IN no_class", "ClasspathSkew"],
  ["SHOW NAMESPACES IN no_file_io", "ClasspathSkew"],
  ["SHOW NAMESPACES IN nowhere", "CatalogUnreachable"],
  ["SHOW NAMESPACES IN refused", "CatalogUnreachable"],
  ["SHOW NAMESPACES IN no_branch", "ReferenceMissing"],
  ["SHOW NAMESPACES IN no_warehouse", "NoSuchWarehouse"],
  ["SHOW NAMESPACES IN no_catalog", "NoCatalogThere"],
  ["SHOW NAMESPACES IN no_bucket", "NoSuchBucket"],
  ["SHOW NAMESPACES IN wrong_key", "StoreForbidden"],
  ["SHOW NAMESPACES IN no_store", "StoreUnreachable"],
  ["SELECT * FROM lakehouse.no_such_namespace.no_such_table", "NotFound"],
  ["SELECT CAST('{}' AS VARIANT)", "NotSupported"],
  ["SELEC 1", "SyntaxError"],
];

Deno.test("what a session of Spark is refused is told by its class", async () => {
  const engine = await open(SETTINGS);
  try {
    const seen: [string, string][] = [];
    const words: string[] = [];
    for (const [sql] of PLANTED) {
      const { reason, evidence } = await failureOf(engine.run(sql));
      seen.push([sql, reason]);
      words.push(`${reason}: ${evidence}`);
    }
    assert.deepEqual(seen, PLANTED, words.join("\n"));
    // The engine works for all that.
    assert.deepEqual((await engine.run("SELECT 1")).rows, [["1"]]);
  } finally {
    await engine.close();
  }
});

Deno.test("a Spark that can't download its packages says so", async () => {
  const settings = {
    "spark.jars.packages": "com.example:nothing:1.0",
    "spark.jars.ivy": "/tmp/lakecheck-no-ivy",
  };
  const { reason, evidence } = await failureOf(open(settings));
  assert.equal(reason, "RuntimeDownloadBlocked", evidence);
});

Deno.test("a Spark with too little memory to start says so", async () => {
  const { reason, evidence } = await failureOf(open({ "spark.driver.memory": "64m" }));
  assert.equal(reason, "OutOfMemory", evidence);
});
