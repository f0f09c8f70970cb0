/**
 * JSON whose integers of 64 bits stay exact. Snapshot ids of Iceberg are such integers, and JSON.parse rounds them:
 * 3051729675574597004 becomes 3051729675574597000, which is no snapshot.
 */
import type { Reader } from "../engine/model.ts";
import { ShapeError } from "../engine/decode.ts";
import { parseJson, type Reviver } from "../untrusted/json.ts";

/** An integer that a double may not hold exactly has at least 16 digits. */
const MAYBE_BIG = /\d{16}/;
const INTEGER = /^-?\d+$/;

const keepBig: Reviver = (_key, value, context) => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
};

/** As JSON.parse, but an integer that a double can't hold exactly is a bigint. Throws SyntaxError. */
export function parseBigJson(text: string): unknown {
  return MAYBE_BIG.test(text) ? parseJson(text, keepBig) : parseJson(text);
}

/** JSON.rawJSON, which the compiler's library does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** As JSON.stringify, but a bigint is written as an integer. */
export function stringifyBigJson(value: unknown, indent?: number): string {
  const write = (_key: string, part: unknown) => typeof part === "bigint" ? rawJSON(String(part)) : part;
  return JSON.stringify(value, write, indent);
}

/** An integer of up to 64 bits, small or large, as a bigint. */
export const int64: Reader<bigint> = (value) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw new ShapeError(
    "",
    `is ${typeof value === "number" ? "no integer" : `a ${typeof value}`}, expected an integer`,
  );
};
