/** From the JSON of the program in the pod to rows of cells. Pure; throws CannotLook for what is none. */
import { cannotLook } from "../../../clients/network_errors.ts";
import type { Cell, Rows } from "./engine.ts";

type Value = Cell | readonly Value[];

export function columnsOf(value: unknown): Rows["columns"] {
  return listOf(value).map((column) => {
    const [name, type] = listOf(column);
    return { name: textOf(name), type: textOf(type) };
  });
}

export function rowsOf(value: unknown): Rows["rows"] {
  return listOf(value).map((row) => listOf(row).map(cellOf));
}

function cellOf(value: unknown): Cell {
  const plain = plainOf(value);
  return typeof plain === "object" && plain !== null ? JSON.stringify(plain) : plain;
}

function plainOf(value: unknown): Value {
  if (value === null || typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(plainOf);
  const { f, m } = (value ?? {}) as { f?: unknown; m?: unknown };
  if (f !== undefined) return floating(textOf(f));
  if (m === undefined) throw malformed();
  const pairs = listOf(m).map(plainOf).map((pair) => ({ pair, key: JSON.stringify(listOf(pair)[0]) }));
  return pairs.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0).map(({ pair }) => pair);
}

/** As JavaScript prints doubles: Java's digits are enough to tell each from its neighbours. */
function floating(text: string): string {
  const number = Number(text);
  return Object.is(number, -0) ? "-0" : String(number);
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed();
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw malformed();
}

function malformed(): Error {
  return cannotLook("malformed", "an answer of Spark's is not understood");
}
