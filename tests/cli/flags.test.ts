import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../lib/engine/errors.ts";
import { durationMs, type FlagTable, parseFlags } from "../../lib/cli/flags.ts";
import { nearest } from "../../lib/untrusted/edit_distance.ts";

const table: FlagTable = {
  output: { help: "format", value: "FORMAT", choices: ["plain", "json"] },
  file: { help: "where", value: "FILE", short: "f" },
  fast: { help: "hurry" },
};

Deno.test("values follow their flag or its equals sign", () => {
  const given = parseFlags(["--output=json", "-f", "a=b", "--fast"], table, "toys");
  assert.deepEqual([...given], [["output", "json"], ["file", "a=b"], ["fast", "true"]]);
});

Deno.test("the same flag twice with one value is no contradiction", () => {
  assert.equal(parseFlags(["--output", "json", "--output=json"], table, "toys").get("output"), "json");
});

Deno.test("a lone dash is a value, as in other tools", () => {
  assert.equal(parseFlags(["--file", "-"], table, "toys").get("file"), "-");
});

Deno.test("whatever is typed, the answer is values or a UsageError", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("--output", "json", "--fast", "-f", "--", "-", "--file=", "--=x"),
  );
  fc.assert(fc.property(fc.array(word), (argv) => {
    try {
      parseFlags(argv, table, "toys");
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
    }
  }));
});

Deno.test("a slip of the finger finds the flag that was meant, nonsense finds none", () => {
  const names = ["output", "output-file", "kubeconfig", "json"];
  assert.equal(nearest("ouput", names), "output");
  assert.equal(nearest("jsno", names), "json");
  assert.equal(nearest("kubeconf", names), "kubeconfig");
  assert.equal(nearest("frobnicate", names), undefined);
  assert.equal(nearest("", names), undefined);
});

Deno.test("times are seconds or have a unit", () => {
  assert.deepEqual(["30", "30s", "500ms", "2m", "1.5"].map((text) => durationMs("timeout", text)), [
    30_000,
    30_000,
    500,
    120_000,
    1500,
  ]);
  for (const text of ["", "0", "-1", "1h", "99m", "10 s", "NaN", "Infinity"]) {
    assert.throws(() => durationMs("timeout", text), UsageError, text);
  }
});
