/** The performance part of the S3 checkpoint: its flags, its run in the scratch place, what its records come to. */
import type { FlagTable, Given } from "../../../cli/flags.ts";
import { durationMs } from "../../../cli/flags.ts";
import type { Component } from "../../../engine/model.ts";
import { UsageError } from "../../../engine/errors.ts";
import { BUDGETS_MS } from "../../../goals/mod.ts";
import { loadBaseline, saveBaseline, type Subject, unfit } from "../../../load/baseline.ts";
import { type Judged, loadChecks, loadTables } from "../../../load/judge.ts";
import { measure } from "../../../load/measure.ts";
import { type LoadRecord, loadRecord, type LoadSource } from "../../../load/rows.ts";
import { type S3Context, s3Object } from "../context.ts";
import { empty } from "../scratch/delete.ts";
import { cellsOf, FULL, type Matrix, PLACE, prepare } from "./cells.ts";
import { below } from "../scratch/own_place.ts";

/** Absent from facts: nobody could look. Empty: it was not asked for. */
export const s3Performance: LoadSource = {
  id: "s3.performance",
  read: loadRecord,
  records: "measurements of the object store",
};

const DEFAULT_TIME = "40s";

export const performanceFlags: FlagTable = {
  performance: { help: "also measure latency and throughput, by size and concurrency" },
  "performance-time": { help: "measure for so long", value: "TIME", fallback: DEFAULT_TIME },
  "save-baseline": { help: "measure, and keep it there to be compared with", value: "FILE" },
  baseline: { help: "measure, and say what is slower or faster than what was kept there", value: "FILE" },
};

export interface PerformanceAsked {
  totalMs: number;
  save?: string;
  baseline?: string;
  /** Default: FULL. */
  matrix?: Matrix;
}

/** What the flags ask for; undefined when nothing is to be measured. UsageError. */
export function performanceAsked(given: Given): PerformanceAsked | undefined {
  const totalMs = durationMs("performance-time", given.get("performance-time") ?? DEFAULT_TIME);
  const [save, baseline] = [given.get("save-baseline"), given.get("baseline")];
  if (!given.has("performance") && !save && !baseline) {
    if (!given.has("performance-time")) return undefined;
    throw new UsageError(
      "--performance-time says for how long, and nothing says to measure. Add --performance.",
    );
  }
  if (totalMs < LEAST_MS) {
    throw new UsageError(`--performance-time must be at least ${LEAST_MS / 1000}s: less says nothing.`);
  }
  return { totalMs, ...save ? { save } : {}, ...baseline ? { baseline } : {} };
}

const LEAST_MS = 5000;
/** Fewer can't tell one row of many from chance. */
const ROUNDS = 9;
/** Share of the time in which the objects that are read have to be made. */
const PREPARING = 0.4;
/** Raised when the same store would give other numbers because of how it is measured. */
const METHOD = 1;

/**
 * Measures the store in the scratch place; nothing else should be asked of it meanwhile. Gives the records of
 * `s3.performance`. UsageError when the baseline can't be used, before anything is measured; CannotLook, Interrupted.
 */
export async function measureStore(
  context: S3Context,
  { totalMs, save, baseline, matrix = FULL }: PerformanceAsked,
  say: (line: string) => void,
): Promise<LoadRecord[]> {
  const { connection, endpoint, timeoutMs, signal } = context;
  const subject: Subject = {
    of: s3Performance.id,
    store: endpoint,
    way: connection.how,
    method: METHOD,
    cells: cellsOf(matrix),
  };
  const before = baseline ? await loadBaseline(baseline, subject) : undefined;
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const { scratch, undoS3, session } = context;
  const mine = below(context.place, PLACE);
  scratch.undo(`objects below ${mine.bucket}/${mine.prefix}`, async () => {
    await empty(undoS3, mine, { ...session, signal: undefined });
  });
  say("making objects to read");
  const cells = await prepare(context, matrix, totalMs * PREPARING);
  const left = totalMs - (performance.now() - started);
  const { rows, missed } = await measure(cells, { rounds: ROUNDS, totalMs: left, timeoutMs, signal, say });
  const why = save ? unfit(rows, missed) : undefined;
  if (save && !why) await saveBaseline(save, subject, rows, startedAt);
  return [
    {
      kind: "run",
      startedAt,
      tookMs: Math.round(performance.now() - started),
      store: endpoint,
      way: connection.how,
      wayWords: connection.words,
      missed,
    },
    ...rows,
    ...before ? [before] : [],
    ...why ? [{ kind: "unsaved" as const, why }] : [],
  ];
}

const judged: Judged = {
  source: s3Performance,
  area: "s3",
  what: "the object store",
  object: s3Object,
  budgetMs: BUDGETS_MS.s3,
  flag: "--performance",
};

/** What the report says of the measurements. */
export const performanceComponent: Component = {
  name: "s3-performance",
  title: "Performance",
  dependsOn: ["s3-gateway"],
  sources: [s3Performance],
  namespaces: () => [],
  kinds: [],
  checks: loadChecks(judged),
  edges: () => [],
  tables: (world) => loadTables(world, judged),
};
