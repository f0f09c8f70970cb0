/**
 * Readers that decode the fields we keep of an API object and drop the rest. They are the whole list of
 * what facts may hold. A field of another type than its API promises throws ShapeError with its path;
 * an absent field is undefined. (docs/decisions/shape.md says why this is not zod.)
 */
import type { ObjectRef, Reader } from "./model.ts";
import { own } from "../untrusted/lookup.ts";
import { cut } from "../untrusted/text.ts";

/** A value does not have the shape its API promises; the message names the path. */
export class ShapeError extends Error {
  override name = "ShapeError";
  constructor(readonly path: string, readonly problem: string) {
    super(`${path} ${problem}`);
  }
}

/** Where it was met is only put together when it is needed: paths for every field would double the time of reading. */
function within(segment: string, error: unknown): unknown {
  return error instanceof ShapeError ? new ShapeError(`${segment}${error.path}`, error.problem) : error;
}

/** Reads a part of something; `segment` stands before the path of what it throws. */
export function part<T>(read: Reader<T>, value: unknown, segment: string): T | undefined {
  try {
    return read(value);
  } catch (error) {
    throw within(segment, error);
  }
}

function refuse(value: unknown, expected: string): never {
  throw new ShapeError("", `is ${describe(value)}, expected ${expected}`);
}

function typed<T>(type: string): Reader<T> {
  return (value) => {
    if (value === undefined || value === null) return undefined;
    const actual: string = typeof value;
    if (actual !== type) refuse(value, type);
    return value as T;
  };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A text of any length, to be reduced at once: the values of a ConfigMap, an environment, a log. */
export const anyText: Reader<string> = typed<string>("string");

/** A text of at most so many UTF-16 units. A longer one is not understood: cut, it would be another. */
function upTo(limit: number): Reader<string> {
  return (value) => {
    if (typeof value !== "string") return anyText(value);
    if (value.length <= limit) return value;
    throw new ShapeError("", `is a text of ${value.length} characters, expected at most ${limit}`);
  };
}

/** A text as it is; the longest are paths, queries and settings. */
export const str: Reader<string> = upTo(32 * 1024);

/** The name of an object, a key of a Secret and the like: Kubernetes has none that is longer. */
export const objectName: Reader<string> = upTo(253);

/** What an entry is called at a provider of secrets; the longest are ARNs. */
export const remoteName: Reader<string> = upTo(2048);

/** A message for people: what is longer is cut, and says so. */
export const messageText: Reader<string> = via(anyText, (text) => cut(text, 32 * 1024));

export const num: Reader<number> = typed<number>("number");
export const bool: Reader<boolean> = typed<boolean>("boolean");

/** int-or-string, as ports and thresholds are. */
export const intOrStr: Reader<string | number> = (value) => typeof value === "number" ? value : str(value);

/** True when the field is there at all, whatever it holds. */
export const present: Reader<true> = (value) => value === undefined || value === null ? undefined : true;

type Fields = Record<string, Reader<unknown>>;
type Decoded<F extends Fields> = { [K in keyof F]?: F[K] extends Reader<infer T> ? T : never };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with these fields, each optional. */
export function obj<F extends Fields>(fields: F): Reader<Decoded<F>> {
  const entries = Object.entries(fields);
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (!isRecord(value)) refuse(value, "an object");
    const out: Record<string, unknown> = {};
    let at = "";
    try {
      for (const [key, read] of entries) {
        const field = value[key];
        if (field === undefined) continue;
        at = key;
        const kept = read(field);
        if (kept !== undefined) out[key] = kept;
      }
    } catch (error) {
      throw within(`.${at}`, error);
    }
    return out as Decoded<F>;
  };
}

/** A list of such values; null and absent entries are dropped. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) refuse(value, "a list");
    const out: T[] = [];
    let i = 0;
    try {
      for (; i < value.length; i++) {
        const kept = read(value[i]);
        if (kept !== undefined) out.push(kept);
      }
    } catch (error) {
      throw within(`[${i}]`, error);
    }
    return out;
  };
}

/** Longest part of a path that a message quotes, in UTF-16 units. */
const SEGMENT = 80;
const LONGEST_KEY = 4096;

/** A map with any keys of up to 4096 UTF-16 units. */
export function map<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (!isRecord(value)) refuse(value, "an object");
    const out: Record<string, T> = {};
    let at = "";
    try {
      for (at in value) {
        if (at.length > LONGEST_KEY) throw new ShapeError("", `is a key of ${at.length} characters`);
        const kept = read(value[at]);
        // Deno has no setter __proto__: a key of this name is one like any other.
        if (kept !== undefined) out[at] = kept;
      }
    } catch (error) {
      throw within(`.${cut(at, SEGMENT)}`, error);
    }
    return out;
  };
}

/** Another reader's value changed on the way; undefined drops it. */
export function via<A, B>(read: Reader<A>, change: (value: A) => B | undefined): Reader<B> {
  return (value) => {
    const kept = read(value);
    return kept === undefined ? undefined : change(kept);
  };
}

type Whole<F extends Fields> = { [K in keyof F]: F[K] extends Reader<infer T> ? T : never };

/** An object that has every one of `needed`, and of `more` what it has. */
export function whole<F extends Fields, M extends Fields = Record<never, never>>(
  needed: F,
  more?: M,
): Reader<Whole<F> & Decoded<M>> {
  const read = obj({ ...needed, ...more });
  const names = Object.keys(needed);
  return (value) => {
    const kept: Record<string, unknown> | undefined = read(value);
    const absent = kept && names.find((name) => own(kept, name) === undefined);
    if (absent !== undefined) throw new ShapeError(`.${absent}`, "is absent");
    return kept as (Whole<F> & Decoded<M>) | undefined;
  };
}

/** Text of at least `least` UTF-16 units; what is longer than `limit` is cut. */
export function text(limit: number, least = 0): Reader<string> {
  return (value) => {
    const kept = anyText(value);
    if (kept !== undefined && kept.length < least) throw new ShapeError("", "is too short");
    return kept === undefined ? undefined : cut(kept, limit);
  };
}

/** Text of this form; `form` says where it begins and ends. */
export function matching(form: RegExp): Reader<string> {
  return (value) => {
    const kept = str(value);
    if (kept !== undefined && !form.test(kept)) throw new ShapeError("", "is of another form");
    return kept;
  };
}

/** One of these words. */
export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  return (value) => {
    const kept = str(value);
    const word = words.find((one) => one === kept);
    if (kept !== undefined && word === undefined) throw new ShapeError("", `is none of ${words.join(", ")}`);
    return word;
  };
}

/** A list of at most so many. */
export function atMost<T>(max: number, read: Reader<T[]>): Reader<T[]> {
  return (value) => {
    if (Array.isArray(value) && value.length > max) throw new ShapeError("", `has more than ${max} entries`);
    return read(value);
  };
}

/** An object in the graph, as records name it. */
export const objectRef: Reader<ObjectRef> = whole(
  { kind: matching(/^[A-Za-z][A-Za-z0-9]{0,99}$/), name: text(1100, 1) },
  { namespace: text(253) },
);

/** `http://HOST[:PORT][/PATH]`: fit for any file and any command. */
export const httpUrl: Reader<string> = matching(
  /^https?:\/\/[A-Za-z0-9.:[\]_-]{1,300}(?:\/[A-Za-z0-9._~%/-]{0,1000})?$/,
);
