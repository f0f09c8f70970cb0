import assert from "node:assert/strict";
import type { S3Client } from "@aws-sdk/client-s3";
import { inScratch, type Scratch } from "../../../../lib/checkpoint/scratch.ts";
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { openS3, rawS3 } from "../../../../lib/clients/s3/client.ts";
import { s3Checkpoint } from "../../../../lib/checkpoints/s3/checkpoint.ts";
import { commandOf } from "../../../../lib/checkpoint/next_steps.ts";
import { type Clients, type S3Setup, setUp, type Store } from "../../../../lib/checkpoints/s3/setup/mod.ts";
import { setupTrials } from "../../../../lib/checkpoints/s3/setup/trials.ts";
import { GRACE_MS, LEASE_MS, markerText } from "../../../../lib/checkpoint/scratch_marker.ts";
import type { Outcome } from "../../../../lib/checkpoint/trial.ts";
import { type TestTime, testTime } from "../../../fakes/clock.ts";
import { emptyBucket, FAKE_KEYS, type FakeOptions, type FakeS3, fakeS3 } from "../../../fakes/s3/mod.ts";
import { PATIENT_MS } from "../../../patience.ts";

const expectedMs = (wanted: object) => s3Checkpoint.limits({ region: "us-east-1", ...wanted }).expectedMs;

