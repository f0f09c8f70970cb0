/**
 * One text for one value, whoever read it: no rounding, no locale, NaN and -0 told apart, null different from empty.
 * A program in another language that writes the same texts can be compared byte by byte.
 */
import { type Field, type IcebergType, type Table, typeText, type Value } from "./types.ts";

/** null, a text, or parts: of a list and a struct in their order, of a map pairs. */
export type Canonical = null | string | readonly Canonical[];

/**
 * Numbers in decimal, floating-point numbers as the hexadecimal digits of their bits (`NaN` for every NaN), bytes in
 * hexadecimal. A value that is none of its type (a float for a decimal) becomes a text that begins with `!`.
 */
export function canonical(type: IcebergType, value: Value | undefined): Canonical {
  if (value === null || value === undefined) return null;
  if (typeof type === "string") return primitive(type, value);
  if ("fixed" in type) return value instanceof Uint8Array ? hex(value) : stray(value);
  if ("decimal" in type) return typeof value === "bigint" ? String(value) : stray(value);
  if ("struct" in type) {
    if (!isStruct(value)) return stray(value);
    return type.struct.map((field) => canonical(field.type, value[field.name]));
  }
  if (!isList(value)) return stray(value);
  if ("list" in type) return value.map((one) => canonical(type.list.type, one));
  const { key, value: held } = type.map;
  return value.map((pair) =>
    isList(pair) ? [canonical(key.type, pair[0]), canonical(held.type, pair[1])] : stray(pair)
  );
}

function primitive(type: string, value: Value): Canonical {
  switch (type) {
    case "boolean":
      return typeof value === "boolean" ? String(value) : stray(value);
    case "int":
    case "date":
      return Number.isInteger(value) ? String(value) : stray(value);
    case "float":
      return typeof value === "number" ? bits(value, 4) : stray(value);
    case "double":
      return typeof value === "number" ? bits(value, 8) : stray(value);
    case "string":
    case "uuid":
      return typeof value === "string" ? value : stray(value);
    case "binary":
      return value instanceof Uint8Array ? hex(value) : stray(value);
    default: // long, time and the timestamps
      return typeof value === "bigint" ? String(value) : stray(value);
  }
}

function bits(value: number, bytes: 4 | 8): string {
  if (Number.isNaN(value)) return "NaN";
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return hex(new Uint8Array(view.buffer));
}

/** Lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  // A Buffer's toHex of its own is not one; the view below is a plain Uint8Array.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).toHex();
}

function stray(value: Value): string {
  const what = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  return `!${what} ${typeof value === "object" ? "" : String(value)}`.trimEnd();
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isStruct(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

/** How two tables of the same fields differ, at most `limit` sentences; none: they are the same. */
export function differences(expected: Table, observed: readonly (readonly Value[])[], limit = 3): string[] {
  const found: string[] = [];
  for (const [at, field] of expected.fields.entries()) {
    if (found.length >= limit) break;
    const want = expected.columns[at] ?? [];
    const got = observed[at] ?? [];
    if (want.length === got.length) found.push(...inColumn(field, want, got, limit - found.length));
    else found.push(`column ${field.name} has ${got.length} rows, not ${want.length}`);
  }
  return found;
}

function inColumn(
  { name, type }: Field,
  want: readonly Value[],
  got: readonly Value[],
  limit: number,
): string[] {
  const found: string[] = [];
  for (const [row, value] of want.entries()) {
    if (found.length >= limit) break;
    const [expected, observed] = [canonical(type, value), canonical(type, got[row])];
    if (same(expected, observed)) continue;
    found.push(
      `column ${name} (${typeText(type)}), row ${row}: ${brief(observed)} came back for ${brief(expected)}`,
    );
  }
  return found;
}

function same(a: Canonical, b: Canonical): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  return a.length === b.length && a.every((one, at) => same(one, b[at]));
}

function brief(value: Canonical): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
