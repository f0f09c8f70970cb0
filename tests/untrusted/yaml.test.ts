/** YAML whose aliases stand for far more than the file holds, or for themselves. */
import assert from "node:assert/strict";
import { type ParsedYaml, parseManifests, parseYaml } from "../../lib/untrusted/yaml.ts";

/** Each level names the one before ten times: a few hundred bytes stand for 10^levels texts. */
function bomb(levels: number, end = ""): string {
  const lines = Array.from({ length: levels }, (_, i) => {
    const inner = i === 0 ? "lol" : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array(10).fill(inner).join(", ")}]`;
  });
  return [...lines, end].join("\n");
}

/** The same in texts: few aliases, and each of them a long one. */
const long = `a: &a ${"x".repeat(1024 * 1024)}\nb: [${Array(17).fill("*a").join(", ")}]\n`;

const BOMBS: Record<string, string> = {
  "a billion texts": bomb(9),
  "a billion texts within a mapping": bomb(8, "kind: Config\nspec: {x: [*a7, {y: *a7}]}"),
  "few aliases of a long text": long,
};

const LOOPS: Record<string, string> = {
  "a list that holds itself": "a: &a [*a]\n",
  "a list that holds itself twice": "a: &a [*a, *a]\n",
  "a mapping that holds itself": "a: &a {b: *a}\n",
  "two hundred levels, by aliases": Array.from(
    { length: 210 },
    (_, i) => `a${i}: &a${i} [${i === 0 ? "x" : `*a${i - 1}`}]`,
  ).join("\n"),
};

const parsers: Record<string, (text: string) => Promise<ParsedYaml<unknown>>> = { parseYaml, parseManifests };

for (const [name, parse] of Object.entries(parsers)) {
  Deno.test(`${name} refuses a file whose aliases stand for more than 16 MiB`, async () => {
    for (const [what, text] of Object.entries(BOMBS)) {
      assert.deepEqual(
        await parse(text),
        { ok: false, why: "it is larger than 16 MiB with its aliases written out" },
        what,
      );
    }
  });

  Deno.test(`${name} refuses a file that is deeper than 200 levels, or has no end`, async () => {
    for (const [what, text] of Object.entries(LOOPS)) {
      assert.deepEqual(await parse(text), { ok: false, why: "it is nested deeper than 200 levels" }, what);
    }
  });

  Deno.test(`${name} refuses a bomb that is a key, and keys that are merged without an end`, async () => {
    const merged = Array.from(
      { length: 12 },
      (_, i) => `m${i}: &m${i} {k${i}: 1, <<: [${i === 0 ? "{}" : Array(10).fill(`*m${i - 1}`).join(", ")}]}`,
    ).join("\n");
    for (const text of [bomb(9, "? *a8\n: x"), bomb(9, "{*a8 : x}"), `${merged}\n`]) {
      const parsed = await parse(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.why, /not .*YAML|written out/);
    }
  });

  Deno.test(`${name} takes aliases as people use them`, async () => {
    const parsed = await parse("a: &labels {app: x}\nb: *labels\nc: {<<: *labels, d: e}\n");
    assert.ok(parsed.ok);
    const [value] = [parsed.value].flat();
    const expected = name === "parseYaml"
      ? { a: { app: "x" }, b: { app: "x" }, c: { "<<": { app: "x" }, d: "e" } }
      : value;
    assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(expected)));
    assert.deepEqual((value as { b: unknown }).b, { app: "x" });
  });
}

Deno.test("what is told of text that is no YAML quotes none of it", async () => {
  assert.deepEqual(await parseYaml("a: 1\nb: [secret"), { ok: false, why: "line 2 is not valid YAML" });
  assert.deepEqual(await parseManifests("a: 1\nb: [secret"), {
    ok: false,
    why: "it is not YAML of Kubernetes objects",
  });
  assert.deepEqual(await parseManifests("- secret"), {
    ok: false,
    why: "it is not YAML of Kubernetes objects",
  });
});
