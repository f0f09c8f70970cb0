import assert from "node:assert/strict";
import { inComment } from "../../../tools/lint/written_comments.ts";
import plugin from "../../../tools/lint_plugin.ts";

/** How often the rule complains of a file with this text. */
function complaints(path: string, text: string): number {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  const all = Deno.lint.runPlugin(plugin, file, `declare const x: string;\n${text}`);
  return all.filter(({ id }) => id === "lakecheck/written-comments").length;
}

Deno.test("a value in a comment of a written file is refused, whatever the comment's mark", () => {
  for (
    const text of [
      "void `# ${x}`;",
      "void `    # for ${x}`;",
      "void `-- ${x}`;",
      "void `<!-- ${x} -->`;",
      "void `a: 1\\n# ${x}\\n`;",
      "void `${x}\\n  # ${x}`;",
    ]
  ) assert.equal(complaints("lib/checkpoints/s3/x.ts", text), 1, text);
});

Deno.test("made comments, and what only looks like one, are fine", () => {
  for (
    const text of [
      'void comment("#", `of ${x}`);',
      "void `${x}#${x}`;",
      "void `  ${x}: 1   # a comment`;",
      "void `<!-- a --> ${x}`;",
      "void `--flag=${x}`;",
      "void command`# ${x}`;",
    ]
  ) assert.equal(complaints("lib/checkpoints/s3/x.ts", text), 0, text);
  assert.equal(complaints("lib/untrusted/quoting.ts", "void `# ${x}`;"), 0);
  assert.equal(complaints("tools/x.ts", "void `# ${x}`;"), 0);
  assert.ok(!inComment("# a\n"));
});
