/**
 * An engine that reads and writes Iceberg tables: what the trials know of Spark and DuckDB. It is given SQL in its
 * own dialect and gives rows in one form, so that what one wrote can be compared with what another reads.
 */

import type { LostAnswer } from "./relay.ts";

export const ENGINES = ["spark", "duckdb"] as const;
export type EngineName = typeof ENGINES[number];

/**
 * A value as text, the same from every engine: `true`; `-12`; `1.50` (a decimal has the digits of its scale); `0.1`,
 * `NaN`, `-Infinity` (as JavaScript prints doubles, and `-0`); `2026-11-30`; `23:59:59.000001`; `2026-11-30T10:00:00.000000`, with a Z where the
 * type has a zone (UTC); `cafe01` of binary; a UUID in lower case. Lists and structs are JSON arrays of such values, maps
 * JSON arrays of pairs, in the order of their keys.
 */
export type Cell = string | null;

export interface Rows {
  /** `type` in the engine's own words. */
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly Cell[])[];
  /** Data files that were read, where the engine tells, or was watched. */
  filesRead?: number;
}

export interface Engine {
  readonly name: EngineName;
  /** For people: `Spark`. */
  readonly title: string;
  /** Its release: `3.5.9`. */
  readonly version: string;
  /** Where it runs, for people: `in Pod lake/spark-client-0`. */
  readonly words: string;
  /**
   * The name of the catalog in its SQL when that is to be read and written at a reference: a branch, or `BRANCH@HASH`.
   * The same name for the same reference. EngineError, CannotLook.
   */
  catalogAt(reference: string): Promise<string>;
  /**
   * Runs one statement, without a semicolon at its end. Many may run side by side, each in a transaction of its own.
   * EngineError when the engine refuses it, CannotLook when the engine is lost or gives no answer in time.
   */
  run(sql: string): Promise<Rows>;
  /**
   * Loses the answer to the next request of it that fits, on its way back from the catalog. Absent where nothing of ours
   * stands between the engine and the catalog.
   */
  loseAnswer?(method: string, path: RegExp): LostAnswer;
  /** Ends what it runs in, whatever it is doing. Twice does no harm. */
  close(): Promise<void>;
}

/** One error of a chain, outermost first: `org.apache.iceberg.exceptions.CommitFailedException` and its message. */
export interface ErrorLink {
  type: string;
  message: string;
}

/** An engine refused a statement, or failed at it. Its words may hold anything: they are quoted before they are shown. */
export class EngineError extends Error {
  override name = "EngineError";
  constructor(readonly engine: EngineName, readonly chain: readonly ErrorLink[]) {
    super(chain[0]?.message ?? "no reason given");
  }
}
