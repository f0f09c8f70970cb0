import assert from "node:assert/strict";
import fc from "fast-check";
import { histogram, merge, percentileMs, record } from "../../lib/load/histogram.ts";

/** Of all magnitudes alike, from a microsecond to an hour. */
const time = fc.tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 2 ** 20 - 1 }))
  .map(([doublings, rest]) => 2 ** doublings * (1 + rest / 2 ** 20) / 1000);
const times = fc.array(time, { minLength: 1, maxLength: 300 });
const shares = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);

function of(values: readonly number[]) {
  const made = histogram();
  for (const value of values) record(made, value);
  return made;
}

function exact(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length), 1) - 1] ?? NaN;
}

Deno.test("a percentile is within one part in 256, or a microsecond, of that of the sorted times", () => {
  fc.assert(fc.property(times, shares, (values, share) => {
    const wanted = exact(values, share);
    const got = percentileMs(of(values), share);
    assert.ok(Math.abs(got - wanted) <= wanted / 256 + 0.001, `${got} for ${wanted}`);
  }));
});

Deno.test("the least and the most are exact, and so are the sum and the number", () => {
  fc.assert(fc.property(times, (values) => {
    const made = of(values);
    assert.equal(percentileMs(made, 0), Math.min(...values));
    assert.equal(percentileMs(made, 1), Math.max(...values));
    assert.equal(made.count, values.length);
    assert.equal(made.sumMs, values.reduce((sum, value) => sum + value, 0));
  }));
});

Deno.test("percentiles never fall when the share rises", () => {
  fc.assert(fc.property(times, shares, shares, (values, a, b) => {
    const made = of(values);
    assert.ok(percentileMs(made, Math.min(a, b)) <= percentileMs(made, Math.max(a, b)));
  }));
});

Deno.test("merged histograms are the histogram of all times", () => {
  fc.assert(fc.property(times, times, (some, others) => {
    const [merged, all] = [of(some), of([...some, ...others])];
    merge(merged, of(others));
    assert.deepEqual(merged.buckets, all.buckets);
    assert.deepEqual([merged.count, merged.minMs, merged.maxMs], [all.count, all.minMs, all.maxMs]);
  }));
});

Deno.test("nothing recorded has no percentile", () => {
  assert.ok(Number.isNaN(percentileMs(histogram(), 0.5)));
});

Deno.test("memory does not grow with what is recorded", () => {
  const made = histogram();
  const before = made.buckets.byteLength;
  for (let at = 0; at < 100_000; at++) record(made, at * 40);
  assert.equal(made.buckets.byteLength, before);
  assert.ok(before < 20_000);
});
