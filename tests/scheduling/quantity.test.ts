import assert from "node:assert/strict";
import fc from "fast-check";
import { formatQuantity, parseQuantity } from "../../lib/scheduling/mod.ts";

Deno.test("quantities: every suffix of the API is read", () => {
  const cases: [string | number, number][] = [
    ["500m", 0.5],
    ["12", 12],
    ["1e3", 1000],
    ["0.5", 0.5],
    ["2k", 2000],
    ["1Ki", 1024],
    ["128Mi", 134217728],
    ["15671352Ki", 16047464448],
    ["1E", 1e18],
    [3, 3],
  ];
  for (const [text, value] of cases) assert.equal(parseQuantity(text), value, String(text));
});

Deno.test("quantities: what is none is not known, and nothing throws", () => {
  for (const text of ["", "1Kb", "Mi", "1 Gi", "--1", "1e", undefined]) {
    assert.equal(parseQuantity(text), undefined);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const value = parseQuantity(text);
    return value === undefined || Number.isFinite(value);
  }));
});

Deno.test("quantities: what is written is read again, to a digit behind the point", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
    const again = parseQuantity(formatQuantity("memory", bytes)) ?? 0;
    return Math.abs(again - bytes) <= Math.max(1, bytes * 0.06);
  }));
});
