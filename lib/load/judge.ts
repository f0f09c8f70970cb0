/** What the records of a load run come to: budgets, failures, the comparison with a baseline; and its tables. Pure. */
import type { Check, Judgement, ObjectRef, Table, World } from "../engine/model.ts";
import { type ComparedRow, compareRows, FALSE_ALARMS } from "./compare.ts";
import {
  cellText,
  errorCount,
  type LoadBaseline,
  type LoadRow,
  type LoadRun,
  type LoadSource,
  sizeText,
} from "./rows.ts";

/** What was measured, in words. */
export interface Judged {
  source: LoadSource;
  /** Of the checks: `s3` gives `s3.performance-budget`. */
  area: string;
  /** `the object store`. */
  what: string;
  object: ObjectRef;
  /** Longest time that one operation may take. */
  budgetMs: number;
  /** The flag that turns measuring on. */
  flag: string;
}

/** More than this share of operations that fail is critical, less is a warning. */
const MANY_ERRORS = 0.01;
const NAMED = 3;

type Says = (world: World, rows: readonly LoadRow[], run: LoadRun) => Judgement | Judgement[];

/** The checks of a load run; each is skipped when none was asked for. */
export function loadChecks(judged: Judged): Check[] {
  const { source, area, what, object, budgetMs, flag } = judged;
  const check = (id: string, title: string, explain: string, says: Says): Check => ({
    id: `${area}.performance-${id}`,
    title,
    explain,
    needs: [source],
    object: () => object,
    run(world) {
      const { rows, run } = recordsOf(world, source);
      if (!run) {
        return [{
          status: "skipped",
          reason: "NotAsked",
          message: `${title}: not measured (${flag} measures it)`,
        }];
      }
      return [says(world, rows, run)].flat();
    },
  });
  return [
    check(
      "budget",
      "Operations in time",
      `Asked for with ${flag}. No operation on ${what} may take longer than ${
        budgetMs / 1000
      } s, whatever its size and ` +
        "however many are under way: a warning when one did, critical when more than one in a hundred of a kind did.",
      (_world, rows, run) => budget(rows, run, budgetMs),
    ),
    check(
      "errors",
      "Operations under load",
      `Asked for with ${flag}. Operations under load fail when ${what} is asked for more than it can give (503 ` +
        "SlowDown) or breaks: critical when more than one in a hundred did, or any broke.",
      (_world, rows) => errors(rows),
    ),
    check(
      "baseline",
      "Speed against the baseline",
      "Asked for with --baseline. Compares the throughput of each measurement with that of an earlier run. What lies inside the " +
        `band of noise of both runs is the same; the band is as wide as to be wrong in at most ${
          FALSE_ALARMS * 100
        } of 100 runs, and 10 ` +
        "% at least. See docs/performance.md.",
      (world, rows) => baseline(world, rows, judged),
    ),
  ];
}

function recordsOf(world: World, source: LoadSource): { rows: LoadRow[]; run?: LoadRun } {
  const records = world.records(source);
  const rows = records.flatMap((record) => record.kind === "row" ? [record] : []);
  const run = records.find((record) => record.kind === "run");
  return { rows, ...run ? { run } : {} };
}

