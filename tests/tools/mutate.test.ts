import assert from "node:assert/strict";
import { chosen, mutationsOf } from "../../tools/mutate.ts";

const TEXT = `/** A comment with a || b. */
import { a } from "./a.ts";
const LIMIT = 120;
export function f(x: string) {
  if (x === "") return false;
  return /^ok/.test(x) || x.length > LIMIT;
}
const words =
  "prose with 30 words || more";
`;

const changes = mutationsOf("f.ts", TEXT).map(({ line, before, after }) => `${line} ${before} > ${after}`);

Deno.test("operators are turned around; anchors, limits and guards are taken away", () => {
  for (
    const wanted of [
      "3 const LIMIT = 120; > const LIMIT = 0;",
      '5 if (x === "") return false; > if (x !== "") return false;',
      '5 if (x === "") return false; > if (x === "") return true;',
      '5 if (x === "") return false; > ',
      "6 return /^ok/.test(x) || x.length > LIMIT; > return /^ok/.test(x) && x.length > LIMIT;",
      "6 return /^ok/.test(x) || x.length > LIMIT; > return /^ok/.test(x) || x.length >= LIMIT;",
      "6 return /^ok/.test(x) || x.length > LIMIT; > return /ok/.test(x) || x.length > LIMIT;",
    ]
  ) assert.ok(changes.includes(wanted), `${wanted}\n${changes.join("\n")}`);
});

Deno.test("comments, imports and prose are left alone, and each change is of one place", () => {
  assert.deepEqual(changes.filter((change) => /^[1289] /.test(change)), []);
  for (const { text, line } of mutationsOf("f.ts", TEXT)) {
    const differing = text.split("\n").filter((one, index) => one !== TEXT.split("\n")[index]);
    assert.equal(differing.length, 1, `line ${line}`);
  }
});

Deno.test("the same seed chooses the same changes, another seed others", () => {
  const all = Array.from({ length: 50 }, (_, index) => index);
  assert.deepEqual(chosen(all, 5, 1), chosen(all, 5, 1));
  assert.notDeepEqual(chosen(all, 5, 1), chosen(all, 5, 2));
  assert.equal(new Set(chosen(all, 50, 3)).size, 50);
});
