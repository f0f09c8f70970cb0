import assert from "node:assert/strict";
import fc from "fast-check";
import { int64, parseBigJson, stringifyBigJson } from "../../lib/clients/big_json.ts";

Deno.test("a 64-bit id stays exact, and what a double holds stays a number", () => {
  const text =
    '{"snapshot-id":3051729675574597004,"small":7,"max":9007199254740991,"neg":-3051729675574597005,"f":1.5}';
  assert.deepEqual(parseBigJson(text), {
    "snapshot-id": 3051729675574597004n,
    small: 7,
    max: 9007199254740991,
    neg: -3051729675574597005n,
    f: 1.5,
  });
  assert.equal(stringifyBigJson(parseBigJson(text)), text);
});

Deno.test("digits in strings, long fractions and exponents are left as they are", () => {
  const text = '{"s":"3051729675574597004","d":0.12345678901234567,"e":1e300,"k3051729675574597004":1}';
  assert.deepEqual(parseBigJson(text), JSON.parse(text));
});

Deno.test("what is no JSON is refused, long digits or not", () => {
  for (const text of ["", "{", "[1,]", '{"a":3051729675574597004', "NaN"]) {
    assert.throws(() => parseBigJson(text), SyntaxError);
  }
});

Deno.test("any value with 64-bit integers comes back from its text", () => {
  const leaf = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string(),
    fc.integer(),
    fc.boolean(),
  );
  const big = (value: unknown): unknown =>
    typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  fc.assert(fc.property(fc.array(leaf), (values) => {
    assert.deepEqual(parseBigJson(stringifyBigJson(values)), values.map(big));
  }));
});

Deno.test("an integer is read as a bigint, and nothing else is one", () => {
  assert.equal(int64(7), 7n);
  assert.equal(int64(3051729675574597004n), 3051729675574597004n);
  assert.equal(int64(undefined), undefined);
  for (const value of [1.5, "7", true, 2 ** 60]) assert.throws(() => int64(value), /expected an integer/);
});
