import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "../tools/tasks.ts";

/** Pages of the checkout by path, with their texts. */
async function pages(): Promise<Map<string, string>> {
  const found: string[] = [];
  const list = async (folder: string, deep: boolean) => {
    for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
      if (isDirectory && deep) await list(join(folder, name), deep);
      else if (name.endsWith(".md")) found.push(join(folder, name));
    }
  };
  await list(".", false);
  for (const folder of ["docs", "kubernetes", ".github"]) await list(folder, true);
  return new Map(
    await Promise.all(
      found.map(async (path) => [path, await Deno.readTextFile(join(ROOT, path))] as const),
    ),
  );
}

/** As GitHub makes them of headings. */
function anchors(text: string): Set<string> {
  const heads = [...text.matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) => head);
  return new Set(
    heads.map((head) => head.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")),
  );
}

Deno.test("every link of the documentation leads to a file, and to a heading where it names one", async () => {
  const all = await pages();
  assert.ok(all.size > 25, String(all.size));
  const dead: string[] = [];
  for (const [path, text] of all) {
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
      const there = existsSync(join(ROOT, target));
      if (!there || anchor && !anchors(all.get(target) ?? "").has(anchor)) dead.push(`${path}: ${link}`);
    }
  }
  assert.deepEqual(dead, []);
});
