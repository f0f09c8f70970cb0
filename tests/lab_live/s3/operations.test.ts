/** The operation trials on the lab's Ceph RGW: each comes to what this store is known for, and nothing stays behind. */
import assert from "node:assert/strict";
import { kubectl } from "../../../lab/cluster/mod.ts";
import { runTrials } from "../../../lib/checkpoint/run_trials.ts";
import { inScratch } from "../../../lib/checkpoint/scratch.ts";
import { connectToService } from "../../../lib/clients/kubernetes/service_connection.ts";
import { opsTrials } from "../../../lib/checkpoints/s3/operations/mod.ts";
import { clientsOf, type S3Setup, setUp, type Store } from "../../../lib/checkpoints/s3/setup/mod.ts";
import type { TrialRecord } from "../../../lib/checkpoint/trial.ts";
import { disagreements } from "../../checkpoints/s3/s3_tests.ts";
import { lab } from "../live.ts";

const GATEWAY = {
  namespace: "rook-ceph",
  service: "rook-ceph-rgw-storage",
  scheme: "http",
  port: 80,
} as const;

async function ask(...args: string[]): Promise<string> {
  return (await kubectl(lab(), args)).stdout;
}

const signal = new AbortController().signal;

/** The store with the keys that the platform uses, through a port-forward. */
async function labStore(): Promise<Store> {
  const secret = { kind: "Secret", namespace: "data-platform", name: "s3-credentials" };
  const [idKey, secretKey] = ["access-key-id", "secret-access-key"] as const;
  const { data } = JSON.parse(await ask("-n", secret.namespace, "get", "secret", secret.name, "-o", "json"));
  const keys = { accessKeyId: atob(data[idKey]), secretAccessKey: atob(data[secretKey]) };
  const pods = await ask("-n", GATEWAY.namespace, "get", "pods", "-l", "app=rook-ceph-rgw", "-o", "json");
  const [pod] = JSON.parse(pods).items;
  const port = pod.spec.containers[0].ports?.[0]?.containerPort ?? 80;
  const connection = await connectToService(
    { ...GATEWAY, pod: { name: pod.metadata.name, port } },
    { kubeconfig: lab().kubeconfig, timeoutMs: 10_000 },
  );
  const chosen = { secret, idKey, secretKey, keys, kind: "copy", used: true } as const;
  const options = { connection, region: "us-east-1", timeoutMs: 10_000, signal };
  return {
    ...options,
    credentials: [chosen],
    chosen,
    buckets: [],
    elsewhere: [],
    close: () => connection.close(),
  };
}

/** Runs `use` in a scratch scope of the lab's store; everything must be gone after it. */
async function inLab<T>(use: (context: S3Setup) => Promise<T>): Promise<T> {
  const store = await labStore();
  const clients = await clientsOf(store);
  try {
    const { ended, leftovers } = await inScratch(
      async (scratch) =>
        await use(await setUp(scratch, store, clients, { tableLocations: () => Promise.resolve([]) })),
      { undoTimeoutMs: 15_000 },
    );
    if (ended.status === "rejected") throw ended.reason;
    assert.deepEqual(leftovers, []);
    return ended.value;
  } finally {
    clients.destroy();
    await store.close();
  }
}

async function tried(context: S3Setup, ids?: readonly string[]): Promise<TrialRecord[]> {
  const trials = opsTrials.filter(({ id }) => !ids || ids.includes(id));
  return await runTrials(trials, context, { signal, trialTimeoutMs: 20_000, concurrency: 6 });
}

Deno.test("every operation comes to what Ceph RGW 16.2 is known for, twice alike", async () => {
  for (let round = 1; round <= 2; round++) {
    assert.deepEqual(disagreements(await inLab(tried)), [], `round ${round}`);
  }
});

Deno.test("a run leaves no bucket and no upload behind", async () => {
  const { before, after } = await inLab(async (context) => {
    await tried(context, ["s3.put-get", "s3.multipart-too-small", "s3.cors"]);
    const { ListBucketsCommand } = await import("@aws-sdk/client-s3");
    const names = async () => {
      const { Buckets = [] } = await context.undoS3.send(new ListBucketsCommand({}));
      return Buckets.map(({ Name = "" }) => Name).filter((name) => name.includes(context.scratch.id));
    };
    return { before: await names(), after: context.scratch.id };
  });
  assert.equal(before.length, 2);
  await inLab(async ({ undoS3 }) => {
    const { ListBucketsCommand } = await import("@aws-sdk/client-s3");
    const { Buckets = [] } = await undoS3.send(new ListBucketsCommand({}));
    assert.deepEqual(Buckets.filter(({ Name = "" }) => Name.includes(after)), []);
  });
});

Deno.test("a bucket that was deleted half-way makes trials unknown, in words", async () => {
  await inLab(async (context) => {
    const { DeleteBucketCommand, DeleteObjectCommand, ListObjectsV2Command } = await import(
      "@aws-sdk/client-s3"
    );
    const Bucket = context.bucket;
    // The marker of this run is in it.
    const { Contents = [] } = await context.undoS3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await context.undoS3.send(new DeleteObjectCommand({ Bucket, Key }));
    await context.undoS3.send(new DeleteBucketCommand({ Bucket }));
    const records = await tried(context, ["s3.put-get", "s3.list-fresh", "s3.anonymous"]);
    assert.deepEqual(records.map(({ result }) => result), ["unknown", "unknown", "unknown"]);
    for (const { message } of records) {
      assert.match(message, new RegExp(`there is no bucket ${context.bucket}`));
    }
  });
});

Deno.test("a quota that is used up makes writing trials unknown, in words that name it", async () => {
  await inLab(async (context) => {
    const admin = (...args: string[]) =>
      ask(
        "-n",
        "rook-ceph",
        "exec",
        "deploy/rook-ceph-rgw-storage-a",
        "--",
        "radosgw-admin",
        "quota",
        ...args,
      );
    const bucket = ["--quota-scope=bucket", `--bucket=${context.bucket}`];
    try {
      await admin("set", ...bucket, "--max-size=1024");
      await admin("enable", ...bucket);
      const records = await tried(context, ["s3.put-get", "s3.ranges", "s3.multipart"]);
      assert.deepEqual(records.map(({ result }) => result), ["unknown", "unknown", "unknown"]);
      for (const { message } of records) {
        assert.match(message, /a quota of the bucket or of its owner is used up \(403 QuotaExceeded\)/);
      }
    } finally {
      await admin("disable", ...bucket);
    }
  });
});