/** The command of a record's step. */
function commandAt(record: Outcome | undefined, at: number): string {
  const step = record?.next?.[at];
  return step ? commandOf(step) ?? "" : "";
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MARKER = "lakecheck-run.json";
const OLD = "20200101t0000z-abcd0123";

interface Machine {
  /** Begins a run: makes and marks its place, and sweeps. */
  begin(scratch: Scratch): Promise<S3Setup>;
}

interface Stand {
  fake: FakeS3;
  time: TestTime;
  machine: Machine;
  /** The same, of a user who may make no bucket. */
  poor: Machine;
  put(bucket: string, key: string, text: string): Promise<void>;
  /** `bucket/key` of all that is there, without the markers of runs. */
  all(): string[];
}

async function withStore(
  use: (stand: Stand) => Promise<void>,
  options: FakeOptions & { spoil?: (line: string) => boolean } = {},
): Promise<void> {
  const time = testTime();
  // The SDK corrects its clock by the store's, which here runs on by itself.
  const quirks = ["ignores-clock", ...options.quirks ?? []] as const;
  const fake = fakeS3({ now: time.now, ...options, quirks });
  fake.store.buckets.set("lake", emptyBucket("lake"));
  const connection = givenConnection("--endpoint", fake.url);
  const base = { connection, region: "us-east-1", timeoutMs: PATIENT_MS, keys: FAKE_KEYS };
  const { signal } = new AbortController();
  const client = await openS3(base);
  const poorS3 = {
    send(command: { constructor: { name: string } }) {
      const wrong = command.constructor.name === "CreateBucketCommand";
      return (wrong ? stranger : client).send(command as never);
    },
  } as unknown as S3Client;
  const stranger = await openS3({ ...base, keys: { ...FAKE_KEYS, secretAccessKey: "wrong" } });
  const store: Store = {
    ...{ ...base, signal, elsewhere: [], credentials: [], buckets: [{ name: "lake", via: "a claim" }] },
    close: () => Promise.resolve(),
  };
  const machineOf = (undoS3: S3Client): Machine => ({
    begin(scratch) {
      const clients: Clients = {
        ...{ s3: client, undoS3, defaults: client, raw: rawS3(base), session: base, destroy: () => {} },
      };
      return setUp(scratch, store, clients, { tableLocations: () => Promise.resolve([]) });
    },
  });
  try {
    await use({
      ...{ fake, time, machine: machineOf(client), poor: machineOf(poorS3) },
      async put(bucket, key, text) {
        if (!fake.store.buckets.has(bucket)) fake.store.buckets.set(bucket, emptyBucket(bucket));
        await rawS3(base).send({ method: "PUT", bucket, key, body: new TextEncoder().encode(text) });
      },
      all: () =>
        [...fake.store.buckets.values()].flatMap(({ name, keys }) =>
          [...keys.keys()].map((key) => `${name}/${key}`)
        )
          .filter((path) => !path.endsWith(MARKER)).sort(),
    });
  } finally {
    client.destroy();
    stranger.destroy();
    await connection.close();
    await fake.close();
  }
}

/** Runs `use` as a run, with time that passes only when it is told to. `others`: reasons of leftovers that may come. */
async function run<T>(
  time: TestTime,
  use: (scratch: Scratch) => Promise<T>,
  { others = [] }: { others?: readonly string[] } = {},
): Promise<T> {
  const { ended, leftovers } = await inScratch(use, {
    ...{ undoTimeoutMs: PATIENT_MS, clock: time.clock, now: time.now },
  });
  if (ended.status === "rejected") throw ended.reason;
  assert.deepEqual(leftovers.filter(({ reason }) => !others.includes(reason ?? "")), []);
  return ended.value;
}

/** A scope that is never ended: a run that was killed, whose marker nobody renews. */
function killed(time: TestTime, leaseMs = LEASE_MS): Scratch {
  const [id = ""] = [time.now().toISOString().slice(0, 16).replace(/[-:]/g, "").toLowerCase()];
  return { id: `${id}z-dead0000`, leaseMs: () => leaseMs, undo: () => {}, renew: () => {} };
}

const states = ({ swept }: S3Setup) =>
  swept.places.map(({ place, state }) => `${place.bucket} ${state}`).sort();

async function told(setup: S3Setup): Promise<Outcome[]> {
  const sweep = setupTrials.find(({ id }) => id === "s3.sweep");
  assert.ok(sweep);
  return [await sweep.run(setup)].flat();
}

Deno.test("a run that waits an hour is left alone by one that begins meanwhile, on a machine an hour off", async () => {
  await withStore(async ({ time, machine, fake }) => {
    const expected = expectedMs({ lifecycleWaitMs: HOUR_MS });
    // Nothing renews its marker: what it said when it began is enough.
    const waiting = await machine.begin(killed(time, expected + LEASE_MS));
    await waiting.makeBucket("lifecycle");
    for (const minutes of [1, 4, 56]) {
      await time.pass(minutes * MINUTE_MS);
      const wrong = { now: () => new Date(time.now().getTime() + HOUR_MS) };
      const { ended } = await inScratch((scratch) => machine.begin(scratch), {
        undoTimeoutMs: PATIENT_MS,
        ...wrong,
      });
      assert.ok(ended.status === "fulfilled");
      assert.deepEqual(states(ended.value), [
        `${waiting.bucket} live`,
        `${waiting.bucket}-lifecycle live`,
      ]);
      const [said] = await told(ended.value);
      assert.equal(said?.result, "passed");
      assert.match(
        said?.message ?? "",
        /^nothing was left; left alone what other runs are using: .* min at most\)$/,
      );
    }
    assert.ok(fake.store.buckets.has(waiting.bucket));
  });
});

Deno.test("what flags ask a run to wait and to measure is in its marker from the first moment", () => {
  assert.ok(expectedMs({}) >= 5 * MINUTE_MS);
  const all = expectedMs({ lifecycleWaitMs: HOUR_MS, measuring: { totalMs: HOUR_MS } });
  assert.equal(all - expectedMs({}), 2 * HOUR_MS);
});

