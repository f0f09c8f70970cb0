/** Values as Parquet stores them, which readers in exact mode give, as the values of a Table. */
import type { AnyElement } from "./schema.ts";
import type { Field, IcebergType, Value } from "./types.ts";

/**
 * The schema without what makes a reader convert inexactly: decimals stay integers or bytes, and a map stays the
 * repeated group of pairs that it is, because an object of JavaScript has text keys in an order of its own.
 */
export function withoutConversions<T extends AnyElement>(schema: readonly T[]): T[] {
  return schema.map((element) =>
    element.converted_type === "DECIMAL" || element.converted_type === "MAP"
      ? { ...element, converted_type: undefined, logical_type: undefined }
      : element
  );
}

/** One stored value; what is not of the type is passed on, to be seen as a difference. */
export function fromStored(type: IcebergType, stored: unknown): Value {
  if (stored === null || stored === undefined) return null;
  if (typeof type === "string" || "fixed" in type) return stored as Value;
  if ("decimal" in type) return unscaled(stored);
  if ("struct" in type) return struct(type.struct, stored);
  if ("list" in type) {
    return Array.isArray(stored) ? stored.map((one) => fromStored(type.list.type, one)) : stored as Value;
  }
  const pairs = isObject(stored) ? stored.key_value : undefined;
  if (!Array.isArray(pairs)) return stored as Value;
  const { key, value } = type.map;
  return pairs.map((pair: unknown) =>
    isObject(pair) ? [fromStored(key.type, pair.key), fromStored(value.type, pair.value)] : pair as Value
  );
}

function struct(fields: readonly Field[], stored: unknown): Value {
  if (!isObject(stored)) return stored as Value;
  return Object.fromEntries(fields.map(({ name, type }) => [name, fromStored(type, stored[name])]));
}

function unscaled(stored: unknown): Value {
  if (typeof stored === "number" && Number.isSafeInteger(stored)) return BigInt(stored);
  if (!(stored instanceof Uint8Array)) return stored as Value;
  let value = 0n;
  for (const byte of stored) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * stored.length, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
