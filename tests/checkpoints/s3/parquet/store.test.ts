import assert from "node:assert/strict";
import type { S3Context } from "../../../../lib/checkpoints/s3/context.ts";
import { formatTrials } from "../../../../lib/checkpoints/s3/parquet/mod.ts";
import { enginesOf } from "../../../../lib/checkpoints/s3/parquet/engines.ts";
import { Ended } from "../../../../lib/checkpoint/expect.ts";
import { fileStore, rangeOf } from "../../../../lib/checkpoints/s3/parquet/store.ts";
import { scratchBelow } from "../../../../lib/checkpoints/s3/scratch/own_place.ts";
import { runTrials } from "../../../../lib/checkpoint/run_trials.ts";
import { inScratch, type Scratch } from "../../../../lib/checkpoint/scratch.ts";
import type { RawReply, RawRequest } from "../../../../lib/clients/s3/client.ts";
import { CannotLook } from "../../../../lib/engine/errors.ts";
import { PATIENT_MS } from "../../../patience.ts";

const PLACE = scratchBelow("b", ".lakecheck-scratch/20261121t1305z-4f1c/");

/** A command of the SDK, by its class and what it was made with. */
interface Sent {
  constructor: { name: string };
  input: { Key?: string; Body?: Uint8Array; PartNumber?: number; Range?: string };
}

/** A store in memory that speaks to the SDK's commands and to raw requests, and says what it was asked. */
function memory(scratch: Scratch, ownBucket: boolean) {
  const objects = new Map<string, Uint8Array>();
  const parts = new Map<number, Uint8Array>();
  const asked: string[] = [];
  const send = ({ constructor, input: { Key = "", Body = new Uint8Array(), PartNumber = 0 } }: Sent) => {
    asked.push(`${constructor.name} ${Key}`);
    if (constructor.name === "PutObjectCommand") objects.set(Key, Body.slice());
    if (constructor.name === "UploadPartCommand") parts.set(PartNumber, Body.slice());
    if (constructor.name === "CompleteMultipartUploadCommand") {
      const whole = [...parts.keys()].sort((a, b) => a - b).flatMap((one) => parts.get(one) ?? []);
      objects.set(Key, new Uint8Array(whole.flatMap((one) => [...one])));
    }
    if (constructor.name === "DeleteObjectCommand") objects.delete(Key);
    return Promise.resolve({ UploadId: "upload", ETag: `"${PartNumber}"` });
  };
  const raw = {
    presign: () => Promise.reject(new Error("not here")),
    send: ({ key = "", headers }: RawRequest) => Promise.resolve(answer(objects.get(key), headers?.range)),
  };
  const sdk = { send } as unknown as S3Context["s3"];
  const context = {
    scratch,
    ownBucket,
    place: PLACE,
    bucket: PLACE.bucket,
    prefix: PLACE.prefix,
    s3: sdk,
    undoS3: sdk,
    raw,
  } as unknown as S3Context;
  return { context, objects, asked };
}

function answer(bytes: Uint8Array | undefined, range?: string): RawReply {
  const [, from = "0", to = "0"] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const part = range ? bytes?.slice(Number(from), Number(to) + 1) : bytes;
  const headers = new Headers(range ? { "content-range": `bytes ${from}-${to}/${bytes?.length}` } : {});
  return said(bytes ? range ? 206 : 200 : 404, part, headers);
}

function said(status: number, bytes: Uint8Array = new Uint8Array(), headers = new Headers()): RawReply {
  return { status, headers, bytes: new Uint8Array(bytes), text: () => "", asked: {} as RawReply["asked"] };
}

const replying = (reply: RawReply) => ({
  raw: { send: () => Promise.resolve(reply), presign: () => Promise.reject(new Error("not here")) },
});