Deno.test("a run that takes longer than it thought renews its marker, and is swept only after it was killed", async () => {
  await withStore(async ({ time, machine, fake }) => {
    const look = () => run(time, (scratch) => machine.begin(scratch).then(states));
    let long = "";
    await run(time, async (scratch) => {
      const setup = await machine.begin(scratch);
      long = setup.bucket;
      await time.pass(3 * HOUR_MS);
      assert.deepEqual(await look(), [`${long} live`]);
      // It is killed: its undoing never happens, for its bucket is kept from it.
      const kept = fake.store.buckets.get(long);
      assert.ok(kept);
      fake.store.buckets.delete(long);
      setTimeout(() => fake.store.buckets.set("kept", { ...kept, name: "kept" }));
    });
    const kept = fake.store.buckets.get("kept");
    assert.ok(kept);
    fake.store.buckets.delete("kept");
    fake.store.buckets.set(long, kept);
    await time.pass(LEASE_MS + GRACE_MS - 2 * MINUTE_MS);
    assert.deepEqual(await look(), [`${long} live`]);
    await time.pass(3 * MINUTE_MS);
    assert.deepEqual(await look(), [`${long} removed`]);
    assert.deepEqual([...fake.store.buckets.keys()], ["lake"]);
  });
});

Deno.test("what killed runs left is removed as a whole, their buckets and their prefixes, and nothing beside it", async () => {
  await withStore(async ({ time, machine, poor, put, all, fake }) => {
    const dead = await machine.begin(killed(time));
    await dead.makeBucket("more");
    await put(dead.bucket, "a/b", "x");
    const below = await poor.begin({ ...killed(time), id: `${dead.scratch.id.slice(0, -1)}1` });
    await put("lake", `${below.prefix}a`, "x");
    const kept = ["lake/.lakecheck-scratch/notes.txt", "lake/warehouse/orders/1.parquet"];
    for (const path of kept) await put("lake", path.slice("lake/".length), "x");
    await time.pass(LEASE_MS + GRACE_MS + MINUTE_MS);
    const setup = await run(time, (scratch) => machine.begin(scratch));
    assert.deepEqual(states(setup), [
      "lake removed",
      `${dead.bucket} removed`,
      `${dead.bucket}-more removed`,
    ]);
    assert.deepEqual(all(), kept);
    assert.deepEqual([...fake.store.buckets.keys()], ["lake"]);
    assert.match(
      (await told(setup))[0]?.message ?? "",
      /^removed what earlier runs left: .*lakecheck-scratch-\S+-more/,
    );
  });
});

/** Texts of markers in a bucket that has our name; none of them may have it deleted, at whatever age. */
const FOREIGN: Record<string, string | undefined> = {
  "none": undefined,
  "empty": "",
  "no JSON": "hello",
  "of another tool": JSON.stringify({ owner: "terraform", until: "2020-01-01" }),
  "of another run": markerText("20200101t0000z-abcd0124", "ci", 1000),
  "the end in the year 9999": markerText(OLD, "ci", 1000).replace(":1}", ":253402300799}"),
  "negative": markerText(OLD, "ci", 1000).replace(":1}", ":-1}"),
  "with one field more": markerText(OLD, "ci", 1000).replace("}", ',"until":1}'),
  "very long": markerText(OLD, "ci", 1000) + " ".repeat(100_000),
  "of a later version": markerText(OLD, "ci", 1000).replace('version":1', 'version":2'),
};

for (const [what, text] of Object.entries(FOREIGN)) {
  Deno.test(`a bucket and a prefix with our name and a marker that is foreign (${what}) are told, and kept`, async () => {
    await withStore(async ({ time, machine, put, all }) => {
      const bucket = `lakecheck-scratch-${OLD}`;
      await put(bucket, "theirs", "x");
      await put("lake", `.lakecheck-scratch/${OLD}/theirs`, "x");
      if (text !== undefined) {
        await put(bucket, MARKER, text);
        await put("lake", `.lakecheck-scratch/${OLD}/${MARKER}`, text);
      }
      await time.pass(365 * 24 * HOUR_MS, 24 * HOUR_MS);
      await run(time, async (scratch) => {
        const setup = await machine.begin(scratch);
        assert.deepEqual(states(setup), ["lake unclear", `${bucket} unclear`]);
        const [first, second] = await told(setup);
        assert.deepEqual([first?.result, first?.reason], ["failed", "OwnerUnknown"]);
        assert.match(first?.message ?? "", new RegExp(`^${bucket} was left alone: it has .*marker`));
        assert.match(commandAt(first, 0), new RegExp(`s3 ls --recursive s3://${bucket}/$`));
        assert.match(commandAt(first, 1), new RegExp(`s3 rb --force s3://${bucket}$`));
        assert.match(
          commandAt(second, 1),
          new RegExp(`s3 rm --recursive s3://lake/.lakecheck-scratch/${OLD}/$`),
        );
      });
      assert.deepEqual(all(), [`lake/.lakecheck-scratch/${OLD}/theirs`, `${bucket}/theirs`]);
    });
  });
}

