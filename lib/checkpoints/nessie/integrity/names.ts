/** What one table names, and what is wrong with it. Pure; lives as long as its table is looked at. */
import { type ObjectPlace, placeOf, prefixOf } from "../../../iceberg/location.ts";

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
}

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

export function namesOf(location: ObjectPlace): Names {
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
      if (!place) return undefined;
      if (prefix !== "" && place.bucket === bucket && place.key.startsWith(prefix)) {
        merge(inside, place.key, expected);
      } else merge(outside, `${place.bucket}/${place.key}`, { ...expected, place });
      return place;
    },
  };
}

function merge<E extends Expected>(into: Map<string, E>, key: string, expected: E): void {
  const before = into.get(key);
  if (!before) {
    into.set(key, expected);
    return;
  }
  before.current ||= expected.current;
  before.read ||= expected.read;
  before.size ??= expected.size;
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
