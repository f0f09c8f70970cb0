/**
 * How much a table may hold while it is looked at. Most tables need little and are looked at side by side. One that
 * needs more is looked at again alone, with half of all there is; and one that needs more than that, in parts.
 */

/** A table needs more than it was allowed. Whoever meets it begins with the table anew, with more, or with a part. */
export class Overfull extends Error {
  override name = "Overfull";
  /** `divisible`: of a part of the table's files there would be less. */
  constructor(readonly divisible: boolean, readonly allowed: number) {
    super(`needs more than ${allowed} bytes`);
  }
}

/** What belongs together can't be read, however few of its files are looked at. */
export class MetadataTooLarge extends Error {
  override name = "MetadataTooLarge";
  constructor(readonly allowed: number) {
    super(`needs more than ${allowed} bytes`);
  }
}

export interface Allowance {
  /** Takes so many bytes for as long as the table is looked at, or until they are given back. Throws Overfull. */
  take(bytes: number, divisible: boolean): void;
  give(bytes: number): void;
  /** Bytes that are left. */
  left(): number;
  /** Objects of the table that are read at a time. */
  sideBySide: number;
  /** There is no more to be had. */
  alone: boolean;
}

export interface Room {
  /** For one of many tables. */
  small(): Allowance;
  /** For a table that needs more: one at a time. */
  alone<T>(look: (allowance: () => Allowance) => Promise<T>): Promise<T>;
}

/** Divides so many bytes among so many tables at a time and one besides them. */
export function roomOf(bytes: number, tables: number): Room {
  let last: Promise<unknown> = Promise.resolve();
  return {
    small: () => allowance(bytes / 2 / tables, false),
    alone(look) {
      const mine = last.then(() => look(() => allowance(bytes / 2, true)));
      last = mine.catch(() => {});
      return mine;
    },
  };
}

/** Where nobody said how much. */
export const unbounded: Room = {
  small: () => allowance(Infinity, false),
  alone: (look) => look(() => allowance(Infinity, false)),
};

const SIDE_BY_SIDE = 8;

function allowance(bytes: number, alone: boolean): Allowance {
  let taken = 0;
  return {
    take(more, divisible) {
      if (taken + more > bytes) throw new Overfull(divisible && more <= bytes, bytes);
      taken += more;
    },
    give: (back) => void (taken -= back),
    left: () => bytes - taken,
    alone,
    // Alone the objects themselves may be large.
    sideBySide: alone ? 1 : SIDE_BY_SIDE,
  };
}
