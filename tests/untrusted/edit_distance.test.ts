import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { computedMs } from "../patience.ts";
import { contains, editDistance, looksLike } from "../../lib/untrusted/edit_distance.ts";

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

Deno.test("property: with a limit it is the same up to there, and Infinity beyond", () => {
  const name = fc.string({ maxLength: 12, unit: fc.constantFrom("a", "b", "-") });
  fc.assert(fc.property(name, name, fc.integer({ min: 0, max: 4 }), (a, b, most) => {
    const distance = editDistance(a, b);
    assert.equal(editDistance(a, b, most), distance > most ? Infinity : distance);
  }));
});

Deno.test("names are alike that are two letters off, or have the same words; and those that hold one another", () => {
  assert.ok(looksLike("s3-credentails", "s3-credentials"));
  assert.ok(looksLike("events-spark", "spark-events"));
  assert.ok(!looksLike("db", "dv"));
  assert.ok(!looksLike("spark-events", "spark-history"));
  assert.ok(contains("spark-events", "spark-events-pvc"));
  assert.ok(!contains("nessie", "nessie-postgres-rw"), "the lesser part of a name");
  assert.ok(!contains("event", "events-0"), "half a word");
});

Deno.test("two thousand long names that are nearly alike are compared within seconds", () => {
  const name = "ab".repeat(126);
  const others = Array.from({ length: 2000 }, (_, i) => "ba".repeat(120) + String(i).padStart(12, "0"));
  const begun = process.cpuUsage();
  for (const other of others) looksLike(name, other);
  assert.ok(computedMs(begun) < 5000);
});
