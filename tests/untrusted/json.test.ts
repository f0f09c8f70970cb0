import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { DEEPEST, parseJson, parseList } from "../../lib/untrusted/json.ts";
import { int64, parseBigJson } from "../../lib/clients/big_json.ts";
import { parseExact } from "../../lib/iceberg/exact_json.ts";
import { computedMs } from "../patience.ts";

const nested = (levels: number, open = "[", close = "]", inner = "1") =>
  `${open.repeat(levels)}${inner}${close.repeat(levels)}`;

Deno.test("JSON of 200 levels is read, of 201 it is no JSON to us, whatever it is nested by", () => {
  for (const parse of [parseJson, parseBigJson, parseExact]) {
    for (const [open, close] of [["[", "]"], ['{"a":', "}"], ['[{"a":1,"b":', "}]"]] as const) {
      const each = open.startsWith("[{") ? 2 : 1;
      const most = DEEPEST / each;
      parse(nested(most, open, close));
      assert.throws(() => parse(nested(most + 1, open, close)), SyntaxError);
      for (const inner of ["1", "12345678901234567890", "", '"']) {
        assert.throws(() => parse(nested(100_000, open, close, inner)), SyntaxError);
        assert.throws(() => parse(open.repeat(100_000)), SyntaxError);
      }
    }
  }
});

Deno.test("brackets in strings, and many beside each other, are no depth", () => {
  for (const text of ["[".repeat(1000), '\\"[[['.repeat(500), "]".repeat(1000), '{"a":'.repeat(1000)]) {
    assert.deepEqual(parseJson(JSON.stringify([text])), [text]);
  }
  const wide = Array.from({ length: 5000 }, () => [{ a: [] }]);
  assert.deepEqual(parseJson(JSON.stringify(wide)), wide);
});

Deno.test("property: JSON comes as JSON.parse gives it, and what is none is a SyntaxError", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => {
    assert.deepEqual(parseJson(text), JSON.parse(text));
  }));
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'[]{}":,\\1ea \n') }), (text) => {
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      assert.throws(() => parseJson(text), SyntaxError);
      return;
    }
    assert.deepEqual(parseJson(text), expected);
  }));
});

Deno.test("a list of any depth is parsed: its reader takes the fields it names", () => {
  assert.ok(Array.isArray(parseList(nested(100_000))));
});

Deno.test("strings without an end are read through once by exact JSON", () => {
  for (const pump of ['\\"', '"', "\\", '1234567890123456"', '\\"a:']) {
    const text = `"1234567890123456${pump.repeat(200_000)}`;
    const begin = process.cpuUsage();
    try {
      parseExact(text);
    } catch (error) {
      assert.ok(error instanceof SyntaxError, String(error));
    }
    assert.ok(computedMs(begin) < 20_000);
  }
});

Deno.test("property: exact JSON reads any text as JSON.parse does, but for long integers", () => {
  const value = fc.jsonValue({ maxDepth: 4 }).filter((one) => !/\d{16}/.test(JSON.stringify(one)));
  fc.assert(fc.property(value, (one) => {
    const text = JSON.stringify({ one, long: 0 }).replace('"long":0', '"long":9007199254740993');
    assert.deepEqual(parseExact(text), { one: JSON.parse(JSON.stringify(one)), long: "9007199254740993" });
    assert.equal(int64((parseBigJson(text) as { long: unknown }).long), 9007199254740993n);
  }));
});
