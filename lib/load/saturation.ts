/** Where a service saturates: from which concurrency on more workers only wait longer. Pure. */
import { cellKey, type LoadRow } from "./rows.ts";

/** Less than this much more throughput is none. */
const GROWS = 1.1;
/** This much more latency is more. */
const SLOWS = 1.2;

export interface Saturation {
  operation: string;
  bytes: number;
  /** More workers than this bring no more throughput. */
  concurrency: number;
  requestsPerS: number;
  p50Ms: number;
  /** What the most workers that were tried brought. */
  beyond: { concurrency: number; requestsPerS: number; p50Ms: number };
}

/**
 * The least concurrency that no higher one beats by a tenth in throughput, when the median latency at the highest is
 * a fifth more; undefined when throughput still grew at the highest concurrency, or latency did not.
 */
export function saturationOf(rows: readonly LoadRow[]): Saturation | undefined {
  const ordered = rows.filter(({ requestsPerS }) => requestsPerS > 0).toSorted((a, b) =>
    a.concurrency - b.concurrency
  );
  const last = ordered.at(-1);
  const at = ordered.find((row, index) =>
    ordered.slice(index + 1).every((more) => more.requestsPerS < row.requestsPerS * GROWS)
  );
  if (!at || !last || at === last || last.p50Ms < at.p50Ms * SLOWS) return undefined;
  const { operation, bytes, concurrency, requestsPerS, p50Ms } = at;
  const beyond = { concurrency: last.concurrency, requestsPerS: last.requestsPerS, p50Ms: last.p50Ms };
  return { operation, bytes, concurrency, requestsPerS, p50Ms, beyond };
}

/** Rows by what they measure, whatever their concurrency. */
export function byOperation(rows: readonly LoadRow[]): LoadRow[][] {
  const groups = Map.groupBy(rows, (row) => cellKey({ ...row, concurrency: 0 }));
  return [...groups.values()];
}
