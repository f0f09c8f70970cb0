/** Says of two runs whether one is slower, the same or faster, with a band for what is only noise. Pure. */
import { shiftOf } from "./ranks.ts";
import { type BaselineRow, cellKey, type CellWords, type LoadRow } from "./rows.ts";

/** `unknown`: there were too few rounds to tell change from noise. */
export type Change = "slower" | "same" | "faster" | "unknown";

export interface Comparison {
  change: Change;
  /** Throughput now / then: the median of the ratios of all pairs of rounds. */
  ratio: number;
  /** A ratio between 1 / band and band is noise. Infinity when it is not known. */
  band: number;
}

/** The least band: runs minutes apart differ by so much without a cause, however steady each of them is. */
export const LEAST_BAND = 1.1;

/**
 * How often an unchanged service may be called slower or faster in any row of a run, when noise is what the rounds
 * show it to be: in one run of twenty.
 */
export const FALSE_ALARMS = 0.05;

/**
 * Compares operations a second of the rounds of two runs. What counts is the ratio, so logarithms are compared, by the
 * order of the rounds alone: one in which the machine stood still does not count more than any other. As often wrong
 * as `falseAlarms` says. Undefined when nothing succeeded in some round, or there is none.
 */
export function compareRounds(
  then: readonly number[],
  now: readonly number[],
  falseAlarms: number,
): Comparison | undefined {
  if ([...then, ...now].some((rate) => !(rate > 0)) || then.length === 0 || now.length === 0) {
    return undefined;
  }
  const { by, within } = shiftOf(then.map(Math.log), now.map(Math.log), falseAlarms);
  const band = Math.max(Math.log(LEAST_BAND), within);
  const known = Math.abs(by) <= band ? "same" : by < 0 ? "slower" : "faster";
  const change = Number.isFinite(band) ? known : "unknown";
  return { change, ratio: Math.exp(by), band: Math.exp(band) };
}

export interface ComparedRow extends CellWords {
  row: LoadRow;
  before: BaselineRow;
  /** Undefined when one of the two had a round in which nothing succeeded. */
  compared?: Comparison;
}

/**
 * Compares row by row what both runs measured. With many rows some would be called changed by chance, so each gets its
 * part of FALSE_ALARMS.
 */
export function compareRows(rows: readonly LoadRow[], before: readonly BaselineRow[]): ComparedRow[] {
  const known = new Map(before.map((row) => [cellKey(row), row]));
  const pairs = rows.flatMap((row) => {
    const then = known.get(cellKey(row));
    return then ? [{ row, then }] : [];
  });
  return pairs.map(({ row, then }) => ({
    operation: row.operation,
    bytes: row.bytes,
    concurrency: row.concurrency,
    row,
    before: then,
    compared: compareRounds(then.rounds, row.rounds, FALSE_ALARMS / pairs.length),
  }));
}

/** Whether so many rounds can tell a row from chance, among so many rows. */
export function enoughRounds(rounds: number, rows: number): boolean {
  const some = Array.from({ length: rounds }, (_, i) => i);
  return rounds > 0 && Number.isFinite(shiftOf(some, some, FALSE_ALARMS / rows).within);
}
