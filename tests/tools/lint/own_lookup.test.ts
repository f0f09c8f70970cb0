import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id }) => id);
}

const TABLE = "const TABLE: Record<string, number> = { a: 1 };";

Deno.test("a look-up by text in what has any names is rejected", () => {
  for (
    const text of [
      `${TABLE} export const found = (name: string) => TABLE[name];`,
      `export const found = (name: string) => TABLE[name]; ${TABLE}`,
      `${TABLE} export const found = (word?: string) => TABLE[word ?? ""];`,
      `${TABLE} export const found = (word: string) => TABLE[\`\${word}\`];`,
      `${TABLE} export const found = (word: string) => TABLE["x" + word.trim() + word];`,
      `${TABLE} export const found = (word: { kind: string }) => TABLE[word.kind];`,
      `${TABLE} export const found = (word: string) => TABLE[word.toLowerCase()];`,
      "const T: Readonly<Record<string, number>> = {}; export const found = (name: string) => T[name];",
      "const T: Partial<Record<string, number>> = {}; export const found = (name: string) => T[name];",
      "export const found = (table: Record<string, number>, name: string) => table[name];",
      "export const found = (table: Record<string, number> | undefined, name: string) => table?.[name];",
      "export const found = (value: object, name: string) => (value as Record<string, unknown>)[name];",
      "export const found = (pod: { labels?: { [k: string]: string } }, name: string) => pod.labels?.[name];",
      "export const found = (world: { answers(): { [k: string]: 1 } }, name: string) => world.answers()[name];",
      "export function count(errors: Record<string, number>, name: string) { errors[name] ??= 0; }",
      "export function count(errors: Record<string, number>, name: string) { errors[name] += 1; }",
      "export const found = (table: object, name: string) => name in table;",
    ]
  ) assert.deepEqual(said("lib/engine/check.ts", text), ["lakecheck/own-lookup"], text);
});

Deno.test("names that are written down, places in lists and what is written are fine", () => {
  for (
    const text of [
      `${TABLE} export const found = [TABLE.a, TABLE["a"]];`,
      `${TABLE} const A = "a"; export const found = TABLE[A];`,
      "export const found = (all: string[], at: number) => [all[at], all[at + 1], all[0]];",
      'type Kind = "a" | "b"; const T: Record<Kind, 1> = { a: 1, b: 1 }; export const f = (k: Kind) => T[k];',
      "export function put(table: Record<string, number>, name: string) { table[name] = 1; }",
      'export const found = (table: object) => "a" in table;',
      "const T = new Map<string, number>(); export const found = (name: string) => T.get(name);",
    ]
  ) assert.deepEqual(said("lib/engine/check.ts", text), [], text);
  const text = "export const found = (table: Record<string, number>, name: string) => table[name];";
  assert.deepEqual(said("tests/x.test.ts", text), []);
  assert.deepEqual(said("lib/untrusted/lookup.ts", text), []);
});
