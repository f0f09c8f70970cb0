import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance } from "../../lib/untrusted/edit_distance.ts";

Deno.test("letters added, taken away, changed and swapped count one each", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["nessie", "nessie", 0],
    ["nessie", "nesie", 1],
    ["nessie", "nessies", 1],
    ["nessie", "nassie", 1],
    ["nessie", "nesise", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, expected] of cases) assert.equal(editDistance(a, b), expected, `${a} ${b}`);
});

Deno.test("property: it is the same both ways, 0 only for the same, and at most the longer length", () => {
  const name = fc.string({ maxLength: 20 });
  fc.assert(fc.property(name, name, (a, b) => {
    const distance = editDistance(a, b);
    assert.equal(distance, editDistance(b, a));
    assert.equal(distance === 0, a === b);
    assert.ok(distance <= Math.max(a.length, b.length));
    assert.ok(distance >= Math.abs(a.length - b.length));
  }));
});
