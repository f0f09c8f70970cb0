import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";
import { MOST_LINES } from "../../../tools/lint/short_functions.ts";

function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id, message }) => `${id}: ${message}`);
}

/** The head and the end of a function with as many lines between as make it so long. */
const long = (head: string, lines: number, end = "}") =>
  [head, ...Array.from({ length: lines - 2 }, () => "  n++;"), end].join("\n");

Deno.test("a function of more than 70 lines is refused, however it is written", () => {
  for (
    const head of [
      "function f() {",
      "const f = () => {",
      "const f = function () {",
      "const o = { async f() {",
    ]
  ) {
    const end = head.startsWith("const o") ? "} };" : "}";
    const text = `let n = 0;\n${long(head, MOST_LINES + 1, end)}`;
    assert.deepEqual(said("lib/engine/x.ts", text), [
      `lakecheck/short-functions: a function of ${MOST_LINES + 1} lines; ${MOST_LINES} fit on a screen`,
    ], head);
    assert.deepEqual(said("tests/x.test.ts", text), []);
    assert.deepEqual(said("lib/engine/x.ts", `let n = 0;\n${long(head, MOST_LINES, end)}`), []);
  }
});
