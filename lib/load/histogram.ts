/**
 * Latencies in fixed memory, however many there are: buckets whose width grows with the value, so that a percentile
 * is never further off than one part in 128. Pure.
 */

/** Buckets in each doubling; the relative width of a bucket is at most one part in this. */
const PER_DOUBLING = 128;
/** 2^PLAIN microseconds and less are counted exactly, one bucket a microsecond. */
const PLAIN = Math.log2(PER_DOUBLING);
/** The largest value that is told apart, in microseconds: 2^32, an hour and eleven minutes. */
const LARGEST = 2 ** 32 - 1;
const BUCKETS = (32 - PLAIN + 1) * PER_DOUBLING;

/** Counts by bucket, and what buckets would blur: the number, sum, least and most. Times in milliseconds. */
export interface Histogram {
  buckets: Uint32Array;
  count: number;
  sumMs: number;
  minMs: number;
  maxMs: number;
}

export function histogram(): Histogram {
  return { buckets: new Uint32Array(BUCKETS), count: 0, sumMs: 0, minMs: Infinity, maxMs: 0 };
}

/** Counts a time. Times below zero count as none, times over an hour as an hour; the maximum stays exact. */
export function record(into: Histogram, ms: number): void {
  const at = bucketOf(ms);
  into.buckets[at] = (into.buckets[at] ?? 0) + 1;
  into.count++;
  into.sumMs += ms;
  if (ms < into.minMs) into.minMs = ms;
  if (ms > into.maxMs) into.maxMs = ms;
}

function bucketOf(ms: number): number {
  const us = Math.min(Math.max(Math.round(ms * 1000), 0), LARGEST);
  if (us < PER_DOUBLING) return us;
  const shift = 31 - Math.clz32(us) - PLAIN;
  return (shift + 1) * PER_DOUBLING + (Math.floor(us / 2 ** shift) - PER_DOUBLING);
}

/** The middle of a bucket, in milliseconds. */
function middleMs(at: number): number {
  if (at < PER_DOUBLING) return at / 1000;
  const shift = Math.floor(at / PER_DOUBLING) - 1;
  const low = (PER_DOUBLING + at % PER_DOUBLING) * 2 ** shift;
  return (low + (2 ** shift - 1) / 2) / 1000;
}

/**
 * The least time that this share (0 to 1) of all times do not exceed, in milliseconds; NaN when there is none. The
 * share 0 gives the least and 1 the most, both exact.
 */
export function percentileMs(of: Histogram, share: number): number {
  if (of.count === 0) return NaN;
  const rank = Math.min(Math.max(Math.ceil(share * of.count), 1), of.count);
  if (rank === of.count) return of.maxMs;
  if (rank === 1) return of.minMs;
  let seen = 0;
  for (let at = 0; at < BUCKETS; at++) {
    seen += of.buckets[at] ?? 0;
    if (seen >= rank) return Math.min(Math.max(middleMs(at), of.minMs), of.maxMs);
  }
  return of.maxMs;
}

/** Adds what `other` counted, as if all of it had been recorded in one. */
export function merge(into: Histogram, other: Histogram): void {
  for (let at = 0; at < BUCKETS; at++) {
    const more = other.buckets[at] ?? 0;
    if (more > 0) into.buckets[at] = (into.buckets[at] ?? 0) + more;
  }
  into.count += other.count;
  into.sumMs += other.sumMs;
  into.minMs = Math.min(into.minMs, other.minMs);
  into.maxMs = Math.max(into.maxMs, other.maxMs);
}
