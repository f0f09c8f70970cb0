import assert from "node:assert/strict";
import { VERSION } from "../lib/version.ts";
import { ROOT, tasks } from "./tools/tasks.ts";

const read = (path: string) => Deno.readTextFile(`${ROOT}/${path}`);

Deno.test("the code, deno.json and the newest release of the changelog say one version", async () => {
  const [unreleased, newest = ""] = (await read("CHANGELOG.md")).match(/^## .*/gm) ?? [];
  assert.equal(unreleased, "## Unreleased");
  const [, released] = /^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$/.exec(newest) ?? [];
  assert.deepEqual([released, JSON.parse(await read("deno.json")).version], [VERSION, VERSION]);
});

Deno.test("every command tells its version without any right", async () => {
  const lines = new Set(
    Object.values(tasks()).flatMap((task) => task.match(/(?<= )scripts\/\S+\.ts(?: [a-z][a-z:]*)?/) ?? []),
  );
  assert.ok(lines.size >= 6, [...lines].join());
  await Promise.all([...lines].map(async (line) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", ...line.split(" "), "--json", "--version"],
      cwd: ROOT,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.deepEqual([code, text(stdout), text(stderr)], [0, `lakecheck ${VERSION}\n`, ""], line);
  }));
});
