import assert from "node:assert/strict";
import { memo } from "../../lib/engine/memo.ts";

Deno.test("each object's value is made once, also when it is undefined", () => {
  let made = 0;
  const ofObject = memo((key: { n?: number }) => {
    made++;
    return key.n;
  });
  const [one, none] = [{ n: 1 }, {}];
  assert.deepEqual([ofObject(one), ofObject(none), ofObject(one), ofObject(none)], [
    1,
    undefined,
    1,
    undefined,
  ]);
  assert.equal(made, 2);
  assert.equal(ofObject({ n: 1 }), 1);
  assert.equal(made, 3, "an object like it is another one");
});
