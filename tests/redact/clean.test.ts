import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { clean, cleanLine, oneLine } from "../../lib/redact/mod.ts";
import { computedMs } from "../patience.ts";

Deno.test("control sequences, hidden marks and line breaks are taken out of a line", () => {
  const cases: Record<string, [text: string, expected: string]> = {
    "CSI": ["a\x1b[2Jb\x1b[31;1mc", "abc"],
    "8-bit CSI": ["a\x9b2Jb", "ab"],
    "OSC with its end": ["a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c", "abc"],
    "OSC without an end": ["a\x1b]0;title", "a"],
    "8-bit OSC": ["a\x9d0;title\x9cb", "ab"],
    "DCS, SOS, PM, APC": ["a\x1bPx\x1b\\b\x1bXx\x1b\\c\x1b^x\x1b\\d\x1b_x\x1b\\e", "abcde"],
    "other escapes": ["a\x1bcb\x1b(0d", "abd"],
    "a sequence that hides behind a mark": ["a\x1b\u200b[2Jb", "ab"],
    "C0 and DEL": ["a\x00b\x08c\x7fd", "a\ufffdb\ufffdc\ufffdd"],
    "C1": ["a\x80b\x84c", "a\ufffdb\ufffdc"],
    "line breaks": ["a\nb\r\nc\td\ve\ff\x85g\u2028h\u2029i", "a b c d e f g h i"],
    "bidi overrides and isolates": [
      "a\u202eb\u202dc\u2066d\u2067e\u2068f\u2069g\u061ch\u200ei\u200fj",
      "abcdefghij",
    ],
    "zero width": ["a\u200bb\u200cc\u200dd\u2060e\ufeff f\u00adg\u180eh", "abcde fgh"],
    "tags and annotations": ["a\u{e0041}b\ufff9c", "abc"],
  };
  for (const [name, [text, expected]] of Object.entries(cases)) assert.equal(clean(text), expected, name);
});

Deno.test("what is harmless stays", () => {
  for (const text of ["", "a  b", "Łódź 語 😀", "a\u00a0b", "~!@#"]) assert.equal(clean(text), text);
  assert.equal(clean("  a "), "a");
  assert.equal(cleanLine("  removes  a\nb "), "  removes  a b");
  assert.equal(oneLine("a\nb".repeat(10), 5), "a ba…");
});

const anything = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff))).map((units) =>
  String.fromCharCode(...units)
);

Deno.test("property: of no text at all does anything stay that a terminal obeys", () => {
  fc.assert(fc.property(anything, (text) => {
    const told = clean(text);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(told, /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
    assert.equal(clean(told), told);
  }));
});

Deno.test("cleaning is linear in blanks, escapes and marks", () => {
  for (const unit of [" ", "\n", "\x1b", "\x1b[", "\x9b0", "\x1b ", "\u200b", " \n", "\x1b]"]) {
    const once = (text: string) => {
      const begin = process.cpuUsage();
      clean(text);
      return computedMs(begin);
    };
    // The least of three: what the collector does meanwhile counts as computed, too.
    const time = (length: number) => {
      const text = `a${unit.repeat(length / unit.length)}b`;
      return Math.min(once(text), once(text), once(text));
    };
    time(10_000);
    const [some, all] = [time(100_000), time(1_000_000)];
    assert.ok(all < 1000 && all < 30 * some + 100, `${JSON.stringify(unit)}: ${some} and ${all} ms`);
  }
});
