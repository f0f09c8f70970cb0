import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareRounds,
  compareRows,
  FALSE_ALARMS,
  LEAST_BAND,
} from "../../../lib/checkpoints/load/compare.ts";
import type { LoadRow } from "../../../lib/checkpoints/load/rows.ts";
import { twoSidedT } from "../../../lib/checkpoints/load/students_t.ts";

/** A sequence that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

function rounds(random: () => number, count: number, noise: number, middle = 1000): number[] {
  return Array.from({ length: count }, () => middle * Math.exp(noise * normal(random)));
}

const rates = fc.array(fc.double({ min: 0.5, max: 1e5, noNaN: true }), { minLength: 2, maxLength: 9 });

Deno.test("Student's t is that of the tables", () => {
  const table: [number, number, number][] = [
    [0.95, 1, 12.706],
    [0.95, 2, 4.303],
    [0.95, 8, 2.306],
    [0.99, 4, 4.604],
    [0.99, 8, 3.355],
    [0.998, 8, 4.501],
    [0.99, 30, 2.75],
    [0.5, 1, 1],
  ];
  for (const [probability, freedom, wanted] of table) {
    const got = twoSidedT(probability, freedom);
    assert.ok(Math.abs(got / wanted - 1) < 0.002, `t(${probability}, ${freedom}) is ${got}, not ${wanted}`);
  }
});

Deno.test("the band is symmetric: what is slower one way is faster by the same the other way", () => {
  const opposite = { slower: "faster", same: "same", faster: "slower" } as const;
  fc.assert(fc.property(rates, rates, (then, now) => {
    const [there, back] = [compareRounds(then, now, 0.01), compareRounds(now, then, 0.01)];
    assert.ok(there && back);
    assert.equal(back.change, opposite[there.change]);
    assert.ok(Math.abs(there.ratio * back.ratio - 1) < 1e-9);
    assert.ok(Math.abs(there.band / back.band - 1) < 1e-9);
  }));
});

Deno.test("a run compared with itself is the same", () => {
  fc.assert(fc.property(rates, (some) => assert.equal(compareRounds(some, some, 0.05)?.change, "same")));
});

for (const noise of [0.06, 0.15, 0.5]) {
  for (const count of [3, 5, 9]) {
    Deno.test(`two samples of one distribution are called changed no oftener than claimed: noise ${noise}, ${count} rounds`, () => {
      const random = seeded(count * 1000 + noise * 100);
      const trials = 1500;
      let alarms = 0;
      for (let trial = 0; trial < trials; trial++) {
        const said = compareRounds(rounds(random, count, noise), rounds(random, count, noise), 0.05);
        if (said?.change !== "same") alarms++;
      }
      // Three standard errors of a share of 0.05 in so many trials.
      assert.ok(alarms / trials < 0.05 + 3 * Math.sqrt(0.05 * 0.95 / trials), `${alarms} of ${trials}`);
      // And the claim is not kept by never saying anything.
      const slowed = Array.from(
        { length: 200 },
        () =>
          compareRounds(
            rounds(random, count, noise),
            rounds(random, count, noise, 1000 / 2 ** (count === 3 ? 12 : 6)),
            0.05,
          )?.change,
      );
      assert.ok(slowed.filter((one) => one === "slower").length > 150);
    });
  }
}

Deno.test("runs of unlike noise are called changed no oftener than claimed", () => {
  const random = seeded(7);
  let alarms = 0;
  for (let trial = 0; trial < 1500; trial++) {
    if (compareRounds(rounds(random, 5, 0.4), rounds(random, 5, 0.05), 0.05)?.change !== "same") alarms++;
  }
  assert.ok(alarms / 1500 < 0.067, `${alarms} of 1500`);
});

Deno.test("a matrix of unchanged rows is wholly the same in nineteen runs of twenty", () => {
  const random = seeded(11);
  const row = (at: number): LoadRow => ({
    kind: "row",
    operation: `GET ${at}`,
    bytes: 4096,
    concurrency: 1,
    requests: 100,
    requestsPerS: 0,
    bytesPerS: 0,
    p50Ms: 1,
    p90Ms: 1,
    p95Ms: 1,
    p99Ms: 1,
    maxMs: 1,
    errors: {},
    firstErrors: [],
    rounds: rounds(random, 5, 0.15),
    spread: 0,
  });
  let alarmed = 0;
  for (let run = 0; run < 120; run++) {
    const [then, now] = [0, 1].map(() => Array.from({ length: 27 }, (_, at) => row(at)));
    const compared = compareRows(now ?? [], then ?? []);
    assert.equal(compared.length, 27);
    if (compared.some((one) => one.compared?.change !== "same")) alarmed++;
  }
  assert.ok(alarmed / 120 < FALSE_ALARMS + 3 * Math.sqrt(FALSE_ALARMS * 0.95 / 120), `${alarmed} of 120`);
});

Deno.test("a change that is large against the spread is told, and one within the least band is not", () => {
  const steady = [1000, 1002, 998, 1001, 999];
  const times = (factor: number) => steady.map((rate) => rate * factor);
  assert.equal(compareRounds(steady, times(0.8), 0.002)?.change, "slower");
  assert.equal(compareRounds(steady, times(1.3), 0.002)?.change, "faster");
  assert.equal(compareRounds(steady, times(0.95), 0.002)?.change, "same");
  assert.equal(compareRounds(steady, times(0.95), 0.002)?.band, LEAST_BAND);
});

Deno.test("one round has an endless band, and a round without success can't be compared", () => {
  assert.partialDeepStrictEqual(compareRounds([1000], [10], 0.05), {
    change: "same",
    band: Infinity,
  });
  assert.equal(compareRounds([1000, 0], [1000, 1000], 0.05), undefined);
  assert.equal(compareRounds([], [1000], 0.05), undefined);
});
