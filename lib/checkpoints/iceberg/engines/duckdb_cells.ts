/** DuckDB's values as the texts that all engines give. */
import type { DuckDBValue } from "@duckdb/node-api";
import { hex } from "../../../parquet/canonical.ts";
import type { Cell } from "./engine.ts";

type Api = typeof import("@duckdb/node-api");

/** A cell, or the parts of one. */
type Part = Cell | readonly Part[];

const MICROS_OF_A_DAY = 86_400_000_000n;

export function cellOf(api: Api, value: DuckDBValue | undefined): Cell {
  const part = partOf(api, value);
  return part === null || typeof part === "string" ? part : JSON.stringify(part);
}

function partOf(api: Api, value: DuckDBValue | undefined): Part {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof api.DuckDBListValue || value instanceof api.DuckDBArrayValue) {
    return value.items.map((item) => partOf(api, item));
  }
  if (value instanceof api.DuckDBStructValue) {
    return Object.values(value.entries).map((entry) => partOf(api, entry));
  }
  if (value instanceof api.DuckDBMapValue) {
    return value.entries.map((entry) => [partOf(api, entry.key), partOf(api, entry.value)])
      .map((pair) => ({ pair, key: JSON.stringify(pair[0]) }))
      .toSorted((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
      .map(({ pair }) => pair);
  }
  return value instanceof api.DuckDBBlobValue ? hex(value.bytes) : timeOf(api, value) ?? String(value);
}

/** Undefined for what is no time, and for the infinite ones. */
function timeOf(api: Api, value: DuckDBValue & object): string | undefined {
  if ("isFinite" in value && !value.isFinite) return undefined;
  if (value instanceof api.DuckDBDateValue) return dayText(value.days);
  if (value instanceof api.DuckDBTimeValue) return clockText(value.micros, 6);
  if (value instanceof api.DuckDBTimestampValue) return momentText(value.micros, 6);
  if (value instanceof api.DuckDBTimestampTZValue) return `${momentText(value.micros, 6)}Z`;
  if (value instanceof api.DuckDBTimestampMillisecondsValue) return momentText(value.millis * 1000n, 6);
  if (value instanceof api.DuckDBTimestampSecondsValue) return momentText(value.seconds * 1_000_000n, 6);
  if (value instanceof api.DuckDBTimestampNanosecondsValue) return momentText(value.nanos, 9);
  return undefined;
}

const dayText = (days: number): string => new Temporal.PlainDate(1970, 1, 1).add({ days }).toString();

/** `units` since midnight, of which a second has ten to the power of `digits`. */
function clockText(units: bigint, digits: 6 | 9): string {
  const second = 10n ** BigInt(digits);
  const seconds = units / second;
  const two = (count: bigint) => String(count).padStart(2, "0");
  const fraction = String(units % second).padStart(digits, "0");
  return `${two(seconds / 3600n)}:${two(seconds / 60n % 60n)}:${two(seconds % 60n)}.${fraction}`;
}

function momentText(units: bigint, digits: 6 | 9): string {
  const day = MICROS_OF_A_DAY * (digits === 6 ? 1n : 1000n);
  const ofDay = (units % day + day) % day;
  return `${dayText(Number((units - ofDay) / day))}T${clockText(ofDay, digits)}`;
}
