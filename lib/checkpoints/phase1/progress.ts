/** Which part runs, how long it took last time, and how long is left: the beginning of a line on a terminal. Pure. */

export interface Running {
  /** From 1. */
  number: number;
  of: number;
  /** How long this part took last time; undefined: not known. */
  lastMs?: number;
  /** How long all that comes after it took last time; undefined: not known of all. */
  laterMs?: number;
}

/** `Part 1 of 2 (12 s last time, about 40 s left): ` */
export function lead({ number, of, lastMs, laterMs }: Running, elapsedMs: number): string {
  const last = lastMs === undefined ? [] : [`${seconds(lastMs)} last time`];
  const left = lastMs === undefined || laterMs === undefined
    ? []
    : [`about ${seconds(Math.max(0, lastMs - elapsedMs) + laterMs)} left`];
  const known = [...last, ...left];
  return `Part ${number} of ${of}${known.length > 0 ? ` (${known.join(", ")})` : ""}: `;
}

function seconds(ms: number): string {
  const all = Math.ceil(ms / 1000);
  return all < 120 ? `${all} s` : `${Math.ceil(all / 60)} min`;
}
