import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function said(rule: string, path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id }) => id).filter((id) =>
    id === `lakecheck/${rule}`
  );
}

Deno.test("whatever writes to a stream past lib/cli/terminal.ts is rejected", () => {
  for (
    const text of [
      "Deno.stderr.writeSync(bytes);",
      "await Deno.stdout.write(bytes);",
      'Deno["stderr"].writable;',
      "globalThis.Deno.stderr.writeSync(bytes);",
      "const out = Deno.stderr; void out;",
      "const { stderr } = Deno; void stderr;",
      "const { stdout: out } = Deno; void out;",
      "process.stderr.write(text);",
      'console.error("x");',
      "console.log(1);",
      'alert("x");',
      'if (confirm("x")) go();',
      'prompt("x");',
    ]
  ) {
    for (
      const path of [
        "lib/cli/main.ts",
        "lib/clients/kubernetes/client.ts",
        "lib/cli/prompt.ts",
        "scripts/x.ts",
      ]
    ) {
      assert.notDeepEqual(said("one-writer", path, text), [], `${path}: ${text}`);
    }
    for (const path of ["lib/cli/terminal.ts", "lab/x.ts", "tools/x.ts", "tests/x.test.ts", "bench/x.ts"]) {
      assert.deepEqual(said("one-writer", path, text), [], `${path}: ${text}`);
    }
  }
});

Deno.test("asking what a stream is, and things that are only called so, are fine", () => {
  for (
    const text of [
      "Deno.stderr.isTerminal();",
      "Deno.stdin.read(buffer);",
      "const { stdout, stderr } = await child.output();",
      "new Response(child.stderr);",
      'note("x");',
      "hands.confirm(question);",
      "async function confirm(creation: string) {} await confirm(x);",
      'import { prompt } from "./x.ts"; prompt("x");',
    ]
  ) {
    assert.deepEqual(said("one-writer", "lib/clients/x.ts", text), [], text);
  }
});

Deno.test("what others say is not cut before secrets are taken out of it", () => {
  for (
    const text of [
      "text.slice(0, 200);",
      "reply.text.slice(0, 200);",
      "reply?.body?.slice(0, 200);",
      "error.message.substring(0, 200);",
      "(await response.text()).substr(0, 200);",
      "response.text().trim().slice(0, 9);",
      "(said?.message ?? '').slice(0, 2000);",
      "String(error).slice(0, 9);",
      "new TextDecoder().decode(bytes).slice(0, 9);",
      "stderr.slice(0, 9);",
      'import { oneLine } from "../redact/mod.ts";',
    ]
  ) {
    for (const path of ["lib/clients/x.ts", "lib/components/x.ts", "lib/procedures/x.ts"]) {
      assert.deepEqual(
        said("cut-after-redact", path, text),
        ["lakecheck/cut-after-redact"],
        `${path}: ${text}`,
      );
    }
    for (const path of ["lib/redact/x.ts", "tests/x.test.ts", "lab/x.ts"]) {
      assert.deepEqual(said("cut-after-redact", path, text), [], `${path}: ${text}`);
    }
  }
  assert.deepEqual(
    said("cut-after-redact", "lib/cli/main.ts", 'import { oneLine } from "./redact/mod.ts";').length,
    1,
  );
});

Deno.test("other cuts, and what quote made, are fine", () => {
  for (
    const text of [
      "quote(reply.text, secrets, 200);",
      "text.slice(1, -1);",
      "text.slice(at, end);",
      "roots.slice(0, 3);",
      "head.hash.slice(0, 12);",
      "date.toISOString().slice(0, 10);",
      'import { quote } from "../redact/mod.ts";',
    ]
  ) {
    assert.deepEqual(said("cut-after-redact", "lib/clients/x.ts", text), [], text);
  }
  const own = 'import { oneLine } from "../redact/mod.ts";';
  assert.deepEqual(said("cut-after-redact", "lib/clients/network_errors.ts", own), []);
});