Deno.test("what is put comes back whole and by ranges, below the part's own prefix", async () => {
  await inScratch(async (scratch) => {
    const { context, objects } = memory(scratch, true);
    const store = fileStore(context, "format");
    await store.put("a.parquet", Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual([...objects.keys()], [`${PLACE.prefix}format/a.parquet`]);
    assert.equal(store.place("a.parquet"), `s3://b/${PLACE.prefix}format/a.parquet`);
    assert.deepEqual(await store.get("a.parquet"), Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(await store.range("a.parquet", 1, 3), Uint8Array.of(2, 3));
  }, { undoTimeoutMs: PATIENT_MS });
});

Deno.test("parts arrive in their order, and an upload that did not complete is aborted", async () => {
  let made: ReturnType<typeof memory> | undefined;
  const { leftovers } = await inScratch(async (scratch) => {
    made = memory(scratch, true);
    const store = fileStore(made.context, "format");
    assert.equal(await store.putParts("whole", Uint8Array.of(1, 2, 3, 4, 5), 2), 3);
    assert.deepEqual(await store.get("whole"), Uint8Array.of(1, 2, 3, 4, 5));
    const { s3 } = made.context;
    const failing = {
      send: (one: Sent) =>
        one.constructor.name === "UploadPartCommand"
          ? Promise.reject(new CannotLook({ kind: "timeout", message: "late" }))
          : s3.send(one as never),
    };
    const broken = fileStore({
      ...made.context,
      s3: failing as unknown as S3Context["s3"],
      session: {} as S3Context["session"],
    }, "format");
    await assert.rejects(broken.putParts("half", Uint8Array.of(1, 2, 3), 2));
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(leftovers, []);
  assert.deepEqual(made?.asked.filter((one) => one.startsWith("Abort")), [
    `AbortMultipartUploadCommand ${PLACE.prefix}format/half`,
  ]);
});

Deno.test("in a bucket of others every object is deleted again; its own bucket is emptied by who made it", async () => {
  for (const ownBucket of [false, true]) {
    let made: ReturnType<typeof memory> | undefined;
    await inScratch(async (scratch) => {
      made = memory(scratch, ownBucket);
      await fileStore(made.context, "format").put("a", Uint8Array.of(1));
      await fileStore(made.context, "format").putParts("b", Uint8Array.of(1), 1);
    }, { undoTimeoutMs: PATIENT_MS });
    assert.equal(made?.objects.size, ownBucket ? 2 : 0);
  }
});

Deno.test("a range that is ignored, cut, or another one is told as such", async () => {
  const range = (reply: RawReply) => rangeOf(replying(reply), "b", "k", 2, 4);
  const told = (value: string) => new Headers({ "content-range": value });
  const wrong: [RawReply, string][] = [
    [said(200, Uint8Array.of(0, 1, 2, 3, 4)), "RangeIgnored"],
    [said(206, Uint8Array.of(2), told("bytes 2-3/5")), "WrongRange"],
    [said(206, Uint8Array.of(2, 3), told("bytes 3-4/5")), "WrongRange"],
    [said(206, Uint8Array.of(2, 3)), "WrongRange"],
    [said(404), "FileMissing"],
    [said(416), "NotReadable"],
  ];
  for (const [reply, reason] of wrong) {
    await assert.rejects(
      range(reply),
      (error) => error instanceof Ended && error.outcome.reason === reason,
    );
  }
  assert.deepEqual(await range(said(206, Uint8Array.of(2, 3), told("bytes 2-3/5"))), Uint8Array.of(2, 3));
  for (const status of [401, 403, 500, 503]) await assert.rejects(range(said(status)), CannotLook);
});

Deno.test("the engines are opened once for a scratch scope, and their directory goes with it", async () => {
  let directory = "";
  const { leftovers } = await inScratch(async (scratch) => {
    const [one, other] = await Promise.all([enginesOf({ scratch }), enginesOf({ scratch })]);
    assert.equal(one, other);
    directory = one.duckdb.directory;
    assert.ok(Deno.statSync(directory).isDirectory);
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(leftovers, []);
  assert.throws(() => Deno.statSync(directory), Deno.errors.NotFound);
});

Deno.test("every trial of the format holds on a store that does what it must", async () => {
  const { ended, leftovers } = await inScratch(async (scratch) => {
    const { signal } = new AbortController();
    return await runTrials(formatTrials, memory(scratch, false).context, {
      signal,
      trialTimeoutMs: PATIENT_MS,
      concurrency: 8,
    });
  }, { undoTimeoutMs: PATIENT_MS });
  assert.deepEqual(leftovers, []);
  assert.ok(ended.status === "fulfilled", String(ended.status === "rejected" && ended.reason.stack));
  const others = ended.value.filter(({ result }) => result !== "passed").map(({ trial, reason }) =>
    `${trial} ${reason}`
  );
  assert.deepEqual(others, ["s3.format-types NoSuchType", "s3.format-layout NotApplicable"]);
});