Deno.test("an empty bucket with our name, of a run that was killed before its marker, is told and kept", async () => {
  await withStore(async ({ time, machine, fake }) => {
    const bucket = `lakecheck-scratch-${OLD}`;
    fake.store.buckets.set(bucket, emptyBucket(bucket));
    await time.pass(24 * HOUR_MS, HOUR_MS);
    const setup = await run(time, (scratch) => machine.begin(scratch));
    assert.deepEqual(states(setup), [`${bucket} unclear`]);
    assert.ok(fake.store.buckets.has(bucket));
  });
});

Deno.test("names that only look like ours are not even told", async () => {
  await withStore(async ({ time, machine, put, all }) => {
    const names = [
      `x${`lakecheck-scratch-${OLD}`}`,
      `lakecheck-scratch-${OLD}0`,
      `lakecheck-scratch-${OLD}_x`,
      `lakecheck-scratch-${OLD}.x`,
      "lakecheck-scratch-of-somebody",
      "lakecheck-scratch-",
    ];
    for (const name of names) {
      await put(name, MARKER, markerText(OLD, "ci", 1000));
      await put(name, "theirs", "x");
    }
    for (
      const folder of [
        `.lakecheck-scratch/${OLD}x/`,
        `a/.lakecheck-scratch/${OLD}/`,
        `.lakecheck-scratchy/${OLD}/`,
      ]
    ) {
      await put("lake", `${folder}${MARKER}`, markerText(OLD, "ci", 1000));
      await put("lake", `${folder}theirs`, "x");
    }
    await time.pass(24 * HOUR_MS, HOUR_MS);
    const before = all();
    const setup = await run(time, (scratch) => machine.begin(scratch));
    assert.deepEqual(states(setup), []);
    assert.deepEqual(all(), before);
    assert.deepEqual((await told(setup)).map(({ message }) => message), ["nothing was left"]);
  });
});

Deno.test("a store that lists what was not asked for loses nothing by being swept", async () => {
  await withStore(async ({ time, poor, put, all }) => {
    const dead = await poor.begin(killed(time));
    await put("lake", `${dead.prefix}a`, "x");
    const kept = [
      "lake/.lakecheck-scratch/20200101t0000z-abcd0123/x",
      "lake/a/.lakecheck-scratch/20200101t0000z-abcd0999/x",
      "lake/warehouse/orders/1.parquet",
    ];
    for (const path of kept) await put("lake", path.slice("lake/".length), "x");
    await time.pass(HOUR_MS);
    const setup = await run(time, (scratch) => poor.begin(scratch), { others: ["ListedOutside"] });
    const swept = setup.swept.places.find(({ run }) => run === dead.scratch.id);
    // All that was its own is gone, and what else the store listed is told.
    assert.ok(swept?.state === "stuck" && swept.reason === "ListedOutside", JSON.stringify(swept));
    assert.deepEqual(all(), kept);
    assert.ok(!setup.swept.places.some(({ run }) => run.endsWith("0999")));
  }, { quirks: ["ignores-delimiter", "ignores-prefix"] });
});

