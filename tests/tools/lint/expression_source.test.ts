import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id }) => id);
}

const RULE = "lakecheck/expression-source";

Deno.test("an expression made of text from elsewhere is rejected", () => {
  for (
    const text of [
      "export const found = (name: string) => new RegExp(`<${name}>`);",
      "export const found = (name: string) => new RegExp(name);",
      "export const found = (name: string) => RegExp(name, 'g');",
      'export const found = (name: string) => new RegExp("^" + name);',
      "export const found = (name: string) => new RegExp(`^${RegExp.escape(name)}${name}$`);",
      "export const found = (name: string) => new RegExp(`^${escape(name)}$`);",
      "export const found = (text: string, name: string) => text.match(name);",
      "export const found = (text: string, name: string) => text.search(`${name}`);",
      "export const found = (text: string, name: string) => [...text.matchAll(name)];",
    ]
  ) {
    assert.deepEqual(said("lib/engine/check.ts", text), [RULE], text);
    assert.deepEqual(said("scripts/x.ts", text), [RULE], text);
  }
});

Deno.test("one that is written down or escaped is fine, and so are tests and tools", () => {
  for (
    const text of [
      'const SCRATCH = "x"; export const found = new RegExp(`${SCRATCH}[a-z]+`);',
      "export const found = (name: string) => new RegExp(`^${RegExp.escape(name)}$`);",
      "export const found = (text: string) => [text.match(/x/), text.search(/x/), ...text.matchAll(/x/g)];",
      "const WORDS = /x/g; export const found = (text: string) => [...text.matchAll(WORDS)];",
      "export const found = (client: { search(): void }) => client.search();",
    ]
  ) assert.deepEqual(said("lib/engine/check.ts", text), [], text);
  assert.deepEqual(said("tests/x.test.ts", "export const found = (name: string) => new RegExp(name);"), []);
});
