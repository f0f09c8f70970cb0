/** How long statements take, by engine and by what they do. */
import { type Histogram, histogram, percentileMs, record } from "../../load/histogram.ts";
import type { Reader } from "../../engine/model.ts";
import { num, text, whole } from "../../engine/decode.ts";

/** One row of `iceberg.times`. */
export interface StatementTime {
  engine: string;
  /** `CREATE TABLE`, `INSERT`, `open`. */
  what: string;
  count: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

export const statementTime: Reader<StatementTime> = whole({
  engine: text(50, 1),
  what: text(50, 1),
  count: num,
  p50Ms: num,
  p95Ms: num,
  maxMs: num,
});

export interface StatementTimes {
  add(engine: string, what: string, ms: number): void;
  rows(): StatementTime[];
}

export function statementTimes(): StatementTimes {
  const kinds = new Map<string, { engine: string; what: string; times: Histogram }>();
  return {
    add(engine, what, ms) {
      const key = JSON.stringify([engine, what]);
      const kind = kinds.get(key) ?? { engine, what, times: histogram() };
      kinds.set(key, kind);
      record(kind.times, ms);
    },
    rows: () =>
      [...kinds.values()].map(({ engine, what, times }) => ({
        engine,
        what,
        count: times.count,
        p50Ms: percentileMs(times, 0.5),
        p95Ms: percentileMs(times, 0.95),
        maxMs: times.maxMs,
      })),
  };
}

const KINDS = /^(?:CREATE (?:OR REPLACE )?(TABLE|VIEW|NAMESPACE|SCHEMA)|DROP \w+|[A-Z]+)/;

/** What a statement does, by its first words: `CREATE TABLE`, `MERGE`. */
export function kindOf(sql: string): string {
  const words = sql.trimStart().replace(/^\(+/, "").replaceAll(/\s+/g, " ").toUpperCase();
  const found = KINDS.exec(words);
  if (!found) return "other";
  const [all, created] = found;
  return created ? `CREATE ${created}` : all === "WITH" ? "SELECT" : all.slice(0, 50);
}
