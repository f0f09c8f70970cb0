/** The stored baseline of a load run: what it holds, when it may be compared with, how it is written and read. */
import { writeFileAtomic } from "../disk/atomic_file.ts";
import { MOST_BYTES, readLimited } from "../disk/read_limited.ts";
import { UsageError } from "../engine/errors.ts";
import { list, num, obj, ShapeError, str } from "../engine/decode.ts";
import { enoughRounds } from "./compare.ts";
import {
  type BaselineRow,
  cellKey,
  cellText,
  type CellWords,
  errorCount,
  type LoadBaseline,
  type LoadRow,
} from "./rows.ts";
import { parseJson } from "../untrusted/json.ts";

export const BASELINE_SCHEMA = "lakecheck.baseline/v1";

/** What two runs must share, or their numbers say nothing of each other. */
export interface Subject {
  /** The record source that was measured: `s3.performance`. */
  of: string;
  /** `http://rgw.rook-ceph.svc.cluster.local`. */
  store: string;
  way: string;
  /** Raised whenever the same store would give other numbers, because of how it is measured. */
  method: number;
  cells: readonly CellWords[];
}

interface BaselineFile {
  schema: typeof BASELINE_SCHEMA;
  takenAt: string;
  of: string;
  store: string;
  way: string;
  method: number;
  rows: BaselineRow[];
}

const FILE = obj({
  schema: str,
  takenAt: str,
  of: str,
  store: str,
  way: str,
  method: num,
  rows: list(obj({ operation: str, bytes: num, concurrency: num, rounds: list(num), p95Ms: num })),
});

/** Why these rows are no measure for later runs; undefined when they are. */
export function unfit(rows: readonly LoadRow[], missed: readonly CellWords[]): string | undefined {
  const bad = rows.find((row) => errorCount(row) > 0);
  if (bad) return `operations of ${cellText(bad)} failed`;
  const [gone] = missed;
  if (gone) return `time ran out before ${cellText(gone)} was measured`;
  const few = rows.find(({ rounds }) => !enoughRounds(rounds.length, rows.length));
  if (few) return `${few.rounds.length} rounds of ${cellText(few)} are too few to tell change from noise`;
  const none = rows.find(({ rounds }) => rounds.some((rate) => rate <= 0));
  if (none) return `no operation of ${cellText(none)} ended in some round`;
  return rows.length === 0 ? "nothing was measured" : undefined;
}

/** Writes the baseline whole or not at all; UsageError when it can't be written. */
export async function saveBaseline(
  path: string,
  { of, store, way, method }: Omit<Subject, "cells">,
  rows: readonly LoadRow[],
  takenAt: string,
): Promise<void> {
  const kept = rows.map(({ operation, bytes, concurrency, rounds, p95Ms }) => (
    { operation, bytes, concurrency, rounds, p95Ms }
  ));
  const file: BaselineFile = { schema: BASELINE_SCHEMA, takenAt, of, store, way, method, rows: kept };
  const text = `${JSON.stringify(file, null, 1)}\n`;
  await writeFileAtomic(path, new TextEncoder().encode(text), { flag: "--save-baseline" });
}

/** That the file is a baseline, of whatever; to be asked before anything else is done. Throws UsageError. */
export async function checkBaseline(path: string): Promise<void> {
  decode(path, await read(path));
}

/** Reads a baseline that a run of this subject may be compared with; UsageError when the file is none. */
export async function loadBaseline(path: string, subject: Subject): Promise<LoadBaseline> {
  const file = decode(path, await read(path));
  const objection = unlike(file, subject);
  if (objection) {
    throw new UsageError(
      `--baseline ${path} can't be compared with this run: ${objection}. ` +
        "Next: take a baseline of what is measured now, with --save-baseline",
    );
  }
  return { kind: "baseline", takenAt: file.takenAt, rows: file.rows };
}

async function read(path: string): Promise<string> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.baseline });
  if (read.ok) return new TextDecoder().decode(read.bytes);
  throw new UsageError(`--baseline ${path} can't be read: ${read.why}. Next: write one with --save-baseline`);
}

function decode(path: string, text: string): BaselineFile {
  const refuse = (why: string) =>
    new UsageError(
      `--baseline ${path} is damaged or no baseline: ${why}. Next: write one with --save-baseline`,
    );
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw refuse("it is not JSON");
  }
  try {
    const { schema, takenAt, of, store, way, method, rows } = FILE(value) ?? {};
    if (schema !== BASELINE_SCHEMA) {
      throw refuse(
        schema
          ? `its schema is ${JSON.stringify(schema).slice(0, 60)}, expected ${BASELINE_SCHEMA}`
          : "it names no schema",
      );
    }
    if (!takenAt || Number.isNaN(Date.parse(takenAt))) throw refuse("it does not say when it was taken");
    if (!of || !store || !way || method === undefined) throw refuse("it does not say what was measured");
    return { schema, takenAt, of, store, way, method, rows: (rows ?? []).map(wholeRow) };
  } catch (error) {
    throw error instanceof ShapeError ? refuse(error.message.trim()) : error;
  }
}

type RowFields = NonNullable<NonNullable<ReturnType<typeof FILE>>["rows"]>[number];

function wholeRow({ operation, bytes, concurrency, rounds, p95Ms }: RowFields, at: number): BaselineRow {
  const whole = operation && bytes !== undefined && concurrency !== undefined && p95Ms !== undefined &&
    rounds;
  if (!whole || rounds.length === 0) throw new ShapeError(`.rows[${at}]`, "is not whole");
  const numbers = [concurrency, ...rounds].every((value) => value > 0 && Number.isFinite(value));
  if (!numbers || bytes < 0 || p95Ms < 0) {
    throw new ShapeError(`.rows[${at}]`, "holds a number that can't be");
  }
  return { operation, bytes, concurrency, rounds, p95Ms };
}

/** How the subject of the file differs from this one, in words. */
function unlike(file: BaselineFile, subject: Subject): string | undefined {
  if (file.of !== subject.of) return `it is of ${file.of}, not of ${subject.of}`;
  if (file.store !== subject.store) {
    return `it was taken at ${file.store}, and this run measures ${subject.store}`;
  }
  if (file.way !== subject.way) {
    return `it was taken ${wayText(file.way)}, and this run measures ${wayText(subject.way)}`;
  }
  if (file.method !== subject.method) {
    return `it was measured in another way (method ${file.method}, now ${subject.method})`;
  }
  const [then, now] = [file.rows, subject.cells].map((cells) => new Set(cells.map(cellKey)));
  const extra = subject.cells.find((cell) => !then?.has(cellKey(cell)));
  if (extra) return `it does not hold ${cellText(extra)}, which this run measures`;
  const gone = file.rows.find((row) => !now?.has(cellKey(row)));
  return gone && `it holds ${cellText(gone)}, which this run does not measure`;
}

function wayText(way: string): string {
  if (way === "port-forward") return "through a port-forward";
  return way === "direct" ? "straight at the Service's address" : "at an address that was given";
}
