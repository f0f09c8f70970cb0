/** Measures many cells in rounds: each cell once a round, so that a noisy minute hurts all of them alike. */
import { load, type LoadResult, type Operation } from "./generator.ts";
import { cellText, type CellWords, type LoadRow, rowOf } from "./rows.ts";

export interface Limits {
  requests?: number;
  bytes?: number;
}

/** One thing to measure. */
export interface Cell extends CellWords {
  /** Called with numbers that go on from round to round; see `restart`. */
  run: Operation;
  /** Begin with 0 again each round. */
  restart?: boolean;
  /** Share of the time against other cells. Default: 1. */
  weight?: number;
  /**
   * Ends its window early: operations that there are, or bytes that may be written, a round. Such a window has no
   * warm-up, which would use them up.
   */
  most?(): Limits;
  /** Called with what a round came to. */
  ended?(result: LoadResult): void;
}

export interface MeasureOptions {
  rounds: number;
  /** Time for all of it, milliseconds. Windows share what is left; only an operation under way may reach beyond. */
  totalMs: number;
  /** Longest time of one operation, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Progress, one line: `GET 1 MiB × 8, round 2 of 5`. */
  say?: (line: string) => void;
}

export interface Measured {
  rows: LoadRow[];
  /** Cells without a single round. */
  missed: CellWords[];
}

/** The part of a window in which connections are opened and caches filled. The first round has nothing warm. */
const WARMUP_SHARE = 0.15;
const FIRST_WARMUP_SHARE = 0.4;
/** A shorter window says nothing. */
const LEAST_MS = 20;

/** Throws Interrupted when the signal was aborted. */
export async function measure(cells: readonly Cell[], options: MeasureOptions): Promise<Measured> {
  const { rounds, totalMs, timeoutMs, signal, say } = options;
  const deadline = performance.now() + totalMs;
  const results = new Map<Cell, LoadResult[]>(cells.map((cell) => [cell, []]));
  const next = new Map<Cell, number>();
  // What operations under way at the end of a window took beyond it, by the cell's last round.
  const overrun = new Map<Cell, number>();
  const overrunOf = (some: readonly Cell[]) => some.reduce((sum, cell) => sum + (overrun.get(cell) ?? 0), 0);
  const weightOf = (some: readonly Cell[]) => some.reduce((sum, { weight = 1 }) => sum + weight, 0);
  for (let round = 0; round < rounds; round++) {
    for (const [at, cell] of cells.entries()) {
      const began = performance.now();
      const left = deadline - began;
      if (left <= 0) break;
      const most = cell.most?.();
      if (most?.requests === 0) continue;
      const [rest, more] = [cells.slice(at), rounds - round - 1];
      const weights = weightOf(rest) + more * weightOf(cells);
      const free = left - overrunOf(rest) - more * overrunOf(cells);
      const share = Math.max(free * (cell.weight ?? 1) / weights, LEAST_MS);
      const warmupMs = most ? 0 : share * (round === 0 ? FIRST_WARMUP_SHARE : WARMUP_SHARE);
      say?.(`${cellText(cell)}, round ${round + 1} of ${rounds}`);
      const result = await load({
        concurrency: cell.concurrency,
        warmupMs,
        durationMs: share - warmupMs,
        requests: most?.requests,
        mostBytes: most?.bytes,
        operation: cell.run,
        from: cell.restart ? 0 : next.get(cell) ?? 0,
        timeoutMs,
        signal,
      });
      overrun.set(cell, Math.max(performance.now() - began - share, 0));
      next.set(cell, (next.get(cell) ?? 0) + result.begun);
      results.get(cell)?.push(result);
      cell.ended?.(result);
    }
  }
  const rows = cells.flatMap((cell) => rowOf(cell, results.get(cell) ?? []) ?? []);
  const missed = cells.filter((cell) => results.get(cell)?.length === 0)
    .map(({ operation, bytes, concurrency }) => ({ operation, bytes, concurrency }));
  return { rows, missed };
}
