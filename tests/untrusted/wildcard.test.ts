import assert from "node:assert/strict";
import fc from "fast-check";
import { fits } from "../../lib/untrusted/wildcard.ts";

const some = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
const texts = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });

Deno.test("a pattern fits as an expression with .* for each * does", () => {
  fc.assert(
    fc.property(some, texts, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
      assert.equal(fits(pattern, text), expression.test(text), `${pattern} and ${text}`);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("a pattern that makes an expression try every place is told at once", () => {
  assert.equal(fits(`${"*a".repeat(50_000)}b`, "a".repeat(100_000)), false);
});
