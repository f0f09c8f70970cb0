/** What generated tests assert of trials and of measurements. Pure. */
import type { RecordSource, World } from "../engine/model.ts";
import type { SeenRecord } from "../checkpoint/trial.ts";
import { cellText, type LoadRecord, loadRecord, type LoadRow } from "../load/rows.ts";
import type { AssertedFact } from "./asserted.ts";

/** Trials of the checkpoints themselves: whether runs have removed what they made, which says nothing of the platform. */
const OWN = new Set(["s3.clean", "s3.sweep", "nessie.scratch-gone", "iceberg.clean"]);

/** The trials that a test cannot assert: one failed, or could not be tried. Sorted. */
export function notPassed(records: readonly SeenRecord[]): string[] {
  const not = records.filter(({ trial, result }) =>
    !OWN.has(trial) && (result === "failed" || result === "unknown")
  );
  return [...new Set(not.map(({ trial }) => trial))].toSorted();
}

/** The trials of which every record passed, as one fact; none when there is no such trial. */
export function passedTrials(
  records: readonly SeenRecord[],
  words: Pick<AssertedFact, "id" | "title">,
): AssertedFact[] {
  const ended = Map.groupBy(records, ({ trial }) => trial);
  const passed = [...ended].filter(([id, all]) =>
    !OWN.has(id) && all.every(({ result }) => result === "passed")
  )
    .map(([id]) => id);
  return passed.length > 0 ? [{ ...words, value: passed.toSorted(), how: "includes" }] : [];
}

/**
 * An upper limit for the 95th percentile of every row that was measured: a budget, and no exact time. A row that is late
 * already, or failed, is not asserted.
 */
export function withinBudget(world: World, source: string, limitMs: number): AssertedFact[] {
  const measured: RecordSource<LoadRecord> = { id: source, records: "measurements", read: loadRecord };
  const rows = world.records(measured).filter((one): one is LoadRow => one.kind === "row");
  return rows.filter(({ p95Ms, requests }) => requests > 0 && p95Ms <= limitMs).map((row) => ({
    id: `${source}.${cellText(row)}`,
    title: `${cellText(row)}: 95 of 100 take at most ${limitMs} ms`,
    value: row.p95Ms,
    how: "at most",
    limit: limitMs,
  }));
}
