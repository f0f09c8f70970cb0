import assert from "node:assert/strict";
import {
  registrables,
  registrationProblems,
  unregisteredCheckpoints,
  unregisteredFormats,
} from "../../tools/registered.ts";

const check = (id: string) => ({ id, title: "t", explain: "e", needs: [], run: () => [] });

Deno.test("a check, trial, component or fault that is exported and in no table is told by its id", () => {
  const modules = [
    { checks: [check("a.known"), check("a.forgotten")], HELPER: 3, make: () => check("a.made") },
    { kind: { id: "b.kind", title: "t", explain: "e", judge: () => undefined } },
    { lone: { name: "lone", title: "t", checks: [], kinds: [] }, other: { name: "x", title: "t" } },
    { faults: [{ name: "broken", title: "t", story: "s", expect: {} }] },
  ];
  assert.deepEqual(registrationProblems(registrables(modules), ["a.known"]), [
    "check or trial a.forgotten is exported and not registered, so it never runs",
    "check b.kind is exported and not registered, so it never runs",
    "component lone is exported and not registered, so it never runs",
    "fault broken is exported and not registered, so it never runs",
  ]);
  const all = ["a.known", "a.forgotten", "b.kind", "lone", "broken"];
  assert.deepEqual(registrationProblems(registrables(modules), all), []);
});

Deno.test("an id that one table has twice is told once", () => {
  assert.deepEqual(registrationProblems([], ["a", "b", "a", "a"]), ["a is registered twice"]);
});

Deno.test("a renderer that no table names is told; what else its folder holds is not", () => {
  const modules = [
    { name: "plain", exports: { plain: () => "", helper: () => "" } },
    { name: "junit", exports: { junit: () => "" } },
    { name: "text", exports: { wrap: () => "" } },
  ];
  assert.deepEqual(unregisteredFormats(modules, ["plain"]), [
    "format junit is exported and not registered, so nobody can ask for it",
  ]);
});

Deno.test("a checkpoint that no table names is told", () => {
  assert.deepEqual(unregisteredCheckpoints(["s3", "iceberg"], ["s3"]), [
    "checkpoint iceberg is not in lib/checkpoints/mod.ts, so no page and no test knows it",
  ]);
});
