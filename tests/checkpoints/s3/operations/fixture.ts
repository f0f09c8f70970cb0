/** What the tests of the operation trials share: a context on a fake S3, and one trial tried on it. */
import assert from "node:assert/strict";
import { runTrials } from "../../../../lib/checkpoint/run_trials.ts";
import { inScratch } from "../../../../lib/checkpoint/scratch.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3 } from "../../../../lib/clients/s3/client.ts";
import type { S3Context } from "../../../../lib/checkpoints/s3/context.ts";
import { opsTrials } from "../../../../lib/checkpoints/s3/operations/mod.ts";
import {
  type OwnBucket,
  provenBucket,
  scratchBelow,
} from "../../../../lib/checkpoints/s3/scratch/own_place.ts";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import { emptyBucket, FAKE_KEYS, type FakeOptions, type FakeS3, fakeS3 } from "../../../fakes/s3/mod.ts";
import { PATIENT_MS } from "../../../patience.ts";

const BUCKET = "lakecheck-scratch-test";
/** A prefix in a bucket of others. */
const PREFIX = ".lakecheck-scratch/20261121t1305z-4f1c/";

/** Gives `use` a context whose store is a fake that is wrong in these ways. */
export async function withFake<T>(
  use: (context: S3Context, fake: FakeS3) => Promise<T>,
  { ownBucket = true, signal = new AbortController().signal, ...options }: FakeOptions & {
    ownBucket?: boolean;
    signal?: AbortSignal;
  } = {},
): Promise<T> {
  const fake = fakeS3(options);
  const connection = givenConnection("--url", fake.url, options.tls?.ca);
  const timeoutMs = PATIENT_MS;
  const base = { connection, keys: FAKE_KEYS, region: "us-east-1", timeoutMs };
  const [s3, defaults, undoS3] = await Promise.all([
    openS3({ ...base, signal }),
    openS3({ ...base, signal, checksums: "WHEN_SUPPORTED" }),
    openS3(base),
  ]);
  const own = async (bucket: string): Promise<OwnBucket> => {
    fake.store.buckets.set(bucket, emptyBucket(bucket));
    const made = await provenBucket(bucket, () => Promise.resolve(true));
    assert.ok(made);
    return made;
  };
  if (!ownBucket) fake.store.buckets.set(BUCKET, emptyBucket(BUCKET));
  const place = ownBucket ? await own(BUCKET) : scratchBelow(BUCKET, PREFIX);
  try {
    const { ended } = await inScratch((scratch) =>
      use({
        scratch,
        connection,
        region: base.region,
        endpoint: connection.url,
        s3,
        defaults,
        undoS3,
        raw: rawS3({ ...base, signal }),
        place,
        bucket: BUCKET,
        ownBucket,
        prefix: place.prefix,
        makeBucket(purpose) {
          assert.ok(ownBucket, "no bucket may be made");
          return own(`${BUCKET}-${purpose}`);
        },
        timeoutMs,
        signal,
        session: base,
      }, fake), { undoTimeoutMs: PATIENT_MS });
    if (ended.status === "rejected") throw ended.reason;
    return ended.value;
  } finally {
    for (const client of [s3, defaults, undoS3]) client.destroy();
    await connection.close();
    await fake.close();
  }
}

/** Tries these trials, and those that they need, on the context. */
export async function tried(context: S3Context, ids?: readonly string[]): Promise<TrialRecord[]> {
  const wanted = new Set(ids ?? opsTrials.map(({ id }) => id));
  for (const id of wanted) for (const needed of trialOf(id).needs ?? []) wanted.add(needed);
  const trials = opsTrials.filter(({ id }) => wanted.has(id));
  const { signal } = context;
  return await runTrials(trials, context, { signal, trialTimeoutMs: PATIENT_MS, concurrency: 6 });
}

export function trialOf(id: string) {
  const found = opsTrials.find((trial) => trial.id === id);
  assert.ok(found, `no trial ${id}`);
  return found;
}
