/** What one table names, and what is wrong with it. Pure; lives as long as its table is looked at. */
import { type ObjectPlace, placeOf, prefixOf } from "../../../iceberg/location.ts";
import type { Allowance } from "./memory/mod.ts";
import { hash53 } from "./seen.ts";

/** What an object is to its table, for messages. */
export type Part =
  | "metadata file"
  | "manifest list"
  | "manifest"
  | "statistics file"
  | "data file"
  | "position delete file"
  | "equality delete file"
  | "deletion vector file";

/** An object that a table names. */
export interface Expected {
  part: Part;
  /** Bytes; absent where Iceberg does not say. */
  size?: number;
  /** The current snapshot of a branch needs it. */
  current: boolean;
  /** It was read, so that nobody need look for it. */
  read: boolean;
  /** The store has listed it. */
  listed?: boolean;
}

/** The files of a table that are looked at at once: all, or those whose names have this remainder. */
export interface Slice {
  at: number;
  of: number;
}

export const inSlice = ({ at, of }: Slice, key: string): boolean => of === 1 || hash53(key) % of === at;

export type FlawReason =
  | "Missing"
  | "Empty"
  | "WrongSize"
  | "Broken"
  | "NotUnderstood"
  | "WrongBucket"
  | "OtherStore";

/** The same fault of one or more objects of a table. */
export interface Flaw {
  reason: FlawReason;
  part: Part;
  current: boolean;
  count: number;
  /** The first of them, with what is wrong with each: `(10 bytes instead of 900)`. */
  examples: { path: string; words?: string }[];
}

export const EXAMPLES = 3;

/** The flaws of one table, alike ones together. */
export interface Flaws {
  add(reason: FlawReason, part: Part, current: boolean, path: string, words?: string): void;
  all(): Flaw[];
}

export function flaws(): Flaws {
  const found = new Map<string, Flaw>();
  return {
    add(reason, part, current, path, words) {
      const key = `${reason} ${part} ${current}`;
      const before = found.get(key);
      const flaw = before ?? { reason, part, current, count: 0, examples: [] };
      if (!before) found.set(key, flaw);
      flaw.count++;
      if (flaw.examples.length < EXAMPLES) {
        flaw.examples.push(words === undefined ? { path } : { path, words });
      }
    },
    all: () => [...found.values()],
  };
}

/** Alike ones of two parts of a table together. */
export function joinFlaws(some: readonly Flaw[], more: readonly Flaw[]): Flaw[] {
  const all = some.map((flaw) => ({ ...flaw, examples: [...flaw.examples] }));
  for (const flaw of more) {
    const before = all.find(({ reason, part, current }) =>
      reason === flaw.reason && part === flaw.part && current === flaw.current
    );
    if (!before) all.push(flaw);
    else {
      before.count += flaw.count;
      before.examples = [...before.examples, ...flaw.examples].slice(0, EXAMPLES);
    }
  }
  return all;
}

/** All objects that a table names, those below its location apart from those elsewhere. */
export interface Names {
  bucket: string;
  /** Ends with a slash; empty: a whole bucket is the table's location. */
  prefix: string;
  /** By key. */
  inside: Map<string, Expected>;
  /** By `bucket/key`. */
  outside: Map<string, Expected & { place: ObjectPlace }>;
  /** Takes a name; gives its place, or undefined where it is in no S3 store. */
  add(path: string, expected: Expected): ObjectPlace | undefined;
}

/** Bytes that a name takes beside its text: an entry of a map, and what is expected of it. */
const NAME_BYTES = 250;

/** Holds the names of this slice, as many as there is room for; `add` throws Overfull. */
export function namesOf(location: ObjectPlace, slice: Slice, allowance: Allowance): Names {
  const { bucket } = location;
  const prefix = prefixOf(location);
  const inside = new Map<string, Expected>();
  const outside = new Map<string, Expected & { place: ObjectPlace }>();
  return {
    bucket,
    prefix,
    inside,
    outside,
    add(path, expected) {
      const place = placeOf(path);
      if (!place || !inSlice(slice, place.key)) return place;
      if (prefix !== "" && place.bucket === bucket && place.key.startsWith(prefix)) {
        if (merge(inside, place.key, expected)) allowance.take(NAME_BYTES + 2 * path.length, true);
      } else if (merge(outside, `${place.bucket}/${place.key}`, { ...expected, place })) {
        allowance.take(2 * (NAME_BYTES + 2 * path.length), true);
      }
      return place;
    },
  };
}

/** Whether it is new. */
function merge<E extends Expected>(into: Map<string, E>, key: string, expected: E): boolean {
  const before = into.get(key);
  if (!before) {
    into.set(key, expected);
    return true;
  }
  before.current ||= expected.current;
  before.read ||= expected.read;
  before.size ??= expected.size;
  return false;
}

/** What is wrong with an object of this size, if anything. */
export function sizeFlaw(
  size: number,
  { size: named }: Expected,
): { reason: "Empty" | "WrongSize"; words: string } | undefined {
  const instead = named === undefined ? "" : ` instead of ${bytesText(named)}`;
  if (size === 0 && named !== 0) return { reason: "Empty", words: `(0 bytes${instead})` };
  if (named === undefined || size === named) return undefined;
  return { reason: "WrongSize", words: `(${bytesText(size)}${instead})` };
}

const bytesText = (count: number): string => `${count} ${count === 1 ? "byte" : "bytes"}`;
