/** What generated tests say their facts with. Imports nothing of the platform. */
import { AssertionError } from "node:assert/strict";
import type { AssertedFact, Json } from "./asserted.ts";

/** Facts as they are now. */
export interface Seen {
  /** Of the fact of this id; undefined when there is no such fact now. Throws what stood in the way of looking. */
  value(id: string): Promise<Json | undefined>;
}

/** Looks when it is first asked, and once. */
export function once(look: () => Promise<readonly AssertedFact[]>): Seen {
  let facts: Promise<readonly AssertedFact[]> | undefined;
  return {
    async value(id) {
      facts ??= look();
      return (await facts).find((fact) => fact.id === id)?.value;
    },
  };
}

/** AssertionError unless `value` is a number of at most `limit`. */
export function atMost(value: Json | undefined, limit: number): void {
  if (typeof value === "number" && value <= limit) return;
  throw new AssertionError({
    message: `it is ${JSON.stringify(value)}, and should be at most ${limit}`,
    actual: value,
    expected: limit,
  });
}

/** AssertionError unless `value` is a list with every one of `wanted`. */
export function includes(value: Json | undefined, wanted: readonly Json[]): void {
  const there = new Set(Array.isArray(value) ? value.map((one) => JSON.stringify(one)) : []);
  const missing = wanted.filter((one) => !there.has(JSON.stringify(one)));
  if (missing.length === 0) return;
  throw new AssertionError({
    message: `missing: ${missing.map((one) => JSON.stringify(one)).join(", ")}`,
    actual: value,
    expected: wanted,
  });
}
