/** Says of two runs whether one is slower, the same or faster, with a band for what is only noise. Pure. */
import { type BaselineRow, cellKey, type CellWords, type LoadRow, median } from "./rows.ts";
import { twoSidedT } from "./students_t.ts";

export type Change = "slower" | "same" | "faster";

export interface Comparison {
  change: Change;
  /** Throughput now / then. */
  ratio: number;
  /** A ratio between 1 / band and band is noise. Infinity when there were too few rounds to know. */
  band: number;
}

/** The least band: runs minutes apart differ by so much without a cause, however steady each of them is. */
export const LEAST_BAND = 1.1;

/**
 * How often an unchanged service may be called slower or faster in any row of a run, when noise is what the rounds
 * show it to be: in one run of twenty.
 */
export const FALSE_ALARMS = 0.05;

/** The median of few values is less sure than their mean: by sqrt(pi / 2) at most, when they are spread normally. */
const MEDIAN_LOSS = Math.PI / 2;

/**
 * Compares operations a second of the rounds of two runs. What counts is the ratio, so all is done with logarithms:
 * the difference of the medians against its standard error by Welch (the runs may be unlike noisy), as often wrong as
 * `falseAlarms` says, and never narrower than LEAST_BAND.
 */
export function compareRounds(
  then: readonly number[],
  now: readonly number[],
  falseAlarms: number,
): Comparison | undefined {
  if ([...then, ...now].some((rate) => !(rate > 0)) || then.length === 0 || now.length === 0) {
    return undefined;
  }
  const [a, b] = [then, now].map((rates) => spreadOf(rates.map(Math.log)));
  if (!a || !b) return undefined;
  const difference = b.middle - a.middle;
  const band = Math.max(Math.log(LEAST_BAND), noise(a, b, falseAlarms));
  const change = Math.abs(difference) <= band ? "same" : difference < 0 ? "slower" : "faster";
  return { change, ratio: Math.exp(difference), band: Math.exp(band) };
}

interface Spread {
  middle: number;
  /** Variance of the median. */
  variance: number;
  freedom: number;
}

function spreadOf(values: readonly number[]): Spread {
  const freedom = values.length - 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const variance = freedom > 0 ? MEDIAN_LOSS * squares / freedom / values.length : Infinity;
  return { middle: median(values), variance, freedom };
}

function noise(a: Spread, b: Spread, falseAlarms: number): number {
  const variance = a.variance + b.variance;
  if (!Number.isFinite(variance)) return Infinity;
  if (variance === 0) return 0;
  const freedom = variance ** 2 / (a.variance ** 2 / a.freedom + b.variance ** 2 / b.freedom);
  return twoSidedT(1 - falseAlarms, freedom) * Math.sqrt(variance);
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
