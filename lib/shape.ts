/**
 * Readers that decode the fields we keep of an API object and drop the rest. They are the whole list of
 * what facts may hold. A field of another type than its API promises throws ShapeError with its path;
 * an absent field is undefined. (docs/decisions/shape.md says why this is not zod.)
 */
import type { Reader } from "./model.ts";

/** A value does not have the shape its API promises; the message names the path. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

function typed<T>(type: string): Reader<T> {
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    const actual: string = typeof value;
    if (actual !== type) throw new ShapeError(`${path} is ${describe(value)}, expected ${type}`);
    return value as T;
  };
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
}

export const str: Reader<string> = typed<string>("string");
export const num: Reader<number> = typed<number>("number");
export const bool: Reader<boolean> = typed<boolean>("boolean");

/** int-or-string, as ports and thresholds are. */
export const intOrStr: Reader<string | number> = (value, path) =>
  typeof value === "number" ? value : str(value, path);

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
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (!isRecord(value)) throw new ShapeError(`${path} is ${describe(value)}, expected an object`);
    const out: Record<string, unknown> = {};
    for (const [key, read] of entries) {
      const kept = value[key] === undefined ? undefined : read(value[key], `${path}.${key}`);
      if (kept !== undefined) out[key] = kept;
    }
    return out as Decoded<F>;
  };
}

/** A list of such values; null and absent entries are dropped. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw new ShapeError(`${path} is ${describe(value)}, expected a list`);
    const out: T[] = [];
    for (let i = 0; i < value.length; i++) {
      const kept = read(value[i], `${path}[${i}]`);
      if (kept !== undefined) out.push(kept);
    }
    return out;
  };
}

/** A map with any keys. */
export function map<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (!isRecord(value)) throw new ShapeError(`${path} is ${describe(value)}, expected an object`);
    const out: Record<string, T> = {};
    for (const [key, entry] of Object.entries(value)) {
      const kept = read(entry, `${path}.${key}`);
      if (kept !== undefined) out[key] = kept;
    }
    return out;
  };
}

/** Another reader's value changed on the way; undefined drops it. */
export function via<A, B>(read: Reader<A>, change: (value: A) => B | undefined): Reader<B> {
  return (value, path) => {
    const kept = read(value, path);
    return kept === undefined ? undefined : change(kept);
  };
}
