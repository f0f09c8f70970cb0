import assert from "node:assert/strict";
import { type Cell, measure } from "../../lib/load/measure.ts";
import { inFakeTime } from "../fakes/time.ts";

/** A test in time of its own. */
const timed = (name: string, test: () => Promise<void>) => Deno.test(name, () => inFakeTime(test));

const signal = new AbortController().signal;
const options = { rounds: 3, totalMs: 600, timeoutMs: 1000, signal };
const pause = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(100), ms));
const cell = (operation: string, more: Partial<Cell> = {}): Cell => ({
  operation,
  bytes: 100,
  concurrency: 2,
  run: () => pause(4),
  ...more,
});

timed("each cell is measured once a round, in turn", async () => {
  const lines: string[] = [];
  const { rows, missed } = await measure([cell("A"), cell("B")], {
    ...options,
    say: (line) => void lines.push(line),
  });
  assert.deepEqual(lines.map((line) => line.replace(/ 100 B × 2/, "")), [
    "A, round 1 of 3",
    "B, round 1 of 3",
    "A, round 2 of 3",
    "B, round 2 of 3",
    "A, round 3 of 3",
    "B, round 3 of 3",
  ]);
  assert.deepEqual(rows.map(({ operation, rounds }) => [operation, rounds.length]), [["A", 3], ["B", 3]]);
  assert.deepEqual(missed, []);
});

timed("all of it keeps to its time, whatever the cells do", async () => {
  const began = performance.now();
  await measure([
    cell("fast"),
    cell("slow", { run: () => pause(150) }),
    cell("even", { run: () => Promise.resolve(1) }),
  ], options);
  const took = performance.now() - began;
  assert.ok(took > 450 && took < 1000, `${took} ms`);
});

timed("a cell for which time ran out is missed by name, not measured badly", async () => {
  const { rows, missed } = await measure(
    [cell("stuck", { run: () => pause(700) }), cell("after")],
    { ...options, totalMs: 300 },
  );
  assert.deepEqual(rows.map(({ operation }) => operation), ["stuck"]);
  assert.deepEqual(missed, [{ operation: "after", bytes: 100, concurrency: 2 }]);
});

timed("numbers go on from round to round, unless the cell restarts", async () => {
  const seen: Record<string, number[]> = { on: [], again: [] };
  const note = (name: string) => (i: number) => {
    seen[name]?.push(i);
    return pause(3);
  };
  const most = () => ({ requests: 10 });
  await measure([
    cell("on", { run: note("on"), most }),
    cell("again", { run: note("again"), most, restart: true }),
  ], options);
  assert.equal(new Set(seen.on).size, 30);
  assert.equal(new Set(seen.again).size, 10);
  assert.equal(seen.again?.length, 30);
});

timed("a cell can take up what another left, and a round without anything to take is left out", async () => {
  let made = 0;
  const taken: number[] = [];
  const maker = cell("make", { most: () => ({ requests: 8 }), ended: ({ begun }) => void (made += begun) });
  const taker = cell("take", {
    most: () => ({ requests: made }),
    run: (i) => pause(1).finally(() => taken.push(i)),
    ended: () => void (made = 0),
  });
  const { rows } = await measure([maker, taker], options);
  assert.equal(taken.length, 24);
  assert.equal(rows.length, 2);
  const none = await measure([cell("none", { most: () => ({ requests: 0 }) })], options);
  assert.deepEqual(none.missed.map(({ operation }) => operation), ["none"]);
});

timed("a row says medians and spread of its rounds, and percentiles of all of them", async () => {
  let round = 0;
  const waits = [10, 20, 40];
  const { rows: [row] } = await measure([cell("GET", {
    concurrency: 1,
    run: () => pause(waits[round] ?? 0),
    most: () => ({ requests: 5 }),
    ended: () => void round++,
  })], options);
  assert.ok(row);
  assert.equal(row.requests, 15);
  assert.ok(
    row.rounds[0] && row.rounds[1] && row.rounds[2] && row.rounds[0] > row.rounds[1] &&
      row.rounds[1] > row.rounds[2],
  );
  assert.equal(row.requestsPerS, row.rounds[1]);
  assert.ok(row.p50Ms >= 20 && row.p50Ms < 30, `${row.p50Ms}`);
  assert.ok(row.maxMs >= 40 && row.spread > 1);
});
