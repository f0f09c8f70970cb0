import assert from "node:assert/strict";
import { CreateBucketCommand, CreateMultipartUploadCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { inScratch, type Scratch } from "../../../../lib/checkpoint/scratch.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3 } from "../../../../lib/clients/s3/client.ts";
import { type Clients, type S3Setup, setUp, type Store } from "../../../../lib/checkpoints/s3/setup/mod.ts";
import { commandOf } from "../../../../lib/checkpoint/next_steps.ts";
import { makeBucket, removalStep, scratchBucket } from "../../../../lib/checkpoints/s3/scratch/places.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { emptyBucket, FAKE_KEYS, type FakeS3, fakeS3 } from "../../../fakes/s3/mod.ts";
import { PATIENT_MS } from "../../../patience.ts";

/** Answers some commands by itself, and leaves the others to the store. */
type Instead = (command: unknown) => unknown;

async function withSetup(
  use: (setup: () => Promise<S3Setup>, fake: FakeS3, scratch: Scratch) => Promise<void>,
  instead: Instead = () => undefined,
  mayMake = true,
) {
  const fake = fakeS3();
  fake.store.buckets.set("lake", emptyBucket("lake"));
  const connection = givenConnection("--endpoint", fake.url);
  const { signal } = new AbortController();
  const options = { connection, region: "us-east-1", timeoutMs: PATIENT_MS, keys: FAKE_KEYS };
  const client = await openS3(options);
  const stranger = await openS3({ ...options, keys: { ...FAKE_KEYS, secretAccessKey: "wrong" } });
  const send = (command: unknown) => {
    if (!mayMake && command instanceof CreateBucketCommand) return stranger.send(command);
    const answer = instead(command);
    return answer === undefined ? client.send(command as PutObjectCommand) : Promise.resolve(answer);
  };
  const s3 = { send: async (command: unknown) => await send(command) } as unknown as S3Client;
  const clients: Clients = {
    s3,
    undoS3: mayMake ? client : s3,
    defaults: client,
    raw: rawS3(options),
    session: options,
    destroy: () => {},
  };
  const store: Store = {
    ...options,
    signal,
    elsewhere: [],
    credentials: [],
    buckets: [{ name: "lake", via: "a claim" }],
    close: () => Promise.resolve(),
  };
  try {
    const tableLocations = () => Promise.resolve([]);
    const { ended, leftovers } = await inScratch(
      (scratch) => use(() => setUp(scratch, store, clients, { tableLocations }), fake, scratch),
      { undoTimeoutMs: PATIENT_MS },
    );
    if (ended.status === "rejected") throw ended.reason;
    assert.deepEqual(leftovers, []);
    assert.deepEqual([...fake.store.buckets.keys()].filter((name) => name !== "lake"), []);
    assert.equal(fake.store.buckets.get("lake")?.keys.size, 0);
    const uploads = [...fake.store.buckets.get("lake")?.uploads.values() ?? []];
    assert.deepEqual(uploads.filter(({ ended }) => !ended), []);
  } finally {
    client.destroy();
    stranger.destroy();
    await connection.close();
    await fake.close();
  }
}

const mark = async ({ s3, bucket, prefix }: S3Setup) => {
  const place = { Bucket: bucket, Key: `${prefix}a/b` };
  await s3.send(new PutObjectCommand({ ...place, Body: "x" }));
  await s3.send(new CreateMultipartUploadCommand(place));
};

Deno.test("a bucket is made, and goes again with its objects and open uploads", async () => {
  await withSetup(async (open, fake) => {
    const setup = await open();
    assert.ok(setup.ownBucket && fake.store.buckets.has(setup.bucket));
    await mark(setup);
    const further = await setup.makeBucket("more");
    assert.ok(fake.store.buckets.has(further.bucket));
  });
});

Deno.test("a user who may make no bucket works below a prefix of one that is there, and leaves nothing in it", async () => {
  await withSetup(
    async (open, fake) => {
      const setup = await open();
      assert.deepEqual([setup.ownBucket, setup.bucket, setup.refusal?.code], [
        false,
        "lake",
        "SignatureDoesNotMatch",
      ]);
      assert.match(setup.prefix, /^\.lakecheck-scratch\/\d{8}t\d{4}z-[0-9a-f]{8}\/$/);
      await mark(setup);
      assert.equal(fake.store.buckets.get("lake")?.keys.size, 2);
      await assert.rejects(
        setup.makeBucket("more"),
        (error) =>
          error instanceof CannotLook && error.failure.kind === "forbidden" &&
          /HTTP 403 Sig/.test(error.message),
      );
    },
    undefined,
    false,
  );
});

Deno.test("names of buckets fit, and the command that removes a leftover names it", () => {
  const name = scratchBucket(
    "20261121t1305z-4f1c",
    "a-purpose-that-is-much-too-long-for-the-name-of-a-bucket",
  );
  assert.ok(name.length <= 63 && /[a-z0-9]$/.test(name));
  assert.equal(
    commandOf(removalStep("http://rgw", { bucket: "b", prefix: "" })),
    "aws --endpoint-url http://rgw s3 rb --force s3://b",
  );
  assert.match(
    commandOf(removalStep("http://rgw", { bucket: "b", prefix: "p/" })) ?? "",
    /s3 rm --recursive s3:\/\/b\/p\/$/,
  );
});

Deno.test("a bucket that a store makes after it gave no answer is removed all the same", async () => {
  const fake = fakeS3();
  const connection = givenConnection("--endpoint", fake.url);
  const options = { connection, region: "us-east-1", timeoutMs: PATIENT_MS, keys: FAKE_KEYS };
  const client = await openS3(options);
  const late = (bucket: string) => setTimeout(() => fake.store.buckets.set(bucket, emptyBucket(bucket)), 500);
  const undoS3 = {
    send(command: unknown) {
      if (!(command instanceof CreateBucketCommand)) return client.send(command as PutObjectCommand);
      late(command.input.Bucket ?? "");
      return Promise.reject(new CannotLook({ kind: "timeout", message: "no answer" }));
    },
  } as unknown as S3Client;
  try {
    const { leftovers } = await inScratch(
      (scratch) => makeBucket(scratch, { undoS3, session: options }),
      { undoTimeoutMs: PATIENT_MS },
    );
    assert.deepEqual(leftovers, []);
    assert.deepEqual([...fake.store.buckets.keys()], []);
  } finally {
    client.destroy();
    await connection.close();
    await fake.close();
  }
});
