import assert from "node:assert/strict";
import fc from "fast-check";
import { byOperation, saturationOf } from "../../lib/load/saturation.ts";
import type { LoadRow } from "../../lib/load/rows.ts";

const row = (concurrency: number, requestsPerS: number, p50Ms: number, operation = "commit"): LoadRow => ({
  kind: "row",
  operation,
  bytes: 0,
  concurrency,
  requests: 100,
  requestsPerS,
  bytesPerS: 0,
  p50Ms,
  p90Ms: p50Ms,
  p95Ms: p50Ms,
  p99Ms: p50Ms,
  maxMs: p50Ms,
  errors: {},
  firstErrors: [],
  rounds: [requestsPerS],
  spread: 0,
});

Deno.test("the bend is the least concurrency that more workers do not beat", () => {
  const rows = [row(1, 100, 10), row(2, 190, 10), row(4, 300, 13), row(8, 310, 26), row(16, 305, 52)];
  assert.deepEqual(saturationOf(rows), {
    operation: "commit",
    bytes: 0,
    concurrency: 4,
    requestsPerS: 300,
    p50Ms: 13,
    beyond: { concurrency: 16, requestsPerS: 305, p50Ms: 52 },
  });
});

Deno.test("throughput that still grows has no bend, and neither has one that latency does not pay for", () => {
  assert.equal(saturationOf([row(1, 100, 10), row(2, 200, 10), row(4, 400, 10)]), undefined);
  assert.equal(saturationOf([row(1, 100, 10), row(8, 100, 10)]), undefined);
  assert.equal(saturationOf([row(1, 100, 10)]), undefined);
  assert.equal(saturationOf([]), undefined);
});

Deno.test("a dip in the middle is no bend", () => {
  assert.equal(saturationOf([row(1, 100, 10), row(2, 90, 22), row(4, 300, 13)]), undefined);
});

Deno.test("a service with so many servers bends there, whatever its speed", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4, 8, 16),
      fc.double({ min: 1, max: 1000, noNaN: true }),
      (servers, ms) => {
        const rows = [1, 2, 4, 8, 16, 32, 64].map((workers) => {
          const busy = Math.min(workers, servers);
          return row(workers, busy / ms * 1000, workers / busy * ms);
        });
        assert.equal(saturationOf(rows.toReversed())?.concurrency, servers);
      },
    ),
  );
});

Deno.test("rows are grouped by what they measure", () => {
  const groups = byOperation([row(1, 1, 1), row(2, 1, 1), row(1, 1, 1, "read")]);
  assert.deepEqual(groups.map((group) => group.length), [2, 1]);
});