Deno.test("where the store's times can't be relied on nothing is removed, and all is told", async () => {
  for (const date of ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    await withStore(async ({ time, machine, fake }) => {
      const dead = await machine.begin(killed(time));
      await time.pass(24 * HOUR_MS, HOUR_MS);
      await run(time, async (scratch) => {
        const setup = await machine.begin(scratch);
        assert.deepEqual(states(setup), [`${dead.bucket} unclear`], date);
        assert.match(
          (await told(setup))[0]?.message ?? "",
          /it may be in use: this run's own marker could not be read/,
        );
      });
      assert.ok(fake.store.buckets.has(dead.bucket));
    }, { date });
  }
});

Deno.test("a run whose own marker can't be written removes nothing of others, and goes on", async () => {
  await withStore(async ({ time, machine, fake }) => {
    const dead = await machine.begin(killed(time));
    await time.pass(24 * HOUR_MS, HOUR_MS);
    fake.store.quirks.add("quota-exceeded");
    const full = await machine.begin({ ...killed(time), id: "20261121t1305z-0000beef" });
    assert.deepEqual(states(full), [`${dead.bucket} unclear`]);
    assert.match(
      (await told(full))[0]?.message ?? "",
      /may be in use: could not write the marker .*HTTP 403 QuotaE/,
    );
    fake.store.quirks.delete("quota-exceeded");
    assert.ok(fake.store.buckets.has(dead.bucket));
  });
});

Deno.test("a run that had just made its bucket, and one that was just ending, are not told at the end", async () => {
  await withStore(async ({ time, machine, put, fake }) => {
    const [begun, ending] = [`lakecheck-scratch-${OLD}`, `lakecheck-scratch-${OLD.slice(0, -1)}4`];
    fake.store.buckets.set(begun, emptyBucket(begun));
    fake.store.buckets.set(ending, emptyBucket(ending));
    await run(time, async (scratch) => {
      const setup = await machine.begin(scratch);
      assert.deepEqual(states(setup), [`${begun} unclear`, `${ending} unclear`]);
      await put(begun, MARKER, markerText(OLD, "ci", LEASE_MS));
      fake.store.buckets.delete(ending);
      assert.deepEqual((await told(setup)).map(({ result }) => result), ["passed"]);
    });
    assert.ok(fake.store.buckets.has(begun));
  });
});

Deno.test("a run that was only asleep, and renews its marker while it is judged, is left alone", async () => {
  // Of each marker the first reading shows it as it was, and the second as it was renewed meanwhile.
  const read = new Set<string>();
  let now = () => new Date();
  const before: FakeOptions["before"] = (line, { buckets }) => {
    const path = line.split(" ")[1]?.slice(1) ?? "";
    if (!line.startsWith("GET") || !path.endsWith(MARKER) || !path.includes("dead0000")) return;
    const [bucket = "", ...key] = path.split("/");
    const [marker] = buckets.get(bucket)?.keys.get(key.join("/")) ?? [];
    if (read.has(path) && marker) marker.modified = now();
    read.add(path);
  };
  await withStore(async ({ time, machine, poor, put, all }) => {
    now = time.now;
    const asleep = await machine.begin(killed(time));
    await put(asleep.bucket, "a", "x");
    const below = await poor.begin(killed(time));
    await put("lake", `${below.prefix}a`, "x");
    const kept = all();
    read.clear();
    await time.pass(HOUR_MS);
    const setup = await run(time, (scratch) => machine.begin(scratch));
    assert.deepEqual(states(setup), ["lake unclear", `${asleep.bucket} unclear`]);
    assert.deepEqual(all(), kept);
  }, { before });
});

Deno.test("a store that does not let its buckets be listed is not said to be clean", async () => {
  await withStore(async ({ time, machine }) => {
    await run(time, async (scratch) => {
      const setup = await machine.begin(scratch);
      const looked = await told({
        ...setup,
        swept: { places: [], unseen: ["could not list the buckets: HTTP 403"] },
      });
      assert.deepEqual(looked.map(({ result, reason }) => [result, reason]), [["unknown", "NotListed"]]);
    });
  });
});
