import assert from "node:assert/strict";
import fc from "fast-check";
import { compareRounds, compareRows, FALSE_ALARMS, LEAST_BAND } from "../../lib/load/compare.ts";
import type { LoadRow } from "../../lib/load/rows.ts";
import { shiftOf } from "../../lib/load/ranks.ts";

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

/** Mostly quiet, and now and then far off. */
function stalling(random: () => number, count: number, middle = 1000): number[] {
  return Array.from(
    { length: count },
    () => middle * Math.exp(0.05 * normal(random)) * (random() < 0.15 ? 0.1 : 1),
  );
}

Deno.test("a shift has the width of the tables of Mann and Whitney", () => {
  // Pairs that may stand the other way round, two-sided, 5 %: 5 and 5 values 2, 9 and 9 values 17, 5 and 9 values 7.
  for (const [n, m, left] of [[5, 5, 2], [9, 9, 17], [5, 9, 7]] as const) {
    const a = Array.from({ length: n }, (_, i) => i * 1000);
    const b = Array.from({ length: m }, (_, i) => i);
    const differences = a.flatMap((one) => b.map((other) => other - one)).sort((x, y) => x - y);
    const { by, within } = shiftOf(a, b, 0.05);
    const [low = NaN, high = NaN] = [differences[left], differences[n * m - 1 - left]];
    assert.equal(within, Math.max(high - by, by - low));
  }
  assert.equal(shiftOf([1, 2, 3], [7, 8, 9], 0.05).within, Infinity);
});

Deno.test("two samples that are shifted are told by how much", () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 9 });
  fc.assert(fc.property(values, fc.integer({ min: -500, max: 500 }), (some, by) => {
    const shifted = some.map((value) => value + by);
    assert.equal(shiftOf(some, shifted, 0.05).by, by);
  }));
});

Deno.test("the band is symmetric: what is slower one way is faster by the same the other way", () => {
  const opposite = { slower: "faster", same: "same", faster: "slower", unknown: "unknown" } as const;
  fc.assert(fc.property(rates, rates, (then, now) => {
    const [there, back] = [compareRounds(then, now, 0.01), compareRounds(now, then, 0.01)];
    assert.ok(there && back);
    assert.equal(back.change, opposite[there.change]);
    assert.ok(Math.abs(there.ratio * back.ratio - 1) < 1e-9);
    assert.ok(there.band === back.band || Math.abs(there.band / back.band - 1) < 1e-9);
  }));
});

Deno.test("a run compared with itself is the same", () => {
  fc.assert(
    fc.property(rates, (some) => assert.match(compareRounds(some, some, 0.05)?.change ?? "", /same|unknown/)),
  );
});

const noises: [string, (random: () => number, count: number, middle?: number) => number[]][] = [
  ["little noise", (random, count, middle) => rounds(random, count, 0.06, middle)],
  ["much noise", (random, count, middle) => rounds(random, count, 0.5, middle)],
  ["stalls", stalling],
];
for (const [what, make] of noises) {
  for (const count of [4, 5, 9]) {
    Deno.test(`two samples of one distribution are called changed no oftener than claimed: ${what}, ${count} rounds`, () => {
      const random = seeded(count * 1000 + what.length);
      const trials = 1500;
      let alarms = 0;
      for (let trial = 0; trial < trials; trial++) {
        if (
          /slower|faster/.test(compareRounds(make(random, count), make(random, count), 0.05)?.change ?? "")
        ) alarms++;
      }
      // Three standard errors of a share of 0.05 in so many trials.
      assert.ok(alarms / trials < 0.05 + 3 * Math.sqrt(0.05 * 0.95 / trials), `${alarms} of ${trials}`);
      // And the claim is not kept by never saying anything.
      const slowed = Array.from(
        { length: 200 },
        () => compareRounds(make(random, count), make(random, count, 1000 / 30), 0.05)?.change,
      );
      const found = slowed.filter((one) => one === "slower").length;
      assert.ok(found > 150, `${found} of 200`);
    });
  }
}

Deno.test("runs of unlike noise are called changed hardly oftener than claimed", () => {
  const random = seeded(7);
  let alarms = 0;
  for (let trial = 0; trial < 1500; trial++) {
    if (compareRounds(rounds(random, 9, 0.4), rounds(random, 9, 0.1), 0.05)?.change !== "same") alarms++;
  }
  assert.ok(alarms / 1500 < 0.08, `${alarms} of 1500`);
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
    rounds: rounds(random, 9, 0.15),
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
  const steady = [1000, 1002, 998, 1001, 999, 1003, 997, 1004, 996];
  const times = (factor: number) => steady.map((rate) => rate * factor);
  assert.equal(compareRounds(steady, times(0.8), 0.002)?.change, "slower");
  assert.equal(compareRounds(steady, times(1.3), 0.002)?.change, "faster");
  assert.equal(compareRounds(steady, times(0.95), 0.002)?.change, "same");
  assert.equal(compareRounds(steady, times(0.95), 0.002)?.band, LEAST_BAND);
});

Deno.test("one round has an endless band, and a round without success can't be compared", () => {
  assert.partialDeepStrictEqual(compareRounds([1000], [10], 0.05), {
    change: "unknown",
    band: Infinity,
  });
  assert.equal(compareRounds([1000, 0], [1000, 1000], 0.05), undefined);
  assert.equal(compareRounds([], [1000], 0.05), undefined);
});
