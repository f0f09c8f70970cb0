/**
 * The marker of a run: a short text that a run keeps in a store beside what it makes there. It says whose that is and for
 * how long. What carries no marker that is understood is never deleted by another run. Pure.
 *
 * No time in it comes from the clock of a machine: a marker says how long from now the run may take, and `now` is when the
 * store recorded it, by the store's own clock. Whoever reads it compares that with the store's clock again.
 */

import { parseJson } from "../untrusted/json.ts";

/** A run id, as it stands in names: when the run began, by its own clock, and chance. Older runs have four digits. */
export const RUN_ID = "\\d{8}t\\d{4}z-(?:[0-9a-f]{4}){1,2}";

const WHOLE = new RegExp(`^${RUN_ID}$`);

export function isRunId(text: string): boolean {
  return WHOLE.test(text);
}

/** How often a marker is written again. */
export const RENEW_MS = 2 * 60_000;
/** Every marker promises at least so much from when it is written: several renewals may fail. Undoing fits in it. */
export const LEASE_MS = 15 * 60_000;
/** Clocks of a store's servers, and of its replicas, may differ by so much. */
export const GRACE_MS = 5 * 60_000;
/** No run of ours promises more: two hours for what flags can ask for at most, and room. */
const MAX_LEASE_S = 6 * 3_600;
/** Ours have about 130 characters. */
export const MAX_MARKER_CHARS = 1024;

const TOOL = "lakecheck";
const VERSION = 1;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** The text of a marker. `leaseMs`: the run ends within so much of now. A host with an unusual name is left out. */
export function markerText(run: string, host: string, leaseMs: number): string {
  const leaseSeconds = Math.min(MAX_LEASE_S, Math.max(1, Math.ceil(leaseMs / 1000)));
  const named = HOST.test(host) ? host : "unknown";
  return JSON.stringify({ tool: TOOL, version: VERSION, run, host: named, leaseSeconds });
}

/** A marker as it was found in a store. */
export interface FoundMarker {
  text: string;
  /** By the store's clock: its time when the marker was read, less that at which it was written. NaN: not known. */
  ageMs: number;
}

declare const EXPIRED: unique symbol;

/** A run whose marker was read and says that the run is over. Only `judgeMarker` makes it. */
export interface ExpiredRun {
  readonly id: string;
  readonly host: string;
  /** How long ago its time was over, in ms, by the store's clock. */
  readonly overForMs: number;
  readonly [EXPIRED]: true;
}

export type MarkerVerdict =
  /** The run is under way, or may be. `leftMs`: until its marker expires. */
  | { state: "live"; host: string; leftMs: number }
  | { state: "expired"; run: ExpiredRun }
  /** Whose the place is, or whether its owner is done, is not known. `why` goes on after "it": `has no marker`. */
  | { state: "unclear"; why: string };

/** `run 20261121t1305z-4f1c09ae on host ci-7, for 14 min at most` */
export function userText(run: string, { host, leftMs }: { host: string; leftMs: number }): string {
  return `run ${run} on host ${host}, for ${Math.max(1, Math.ceil(leftMs / 60_000))} min at most`;
}

/** What a marker says of the run whose id stands in the name of the place. Whatever the text is, this does not throw. */
export function judgeMarker(found: FoundMarker | undefined, run: string): MarkerVerdict {
  if (!found) return unclear("has no marker that says whose it is");
  const marker = markerOf(found.text);
  if (!marker) return unclear("has a marker that is not understood");
  if (marker.run !== run) return unclear("has the marker of another run");
  const { host, leaseSeconds } = marker;
  const leftMs = leaseSeconds * 1000 - found.ageMs;
  if (!Number.isFinite(leftMs)) return unclear("has a marker whose age the store does not tell");
  if (found.ageMs < -GRACE_MS) return unclear("has a marker of a time that is yet to come");
  if (leftMs >= -GRACE_MS) return { state: "live", host, leftMs };
  return { state: "expired", run: { id: run, host, overForMs: -leftMs } as ExpiredRun };
}

const unclear = (why: string): MarkerVerdict => ({ state: "unclear", why });

const FIELDS = "host,leaseSeconds,run,tool,version";

/** Exactly what `markerText` writes, or nothing: what has one field more was written by somebody else. */
function markerOf(text: string): { run: string; host: string; leaseSeconds: number } | undefined {
  if (text.length > MAX_MARKER_CHARS) return undefined;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (Object.keys(value).sort().join() !== FIELDS) return undefined;
  const { tool, version, run, host, leaseSeconds } = value as Record<string, unknown>;
  if (tool !== TOOL || version !== VERSION || typeof run !== "string") return undefined;
  if (typeof host !== "string" || !HOST.test(host)) return undefined;
  if (typeof leaseSeconds !== "number" || !Number.isInteger(leaseSeconds)) return undefined;
  return leaseSeconds >= 1 && leaseSeconds <= MAX_LEASE_S ? { run, host, leaseSeconds } : undefined;
}

/** `Sat, 21 Nov 2026 13:05:00 GMT`, as servers of HTTP have to write it (RFC 9110, 5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** A time that a store says, in ms since the epoch; NaN for what is none. */
export function storeTimeMs(text: string | null | undefined): number {
  return text && (HTTP_DATE.test(text) || RFC_3339.test(text)) ? Date.parse(text) : NaN;
}
