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

Deno.test("a subject that has a mod.ts is imported from outside through it", () => {
  const files = {
    "lib/components/flux/mod.ts": 'export { a } from "./kinds.ts";',
    "lib/components/flux/kinds.ts": "",
    "lib/components/flux/deep/b.ts": 'import { a } from "../kinds.ts";',
    "lib/components/spark/mod.ts": 'import { a } from "../flux/mod.ts";',
    "lib/components/mod.ts": 'import "./flux/mod.ts";',
    "lib/checkpoints/s3/a/mod.ts": 'import "../b/inner.ts";',
    "lib/checkpoints/s3/b/inner.ts": "",
    "lib/checkpoints/s3/b/mod.ts": "",
    "lib/clients/s3/client.ts": "",
    "lib/cli/main.ts": 'import { c } from "../clients/s3/client.ts";',
    "tests/components/flux/kinds.test.ts": 'import { a } from "../../../lib/components/flux/kinds.ts";',
  };
  assert.deepEqual(tree(files), []);
  const [flux, late] = ["../flux/kinds.ts", "../flux/deep/b.ts"];
  const spark = `import type { A } from "${flux}"; await import("${late}");`;
  const render = { "lib/render/mod.ts": "", "lib/render/table.ts": "" };
  const lab = 'import { t } from "../lib/render/table.ts";';
  assert.deepEqual(tree({ ...files, ...render, "lib/components/spark/mod.ts": spark, "lab/x.ts": lab }), [
    "lib/components/spark/mod.ts imports lib/components/flux/kinds.ts; from outside, lib/components/flux is imported " +
    "through its mod.ts",
    "lib/components/spark/mod.ts imports lib/components/flux/deep/b.ts; from outside, lib/components/flux is " +
    "imported through its mod.ts",
    "lab/x.ts imports lib/render/table.ts; from outside, lib/render is imported through its mod.ts",
  ]);
});

Deno.test("components, clients, checkpoints and procedures are subjects of their own, as the folders of lib are", () => {
  for (const parent of ["lib", "lib/components", "lib/clients", "lib/checkpoints", "lib/procedures"]) {
    const [inside, outside] = [`${parent}/a/inner.ts`, `${parent}/b/mod.ts`];
    assert.deepEqual(
      tree({ [`${parent}/a/mod.ts`]: "", [inside]: "", [outside]: 'import "../a/inner.ts";' }),
      [`${outside} imports ${inside}; from outside, ${parent}/a is imported through its mod.ts`],
    );
  }
});

Deno.test("every component has a mod.ts", () => {
  assert.deepEqual(tree({ "lib/components/flux/kinds.ts": "", "lib/engine/model.ts": "" }), [
    "lib/components/flux has no mod.ts",
  ]);
});