function budget(rows: readonly LoadRow[], run: LoadRun, budgetMs: number): Judgement {
  const expected = `at most ${timeText(budgetMs)}`;
  const base = { expected, evidence: tunnelText(run) ?? run.wayWords };
  const { missed: [gone] } = run;
  const [worst] = rows.toSorted((a, b) => b.maxMs - a.maxMs);
  const late = rows.filter((row) => row.maxMs > budgetMs || row.errors.timeout);
  if (late.length > 0) {
    const often = late.find((row) => row.p99Ms > budgetMs || (row.errors.timeout ?? 0) * 100 > row.requests);
    const [slowest = worst] = (often ? [often] : late).toSorted((a, b) => b.maxMs - a.maxMs);
    const ended = late.reduce((sum, row) => sum + (row.errors.timeout ?? 0), 0);
    return {
      ...base,
      status: often ? "critical" : "warning",
      reason: "TooSlow",
      message: `${late.length} of ${rows.length} measurements had operations over ${
        timeText(budgetMs)
      }; the worst: ${slowest ? `${cellText(slowest)} took up to ${timeText(slowest.maxMs)}` : "none ended"}${
        ended > 0 ? `; ${ended} were ended without an answer` : ""
      }`,
      observed: slowest ? `p99 ${timeText(slowest.p99Ms)}, most ${timeText(slowest.maxMs)}` : undefined,
    };
  }
  if (gone || !worst) {
    const message = `time ran out before ${
      gone ? cellText(gone) : "anything"
    } was measured. Next: give it more time`;
    return { ...base, status: "unknown", reason: "NotMeasured", message };
  }
  const total = rows.reduce((sum, { requests }) => sum + requests, 0);
  return {
    ...base,
    status: "ok",
    reason: "InTime",
    message: `${total.toLocaleString("en-US")} operations in ${rows.length} measurements; the longest, of ${
      cellText(worst)
    }, took ${timeText(worst.maxMs)}`,
    observed: timeText(worst.maxMs),
  };
}

