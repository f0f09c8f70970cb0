import assert from "node:assert/strict";
import { latencyOutcomes, measureLatency } from "../../../../lib/checkpoints/nessie/performance/latency.ts";
import { loadOutcomes, measureLoad } from "../../../../lib/checkpoints/nessie/performance/load.ts";
import type { LoadRow } from "../../../../lib/load/rows.ts";
import { withFake } from "../fixture.ts";
import { PATIENT_MS, withinLimits } from "../../../patience.ts";

const ROW: LoadRow = {
  kind: "row",
  operation: "config",
  bytes: 0,
  concurrency: 1,
  requests: 20,
  requestsPerS: 100,
  bytesPerS: 0,
  p50Ms: 5,
  p90Ms: 8,
  p95Ms: 9,
  p99Ms: 11,
  maxMs: 12,
  errors: {},
  firstErrors: [],
  rounds: [100],
  spread: 0,
};

Deno.test("a query over its budget, and one that fails, are told", () => {
  assert.equal(latencyOutcomes([ROW])[0]?.result, "passed");
  const [slow] = latencyOutcomes([ROW, { ...ROW, operation: "entries", maxMs: 2001 }]);
  assert.deepEqual([slow?.result, slow?.reason], ["failed", "TooSlow"]);
  assert.match(slow?.message ?? "", /a query \(entries\) took 2001 ms/);
  const [broken] = latencyOutcomes([{ ...ROW, errors: { timeout: 2 }, firstErrors: ["no answer"] }]);
  assert.deepEqual([broken?.reason, broken?.status], ["QueryFailed", "critical"]);
  assert.equal(latencyOutcomes([])[0]?.reason, "NothingMeasured");
});

Deno.test("where it is saturated is told, and operations that fail under load are found", () => {
  const rows = [1, 2, 4, 8].map((concurrency): LoadRow => ({
    ...ROW,
    concurrency,
    requestsPerS: Math.min(concurrency, 4) * 100,
    p50Ms: concurrency > 4 ? 20 : 10,
  }));
  assert.match(
    loadOutcomes(rows)[0]?.message ?? "",
    /at most 400 a second, with 4 workers; from 4 workers on more/,
  );
  assert.match(loadOutcomes(rows.slice(0, 3))[0]?.message ?? "", /is not saturated with up to 4 workers/);
  const [bad] = loadOutcomes([{ ...ROW, errors: { "HTTP 503": 3 }, firstErrors: ["busy"] }]);
  assert.deepEqual([bad?.result, bad?.reason], ["failed", "RefusedUnderLoad"]);
  assert.equal(loadOutcomes([])[0]?.result, "failed");
});

Deno.test("every query is measured twenty times", async () => {
  const { value } = await withFake([], (context) => measureLatency(context, () => {}));
  assert.deepEqual(value.rows.map(({ requests }) => requests), Array(8).fill(20));
  // How long they take is the machine's; what is made of that is judged above.
  assert.deepEqual(value.records.map(({ trial }) => trial), ["nessie.latency"]);
});

Deno.test("load commits and reads on scratch branches, and loses none of its commits", () =>
  withinLimits([1_500, 15_000, PATIENT_MS], async (totalMs) => {
    const { value, fake } = await withFake([], async (context, fake) => {
      const { rows, records } = await measureLoad(context, () => {}, { totalMs, steps: [1, 4] });
      const shared = fake.state.refs.get(`lakecheck-scratch-${context.scratch.id}-load`);
      return { rows, records, tables: fake.state.commit(shared?.hash ?? "").tree.size };
    });
    assert.equal(value.rows.length, 10);
    assert.deepEqual(value.records.filter(({ result }) => result !== "passed"), []);
    assert.ok(value.rows.every(({ requests }) => requests > 0));
    const commits = value.rows.filter(({ operation }) => operation === "commit, one branch");
    const least = commits.reduce((sum, { requests }) => sum + requests, 0);
    assert.ok(value.tables >= least, `${value.tables} tables of ${least} commits`);
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  }));
