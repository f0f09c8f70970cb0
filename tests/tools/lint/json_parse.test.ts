import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id }) => id);
}

Deno.test("JSON is parsed in lib/untrusted/json.ts and nowhere else", () => {
  for (
    const text of [
      "export const read = (text: string) => JSON.parse(text);",
      'export const read = (text: string) => JSON["parse"](text);',
      "export const read = (text: string, how: string) => JSON[how](text);",
      "export const read = ['1'].map(JSON.parse);",
      "const { parse } = JSON; export const read = parse;",
      "const { parse: read } = JSON; export { read };",
      "const { ...all } = JSON; export { all };",
      "export const read = (response: Response) => response.json();",
    ]
  ) {
    assert.deepEqual(said("lib/engine/check.ts", text), ["lakecheck/json-parse"], text);
    assert.deepEqual(said("lib/untrusted/json.ts", text), [], text);
    assert.deepEqual(said("tests/x.test.ts", text), [], text);
  }
});

Deno.test("JSON is written anywhere", () => {
  for (
    const text of [
      "export const write = (value: unknown) => JSON.stringify(value);",
      "const { rawJSON, stringify } = JSON; export { rawJSON, stringify };",
      "export const at = (formats: { json: string }) => formats.json;",
      "export const parse = (text: string) => URL.parse(text);",
    ]
  ) assert.deepEqual(said("lib/engine/check.ts", text), [], text);
});