function errors(rows: readonly LoadRow[]): Judgement {
  const kinds = new Map<string, number>();
  for (const row of rows) {
    for (const [kind, count] of Object.entries(row.errors)) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  const failed = rows.reduce((sum, row) => sum + errorCount(row), 0);
  const total = failed + rows.reduce((sum, { requests }) => sum + requests, 0);
  if (failed === 0) {
    const message = `None of ${total.toLocaleString("en-US")} operations failed`;
    return { status: "ok", reason: "NoErrors", message };
  }
  const busy = kinds.get("SlowDown") ?? 0;
  const onlyBusy = busy === failed;
  const [worst] = rows.toSorted((a, b) => errorCount(b) - errorCount(a));
  const few = onlyBusy && failed <= total * MANY_ERRORS;
  return {
    status: few ? "warning" : "critical",
    reason: onlyBusy ? "SlowDown" : "FailsUnderLoad",
    message: `${failed} of ${total.toLocaleString("en-US")} operations failed${
      onlyBusy ? ", as the store asked to slow down" : ""
    }, most of them of ${worst ? cellText(worst) : ""}: ${worst?.firstErrors[0] ?? ""}`,
    observed: [...kinds].map(([kind, count]) => `${kind} ${count}`).join(", "),
    expected: "no errors",
  };
}

function baseline(world: World, rows: readonly LoadRow[], { source, flag }: Judged): Judgement[] {
  const records = world.records(source);
  const said: Judgement[] = records.flatMap((record) => {
    if (record.kind === "baseline") return [against(record, rows)];
    if (record.kind !== "unsaved") return [];
    const message = `no baseline was saved, for it would mislead: ${record.why}`;
    return [{ status: "warning" as const, reason: "BaselineNotSaved", message }];
  });
  if (said.length > 0) return said;
  const message = `no baseline was given. Next: ${flag} --save-baseline FILE, and later --baseline FILE`;
  return [{ status: "skipped", reason: "NoBaseline", message }];
}

function against(before: LoadBaseline, rows: readonly LoadRow[]): Judgement {
  const compared = compareRows(rows, before.rows);
  const of = (change: string) => compared.filter((one) => one.compared?.change === change);
  const [slower, faster] = [of("slower"), of("faster")];
  const uncompared = compared.filter((one) => !one.compared).length;
  const blind = before.rows.length - (compared.length - of("unknown").length - uncompared);
  const observed = `${slower.length} slower, ${of("same").length} the same, ${faster.length} faster${
    blind > 0 ? `, ${blind} not comparable` : ""
  }`;
  const base = { observed, expected: "none slower", evidence: `baseline of ${before.takenAt}` };
  if (slower.length > 0) {
    const message =
      `${slower.length} of ${compared.length} measurements are slower than on ${before.takenAt}: ${
        named(slower)
      }`;
    return { ...base, status: "warning", reason: "Slower", message };
  }
  if (blind > 0) {
    const message =
      `${blind} of ${before.rows.length} measurements can't be compared: too few rounds, or nothing succeeded in one. Next: give it more time`;
    return { ...base, status: "unknown", reason: "NotComparable", message };
  }
  const message = faster.length > 0
    ? `nothing is slower than on ${before.takenAt}; faster: ${named(faster)}`
    : `all ${compared.length} measurements are as on ${before.takenAt}, but for noise`;
  return { ...base, status: "ok", reason: faster.length > 0 ? "Faster" : "Same", message };
}

/** The first of them, those that changed most first. */
function named(rows: readonly ComparedRow[]): string {
  const strength = ({ compared }: ComparedRow) => Math.abs(Math.log(compared?.ratio ?? 1));
  const shown = rows.toSorted((a, b) => strength(b) - strength(a)).slice(0, NAMED).map((one) =>
    `${cellText(one)} ${factor(one.compared?.ratio)} (noise ${bandText(one)})`
  );
  return `${shown.join(", ")}${rows.length > NAMED ? ` and ${rows.length - NAMED} more` : ""}`;
}

const factor = (ratio = 1) => `${ratio.toFixed(2)} ×`;

function bandText({ compared }: ComparedRow): string {
  if (!compared) return "";
  return Number.isFinite(compared.band)
    ? `${(1 / compared.band).toFixed(2)} to ${compared.band.toFixed(2)}`
    : "not known";
}

function timeText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function tunnelText({ way, wayWords }: LoadRun): string | undefined {
  return way === "port-forward" ? `measured ${wayWords}: these are the numbers of the tunnel` : undefined;
}

/** The measurements, and how they compare with the baseline that was given. */
export function loadTables(world: World, { source, what }: Judged): Table[] {
  const { rows, run } = recordsOf(world, source);
  if (!run || rows.length === 0) return [];
  const tunnel = run.way === "port-forward"
    ? ". These are the numbers of the tunnel, not those of the store: run it in the cluster for them"
    : "";
  const tables: Table[] = [{
    name: source.id,
    title: `Performance of ${what}, measured ${run.wayWords}${tunnel}`,
    columns: [
      "operation",
      "size",
      "workers",
      "per s",
      "MiB/s",
      "p50 ms",
      "p95 ms",
      "p99 ms",
      "max ms",
      "errors",
      "spread %",
    ],
    rows: rows.map((row) => [
      row.operation,
      row.bytes > 0 ? sizeText(row.bytes) : "",
      row.concurrency,
      row.requestsPerS,
      Number((row.bytesPerS / 2 ** 20).toPrecision(4)),
      row.p50Ms,
      row.p95Ms,
      row.p99Ms,
      row.maxMs,
      errorCount(row),
      Math.round(row.spread * 100),
    ]),
  }];
  const before = world.records(source).find((record) => record.kind === "baseline");
  return before
    ? [...tables, comparisonTable(source.id, compareRows(rows, before.rows), before.takenAt)]
    : tables;
}

function comparisonTable(id: string, compared: readonly ComparedRow[], takenAt: string): Table {
  return {
    name: `${id}-baseline`,
    title: `Against the baseline of ${takenAt}`,
    columns: [
      "measurement",
      "then per s",
      "now per s",
      "now / then",
      "noise",
      "p95 ms then",
      "p95 ms now",
      "verdict",
    ],
    rows: compared.map((one) => [
      cellText(one),
      Number(middle(one.before.rounds).toPrecision(4)),
      one.row.requestsPerS,
      one.compared ? Number(one.compared.ratio.toPrecision(3)) : 0,
      bandText(one),
      one.before.p95Ms,
      one.row.p95Ms,
      one.compared?.change ?? "not comparable",
    ]),
  };
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
