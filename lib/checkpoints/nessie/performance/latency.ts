/** Measures the queries of metadata that every client makes, one after the other. */
import {
  failed,
  type Outcome,
  passed,
  type TrialRecord,
  type TrialWords,
} from "../../../checkpoint/trial.ts";
import { BUDGETS_MS } from "../../../goals/mod.ts";
import { load, type LoadResult } from "../../../load/generator.ts";
import { type LoadRow, rowOf } from "../../../load/rows.ts";
import type { NessieContext } from "../context.ts";

/** Each query may take so long. */
export const BUDGET_MS = BUDGETS_MS.metadata;
const REPETITIONS = 20;
const PAGE = 100;

export const latencyWords: TrialWords = {
  id: "nessie.latency",
  title: "Metadata queries in time",
  weight: "warning",
  explain:
    `Each query of metadata that clients make is made ${REPETITIONS} times, one after the other, and none may take longer than ` +
    `${
      BUDGET_MS / 1000
    } s. Engines make several of them before they read the first row. The table nessie.performance has the ` +
    "percentiles.",
};

interface Query {
  name: string;
  ask(): Promise<unknown>;
}

/** By the paths that are asked. */
function queries({ nessie, iceberg, config }: NessieContext): Query[] {
  const main = config.defaultBranch;
  const rest = iceberg(main);
  return [
    { name: "config", ask: () => nessie.config() },
    { name: "references", ask: () => nessie.page("references", { pageSize: PAGE }) },
    { name: "reference", ask: () => nessie.reference(main) },
    { name: "entries", ask: () => nessie.page("entries", { at: main, pageSize: PAGE }) },
    {
      name: "entries with contents",
      ask: () => nessie.page("entries", { at: main, pageSize: PAGE, content: true }),
    },
    { name: "history", ask: () => nessie.history(main, { pageSize: PAGE }).next() },
    { name: "Iceberg config", ask: () => rest.config() },
    { name: "Iceberg namespaces", ask: () => rest.namespaces() },
  ];
}

/** Rows of `nessie.performance`, and what they come to. Interrupted when the signal was aborted. */
export async function measureLatency(
  context: NessieContext,
  say: (line: string) => void,
): Promise<{ rows: LoadRow[]; records: TrialRecord[] }> {
  const { signal, timeoutMs } = context;
  const rows: LoadRow[] = [];
  const started = performance.now();
  for (const { name, ask } of queries(context)) {
    say(`${name}, ${REPETITIONS} times`);
    const operation = () => ask().then(() => 0);
    const limits = { concurrency: 1, requests: REPETITIONS, timeoutMs: timeoutMs + 1000 };
    const result: LoadResult = await load({ ...limits, operation, signal });
    const row = rowOf({ operation: name, bytes: 0, concurrency: 1 }, [result]);
    if (row) rows.push(row);
  }
  const durationMs = Math.round(performance.now() - started);
  return {
    rows,
    records: latencyOutcomes(rows).map((one) => ({ ...one, trial: latencyWords.id, durationMs })),
  };
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** Pure. */
export function latencyOutcomes(rows: readonly LoadRow[]): Outcome[] {
  const expected = `at most ${BUDGET_MS / 1000} s`;
  const bad = rows.flatMap(
    ({ operation, errors, firstErrors: [first = ""], p50Ms, p95Ms, maxMs }): Outcome[] => {
      const count = Object.values(errors).reduce((sum, count) => sum + count, 0);
      const message = `${count} of ${REPETITIONS} queries (${operation}) failed: ${first}`;
      if (count > 0) return [failed("QueryFailed", message, { status: "critical" })];
      if (maxMs <= BUDGET_MS) return [];
      const observed = `p50 ${ms(p50Ms)}, p95 ${ms(p95Ms)}, most ${ms(maxMs)}`;
      return [failed("TooSlow", `a query (${operation}) took ${ms(maxMs)}`, { observed, expected })];
    },
  );
  if (bad.length > 0) return bad;
  const slowest = rows.toSorted((a, b) => b.p95Ms - a.p95Ms)[0];
  if (!slowest) return [failed("NothingMeasured", "no query was measured")];
  const times = `${ms(slowest.p50Ms)} at p50 and ${ms(slowest.p95Ms)} at p95`;
  const all = `${rows.length} queries, ${REPETITIONS} times each`;
  return [passed(`${all}: the slowest, ${slowest.operation}, takes ${times}`, {
    observed: ms(Math.max(...rows.map(({ maxMs }) => maxMs))),
    expected,
  })];
}
