import assert from "node:assert/strict";
import {
  measureStore,
  performanceAsked,
  performanceComponent,
  s3Performance,
} from "../../../lib/checkpoints/s3/performance/mod.ts";
import { cellsOf, FULL, type Matrix } from "../../../lib/checkpoints/s3/performance/cells.ts";
import type { LoadRecord, LoadRow, LoadRun } from "../../../lib/load/rows.ts";
import { CannotLook, Interrupted, UsageError } from "../../../lib/engine/errors.ts";
import type { Facts, Judgement } from "../../../lib/engine/model.ts";
import { openWorld } from "../../../lib/engine/world.ts";
import { withFake } from "./operations/fixture.ts";
import { PATIENT_MS, withinLimits } from "../../patience.ts";

const SMALL: Matrix = {
  small: 4096,
  medium: 65_536,
  large: 0,
  upload: 9 * 2 ** 20,
  concurrency: [1, 4],
  keys: 20,
};
const quiet = () => {};

function world(records: LoadRecord[]) {
  const facts: Facts = {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T13:00:00.000Z",
    context: "test",
    namespace: "data-platform",
    sources: { [s3Performance.id]: { ok: true, items: records } },
  };
  return openWorld(facts);
}

function said(records: LoadRecord[], id: string): Judgement {
  const check = performanceComponent.checks.find((one) => one.id === `s3.performance-${id}`);
  const [judgement] = check?.run(world(records)) ?? [];
  assert.ok(judgement);
  return judgement;
}

const tables = (records: LoadRecord[]) => performanceComponent.tables?.(world(records), []) ?? [];

Deno.test("every cell of the matrix is measured, in its time, and all objects are gone afterwards", () =>
  withinLimits([2_000, 6_000, 40_000, PATIENT_MS], async (totalMs) => {
    const lines: string[] = [];
    const records = await withFake(async (context, fake) => {
      const undos: (() => Promise<void>)[] = [];
      const scratch = {
        ...context.scratch,
        undo: (_: string, how: () => Promise<void>) => void undos.push(how),
      };
      const made = await measureStore(
        { ...context, scratch },
        { totalMs, matrix: SMALL },
        (line) => void lines.push(line),
      );
      const bucket = fake.store.buckets.get(context.bucket);
      assert.ok(bucket && bucket.keys.size > 0);
      for (const undo of undos.toReversed()) await undo();
      assert.equal([...bucket.keys.values()].flat().length, 0);
      assert.ok([...bucket.uploads.values()].every(({ ended }) => ended));
      return made;
    });
    const rows = records.filter((record) => record.kind === "row");
    assert.deepEqual(
      rows.map(({ operation, bytes, concurrency }) => ({ operation, bytes, concurrency })),
      cellsOf(SMALL),
    );
    for (const row of rows) {
      assert.deepEqual(row.errors, {}, JSON.stringify(row));
      assert.ok(row.requests > 0 && row.requestsPerS > 0 && row.maxMs >= row.p50Ms, JSON.stringify(row));
    }
    assert.ok(lines.some((line) => /GET 4 KiB × 4, round 2 of 9/.test(line)));
    assert.equal(said(records, "errors").status, "ok");
    assert.equal(said(records, "budget").reason, "InTime");
    assert.equal(said(records, "baseline").reason, "NoBaseline");
    assert.equal(tables(records)[0]?.rows.length, rows.length);
  }));

Deno.test("a store that gives other bytes is not measured", async () => {
  const going = withFake(async (context, fake) => {
    const raw = {
      ...context.raw,
      send: async (request: Parameters<typeof context.raw.send>[0]) => {
        const reply = await context.raw.send(request);
        if (request.method === "GET" && reply.bytes[7] !== undefined) reply.bytes[7] ^= 1;
        return reply;
      },
    };
    assert.ok(fake);
    await measureStore({ ...context, raw }, { totalMs: 2000, matrix: SMALL }, quiet);
  });
  await assert.rejects(
    going,
    (error) => error instanceof CannotLook && /not what was written/.test(error.message),
  );
});

Deno.test("Ctrl-C in the middle ends it with Interrupted, and what was made is registered", async () => {
  const interruption = new AbortController();
  const undos: string[] = [];
  await assert.rejects(
    withFake(async (context) => {
      const scratch = { ...context.scratch, undo: (what: string) => void undos.push(what) };
      await measureStore(
        { ...context, scratch },
        { totalMs: PATIENT_MS, matrix: { ...SMALL, upload: 0 } },
        (line) => /round/.test(line) && interruption.abort(new Interrupted("interrupted")),
      );
    }, { signal: interruption.signal }),
    Interrupted,
  );
  assert.deepEqual(undos, ["objects below lakecheck-scratch-test/performance/"]);
});

Deno.test("a baseline is refused before anything is measured", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "{}");
  try {
    await withFake(async (context, fake) => {
      await assert.rejects(
        measureStore(context, { totalMs: 2000, baseline: path, matrix: SMALL }, quiet),
        UsageError,
      );
      assert.deepEqual(fake.heard, []);
    });
  } finally {
    await Deno.remove(path);
  }
});

