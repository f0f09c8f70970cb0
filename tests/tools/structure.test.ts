import assert from "node:assert/strict";
import { MOST_FILES, structureProblems } from "../../tools/structure.ts";

const tree = (files: Record<string, string>) => structureProblems(new Map(Object.entries(files)));

Deno.test("an import cycle is told with its whole way, also of types and of imports that come late", () => {
  const two = {
    "lib/a.ts": 'import { b } from "./x/b.ts";',
    "lib/x/b.ts": 'import type { A } from "../a.ts";',
  };
  assert.deepEqual(tree(two), ["import cycle: lib/a.ts → lib/x/b.ts → lib/a.ts"]);
  const late = { "lib/a.ts": 'await import("./b.ts");', "lib/b.ts": 'export * from "./a.ts";' };
  assert.deepEqual(tree(late), ["import cycle: lib/a.ts → lib/b.ts → lib/a.ts"]);
  const three = {
    "lib/a.ts": 'import "./b.ts";\nimport "./c.ts";',
    "lib/b.ts": 'import {\n  c,\n} from "./c.ts";',
    "lib/c.ts": 'export { b } from "./b.ts";',
  };
  assert.deepEqual(tree(three), ["import cycle: lib/b.ts → lib/c.ts → lib/b.ts"]);
});

Deno.test("two ways to one file are no cycle", () => {
  const diamond = {
    "lib/a.ts": 'import "./b.ts"; import "./c.ts";',
    "lib/b.ts": 'import "./d.ts";',
    "lib/c.ts": 'import "./d.ts";',
    "lib/d.ts": 'import "node:path"; import "zod";',
  };
  assert.deepEqual(tree(diamond), []);
});

Deno.test("a folder holds 15 files and no more; folders in it count for themselves", () => {
  const files = Object.fromEntries(
    Array.from({ length: MOST_FILES }, (_, i) => [`lib/x/f${i}.ts`, ""]),
  );
  assert.deepEqual(tree({ ...files, "lib/x/y/one.ts": "" }), []);
  assert.deepEqual(tree({ ...files, "lib/x/one.ts": "" }), [
    "lib/x holds 16 files; more than 15 want a folder of their own",
  ]);
});

Deno.test("a file of lib does not repeat its folder's name", () => {
  assert.deepEqual(tree({ "lib/flux/flux_judge.ts": "", "lib/flux/fluxes.ts": "", "lab/x/x_y.ts": "" }), [
    "lib/flux/flux_judge.ts repeats the name of its folder",
  ]);
});
