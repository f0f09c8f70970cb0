/** What measuring gives: a row for each operation, size and concurrency, with what its rounds say of the noise. Pure. */
import type { Reader, RecordSource } from "../engine/model.ts";
import { atMost, list, map, num, obj, oneOf, text, whole } from "../engine/decode.ts";
import { type Histogram, histogram, merge, percentileMs } from "./histogram.ts";
import type { LoadResult } from "./generator.ts";
import { own } from "../untrusted/lookup.ts";

/** What a row is of. */
export interface CellWords {
  /** `GET`, `PUT`, `commit`. */
  operation: string;
  /** Bytes of one object, or 0 where size is no matter. */
  bytes: number;
  concurrency: number;
}

/** One measured cell; a record of the facts. Latencies are of operations that succeeded, all rounds together. */
export interface LoadRow extends CellWords {
  kind: "row";
  /** Operations that succeeded. */
  requests: number;
  /** Medians of the rounds. */
  requestsPerS: number;
  bytesPerS: number;
  p50Ms: number;
  p90Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Operations that failed, by kind, and the words of the first of them. */
  errors: Record<string, number>;
  firstErrors: string[];
  /** Operations a second of each round, in order. */
  rounds: number[];
  /** (most - least) / median of the rounds. */
  spread: number;
}

/** How a run measured; the first record of its source. */
export interface LoadRun {
  kind: "run";
  /** RFC 3339. */
  startedAt: string;
  tookMs: number;
  /** Whom: `http://rgw.rook-ceph.svc.cluster.local`. */
  store: string;
  way: "given" | "direct" | "port-forward";
  /** The way in words. */
  wayWords: string;
  /** Cells that were asked for and not measured, as time ran out. */
  missed: CellWords[];
}

/** What a run was compared with, or why it could not be saved. */
export interface LoadBaseline {
  kind: "baseline";
  /** RFC 3339: when it was taken. */
  takenAt: string;
  rows: BaselineRow[];
}

export interface BaselineRow extends CellWords {
  rounds: number[];
  p95Ms: number;
}

export interface LoadUnsaved {
  kind: "unsaved";
  why: string;
}

export type LoadRecord = LoadRun | LoadRow | LoadBaseline | LoadUnsaved;
export type LoadSource = RecordSource<LoadRecord>;

const CELL = { operation: text(100, 1), bytes: num, concurrency: num };
const ROUNDS = atMost(1000, list(num));
const KINDS: { [K in LoadRecord["kind"]]: Reader<Extract<LoadRecord, { kind: K }>> } = {
  row: whole({
    kind: oneOf("row"),
    ...CELL,
    requests: num,
    requestsPerS: num,
    bytesPerS: num,
    p50Ms: num,
    p90Ms: num,
    p95Ms: num,
    p99Ms: num,
    maxMs: num,
    errors: map(num),
    firstErrors: atMost(10, list(text(500))),
    rounds: ROUNDS,
    spread: num,
  }),
  run: whole({
    kind: oneOf("run"),
    startedAt: text(100),
    tookMs: num,
    store: text(500),
    way: oneOf("given", "direct", "port-forward"),
    wayWords: text(500),
    missed: atMost(1000, list(whole(CELL))),
  }),
  baseline: whole({
    kind: oneOf("baseline"),
    takenAt: text(100),
    rows: atMost(1000, list(whole({ ...CELL, rounds: ROUNDS, p95Ms: num }))),
  }),
  unsaved: whole({ kind: oneOf("unsaved"), why: text(1000) }),
};
const readKind = obj({ kind: oneOf("row", "run", "baseline", "unsaved") });

/** A record of a load, of any kind. */
export const loadRecord: Reader<LoadRecord> = (value) => {
  const { kind } = readKind(value) ?? {};
  return KINDS[kind ?? "row"](value);
};

/** Two rows of the same cell have the same key. */
export function cellKey({ operation, bytes, concurrency }: CellWords): string {
  return `${operation} ${bytes} ${concurrency}`;
}

/** The cell as people write it: `GET 1 MiB × 8`. */
export function cellText({ operation, bytes, concurrency }: CellWords): string {
  return `${operation}${bytes > 0 ? ` ${sizeText(bytes)}` : ""} × ${concurrency}`;
}

/** `4 KiB`, `1.5 MiB`. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** at).toFixed(1))} ${units[at]}`;
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}

/** Puts the rounds of one cell together; undefined when there was none. */
export function rowOf(cell: CellWords, results: readonly LoadResult[]): LoadRow | undefined {
  if (results.length === 0) return undefined;
  const latency: Histogram = histogram();
  const errors: Record<string, number> = {};
  for (const result of results) {
    merge(latency, result.latency);
    for (const [kind, count] of Object.entries(result.errors)) {
      errors[kind] = (own(errors, kind) ?? 0) + count;
    }
  }
  const perS = (count: number, ms: number) => ms > 0 ? digits(count / ms * 1000) : 0;
  const rounds = results.map((result) => perS(result.inWindow, result.elapsedMs));
  const middle = median(rounds);
  const at = (share: number) => latency.count === 0 ? 0 : digits(percentileMs(latency, share));
  const { operation, bytes, concurrency } = cell;
  return {
    kind: "row",
    operation,
    bytes,
    concurrency,
    requests: latency.count,
    requestsPerS: digits(middle),
    bytesPerS: Math.round(median(results.map((result) => perS(result.bytesInWindow, result.elapsedMs)))),
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
    errors,
    firstErrors: [...new Set(results.flatMap(({ firstErrors }) => firstErrors))].slice(0, 3),
    rounds,
    spread: middle > 0 ? digits((Math.max(...rounds) - Math.min(...rounds)) / middle) : 0,
  };
}

/** Four digits that count: what is measured holds no more. */
function digits(value: number): number {
  return Number(value.toPrecision(4));
}

export function errorCount(row: Pick<LoadRow, "errors">): number {
  return Object.values(row.errors).reduce((sum, count) => sum + count, 0);
}