const row = (operation: string, more: Partial<LoadRow> = {}): LoadRow => ({
  kind: "row",
  operation,
  bytes: 4096,
  concurrency: 8,
  requests: 1000,
  requestsPerS: 100,
  bytesPerS: 409_600,
  p50Ms: 1,
  p90Ms: 2,
  p95Ms: 3,
  p99Ms: 4,
  maxMs: 5,
  errors: {},
  firstErrors: [],
  rounds: [98, 99, 100, 101, 102, 100, 99, 101, 100],
  spread: 0.04,
  ...more,
});
const run: LoadRun = {
  kind: "run",
  startedAt: "2026-11-21T13:00:00.000Z",
  tookMs: 40_000,
  store: "http://rgw",
  way: "direct",
  wayWords: "at the Service's own address, 10.0.0.1:80",
  missed: [],
};
const before = (rows: LoadRow[]): LoadRecord => ({
  kind: "baseline",
  takenAt: "2026-11-01T00:00:00.000Z",
  rows,
});
const slowed = (factor: number) => row("GET", { rounds: row("GET").rounds.map((rate) => rate * factor) });

const cases: [string, string, LoadRecord[], string, string, RegExp][] = [
  ["nothing asked", "budget", [], "skipped", "NotAsked", /--performance/],
  ["all in time", "budget", [run, row("GET")], "ok", "InTime", /longest, of GET 4 KiB × 8, took 5.0 ms/],
  [
    "one late operation",
    "budget",
    [run, row("GET"), row("PUT", { maxMs: 6100 })],
    "warning",
    "TooSlow",
    /PUT 4 KiB × 8 took up to 6.1 s/,
  ],
  [
    "many late operations",
    "budget",
    [run, row("PUT", { p99Ms: 5500, maxMs: 6100 })],
    "critical",
    "TooSlow",
    /1 of 1/,
  ],
  [
    "operations without an answer",
    "budget",
    [run, row("PUT", { errors: { timeout: 50 } })],
    "critical",
    "TooSlow",
    /50 were ended/,
  ],
  [
    "time that ran out",
    "budget",
    [{ ...run, missed: [row("LIST")] }, row("GET")],
    "unknown",
    "NotMeasured",
    /LIST/,
  ],
  [
    "a few SlowDowns",
    "errors",
    [run, row("PUT", { errors: { SlowDown: 3 }, firstErrors: ["HTTP 503 SlowDown"] })],
    "warning",
    "SlowDown",
    /3 of 1,003.*slow down/,
  ],
  [
    "many SlowDowns",
    "errors",
    [run, row("PUT", { errors: { SlowDown: 300 } })],
    "critical",
    "SlowDown",
    /300/,
  ],
  [
    "a broken operation",
    "errors",
    [run, row("PUT", { errors: { "HTTP 500": 1 }, firstErrors: ["gave HTTP 500"] })],
    "critical",
    "FailsUnderLoad",
    /gave HTTP 500/,
  ],
  ["the same speed", "baseline", [run, row("GET"), before([row("GET")])], "ok", "Same", /but for noise/],
  [
    "a slower store",
    "baseline",
    [run, slowed(0.5), before([row("GET")])],
    "warning",
    "Slower",
    /GET 4 KiB × 8 0.50 × \(noise 0.91 to 1.10\)/,
  ],
  ["a faster store", "baseline", [run, slowed(2), before([row("GET")])], "ok", "Faster", /faster: GET/],
  [
    "too few rounds",
    "baseline",
    [run, row("GET", { rounds: [100] }), before([row("GET")])],
    "unknown",
    "NotComparable",
    /too few rounds/,
  ],
  [
    "a baseline that was not saved",
    "baseline",
    [run, { kind: "unsaved", why: "operations failed" }],
    "warning",
    "BaselineNotSaved",
    /operations failed/,
  ],
];
for (const [what, id, records, status, reason, words] of cases) {
  Deno.test(`${id}: ${what} is ${status}, ${reason}`, () => {
    const judged = said(records, id);
    assert.deepEqual([judged.status, judged.reason], [status, reason], judged.message);
    assert.match(judged.message, words);
  });
}

Deno.test("numbers of a tunnel are called that, in the table and in the budget", () => {
  const tunnel: LoadRun = {
    ...run,
    way: "port-forward",
    wayWords: "through a port-forward to Pod rook-ceph/rgw-a",
  };
  assert.match(tables([tunnel, row("GET")])[0]?.title ?? "", /numbers of the tunnel, not those of the store/);
  assert.match(said([tunnel, row("GET")], "budget").evidence ?? "", /numbers of the tunnel/);
  assert.doesNotMatch(tables([run, row("GET")])[0]?.title ?? "", /tunnel/);
});

Deno.test("the comparison is a table of its own", () => {
  const [, compared] = tables([run, slowed(0.5), before([row("GET")])]);
  assert.deepEqual(compared?.rows.map((cells) => cells.at(-1)), ["slower"]);
  assert.equal(compared?.rows[0]?.length, compared?.columns.length);
});

Deno.test("a baseline implies measuring; a time alone does not, and a short one is refused", () => {
  assert.equal(performanceAsked(new Map()), undefined);
  assert.equal(performanceAsked(new Map([["performance", "true"]]))?.totalMs, 40_000);
  assert.equal(performanceAsked(new Map([["baseline", "b.json"]]))?.baseline, "b.json");
  assert.throws(() => performanceAsked(new Map([["performance-time", "20s"]])), UsageError);
  assert.throws(
    () => performanceAsked(new Map([["performance", "true"], ["performance-time", "1s"]])),
    UsageError,
  );
});

Deno.test("the full matrix has no cell twice, and none of 16 MiB with 32 workers", () => {
  const cells = cellsOf(FULL);
  assert.equal(new Set(cells.map((cell) => JSON.stringify(cell))).size, cells.length);
  assert.ok(cells.every(({ bytes, concurrency }) => bytes < 2 ** 24 || concurrency <= 8));
});
