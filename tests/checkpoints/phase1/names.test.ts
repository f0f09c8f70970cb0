import assert from "node:assert/strict";
import { givenTo, leftOut, partFlags, partNames } from "../../../lib/checkpoints/phase1/names.ts";
import { testPhase1 } from "../../../lib/checkpoints/phase1/command.ts";
import { parts } from "../../../lib/checkpoints/phase1/parts.ts";

const out = (flags: Record<string, string>) => [...leftOut(new Map(Object.entries(flags))).keys()];

Deno.test("--only and --skip name parts, some of them with commas", () => {
  assert.deepEqual(out({}), []);
  assert.deepEqual(out({ only: "s3" }), partNames.filter((name) => name !== "s3"));
  assert.deepEqual(out({ only: partNames.join(", ") }), []);
  assert.deepEqual(out({ skip: "nessie" }), ["nessie"]);
});

Deno.test("a part that there is not is refused, with the nearest right name", () => {
  assert.throws(() => out({ only: "nesie" }), /--only is "nesie".*Did you mean nessie\?/);
  assert.throws(() => out({ skip: "s3,backups" }), /--skip is "backups", and must be one of s3, nessie/);
  assert.throws(() => out({ skip: "" }), /must be one of/);
});

Deno.test("what leaves nothing to run, says two things at once or asks a part that is left out is refused", () => {
  assert.throws(() => out({ skip: partNames.join(",") }), /leaves out every part/);
  assert.throws(() => out({ only: "s3", skip: "nessie" }), /Keep one of them/);
  assert.throws(() => out({ only: "s3", facts: "f.json" }), /of --facts none is/);
  assert.throws(
    () => out({ skip: "s3", region: "eu" }),
    /--region is for the part s3, which --skip leaves out/,
  );
});

Deno.test("a flag of two parts is refused when both are left out, and given to each", () => {
  assert.deepEqual(out({ skip: "nessie", url: "http://n" }), ["nessie"]);
  assert.throws(
    () => out({ only: "s3", url: "http://n" }),
    /--url is for the part nessie, which --only leaves out/,
  );
  const given = new Map([["url", "http://n"]]);
  for (const part of ["nessie", "iceberg"] as const) assert.deepEqual(givenTo(part, given), given);
});

Deno.test("a part is given its own flags and those of all, and none of another's", () => {
  const given = new Map([["url", "http://n"], ["region", "eu"], ["timeout", "30s"]]);
  assert.deepEqual([...givenTo("nessie", given)], [["url", "http://n"], ["timeout", "30s"]]);
  assert.deepEqual([...givenTo("s3", given, { performance: "true" })], [
    ["performance-time", "20s"],
    ["region", "eu"],
    ["timeout", "30s"],
    ["performance", "true"],
  ]);
  const longer = new Map([["performance-time", "60s"]]);
  assert.equal(givenTo("s3", longer).get("performance-time"), "60s");
});

Deno.test("every flag of a part is one of its own command, and the help has it", () => {
  assert.deepEqual(Object.keys(testPhase1.flags ?? {}).slice(0, 4), [
    "only",
    "skip",
    "endpoint",
    "credentials",
  ]);
  assert.equal(testPhase1.flags?.["performance-time"]?.fallback, "20s");
  assert.deepEqual(parts.map(({ name }) => name), partNames);
  const tables = { s3: {}, nessie: { url: { help: "an address" } }, iceberg: {} };
  assert.deepEqual(partFlags(tables), { url: { help: "an address" } });
});
