import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ROOT } from "./tasks.ts";

const CONFIG = '{ "fmt": { "exclude": ["kept.ts", "deno.json"] } }\n';
const GOOD = "export const a = 1;\n";
const UGLY = "export const a=1\n";
const BAD = "export const a: any = 1;\n";

/** Stages the files in a new repository with the hook, and commits. */
async function commit(files: Record<string, string>, then?: (root: string) => Promise<void>) {
  const root = await Deno.makeTempDir({ prefix: "lakecheck-hook-" });
  const git = async (...args: string[]) => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", `core.hooksPath=${ROOT}/.githooks`];
    const { code, stderr } = await new Deno.Command("git", {
      args: [...who, ...args],
      cwd: root,
      env: { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`, GIT_CONFIG_GLOBAL: "/dev/null" },
      stdin: "null",
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  };
  try {
    await git("init", "--quiet");
    for (const [name, text] of Object.entries({ "deno.json": CONFIG, ...files })) {
      await Deno.writeTextFile(`${root}/${name}`, text);
    }
    await git("add", "--all");
    await then?.(root);
    return await git("commit", "--quiet", "--message", "x");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("the hook lets a commit pass whose files are formatted and keep the linter's rules", async () => {
  const files = { "a b.ts": GOOD, "-c.ts": GOOD, "page.md": "# A\n", "kept.ts": GOOD, "picture.png": "\x00" };
  const { code, stderr } = await commit(files);
  assert.equal(code, 0, stderr);
  assert.equal((await commit({ "picture.png": "\x00" })).code, 0);
});

Deno.test("the hook stops a commit of an unformatted file and says what to run", async () => {
  for (const name of ["a b.ts", "-c.ts", "data.json", "z y.ts"]) {
    const { code, stderr } = await commit({ [name]: name.endsWith(".json") ? "{ }" : UGLY });
    assert.equal(code, 1, name);
    assert.ok(stderr.includes(name), stderr);
    assert.match(stderr, /^pre-commit: files that are staged are not formatted\. Next: deno fmt, /m);
  }
});

Deno.test("the hook stops a commit that breaks a rule of the linter", async () => {
  const { code, stderr } = await commit({ "a.ts": BAD });
  assert.equal(code, 1);
  assert.match(stderr, /no-explicit-any/);
  assert.match(stderr, /^pre-commit: files that are staged break a rule of the linter\. /m);
});

Deno.test("the hook does not look at files that are not staged, nor at those that deno.json leaves out", async () => {
  const unstaged = (root: string) => Deno.writeTextFile(`${root}/later.ts`, UGLY);
  const { code, stderr } = await commit({ "kept.ts": UGLY }, unstaged);
  assert.equal(code, 0, stderr);
});
