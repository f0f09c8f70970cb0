import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id, message }) => `${id}: ${message}`);
}

Deno.test("an order by the machine's locale is rejected in what people run, and allowed in tests", () => {
  const text = "a.sort((x, y) => x.localeCompare(y)); const c = new Intl.Collator();";
  assert.deepEqual(said("lib/engine/x.ts", text), [
    "lakecheck/locale-compare: localeCompare orders by the machine's locale, and loads its tables",
    "lakecheck/locale-compare: Intl.Collator orders by the machine's locale, and loads its tables",
  ]);
  assert.deepEqual(said("tests/x.test.ts", text), []);
  assert.deepEqual(said("lib/engine/x.ts", "a.sort((x, y) => x < y ? -1 : 1);"), []);
});
