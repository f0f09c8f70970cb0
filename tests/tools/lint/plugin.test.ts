import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

/** What the plugin says of a file with this text, as `rule: message`. */
function lint(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).map(({ id, message }) =>
    `${id.replace("lakecheck/", "")}: ${message}`
  );
}

Deno.test("imports against the direction are refused, wherever they hide", () => {
  const bad: [string, string][] = [
    ["lib/engine/check.ts", 'import { components } from "../components/mod.ts";'],
    ["lib/engine/collect.ts", 'import { connect } from "../clients/kubernetes/client.ts";'],
    ["lib/engine/diagnose.ts", 'import type { KubeClient } from "../clients/kubernetes/client.ts";'],
    ["lib/engine/world.ts", 'export * from "../render/mod.ts";'],
    ["lib/engine/report.ts", 'export { main } from "../cli/main.ts";'],
    ["lib/engine/check.ts", 'const late = await import("../components/mod.ts"); void late;'],
    ["lib/engine/check.ts", 'const name = "../cli/main.ts"; void import(name);'],
    ["lib/engine/model.ts", 'import { z } from "zod";'],
    ["lib/engine/model.ts", 'import { openWorld } from "./world.ts";'],
    ["lib/components/nessie/mod.ts", 'import { connect } from "../../clients/kubernetes/client.ts";'],
    ["lib/components/nessie/mod.ts", 'import { runChecks } from "../../engine/check.ts";'],
    ["lib/components/nessie/mod.ts", 'import { main } from "../../cli/main.ts";'],
    ["lib/components/nessie/mod.ts", 'import { readFileSync } from "node:fs";'],
    ["lib/render/plain.ts", 'import { runChecks } from "../engine/check.ts";'],
    ["lib/clients/kubernetes/client.ts", 'import { nessie } from "../../components/nessie/mod.ts";'],
    ["lib/cli/main.ts", 'import { components } from "../components/mod.ts";'],
    ["lib/engine/check.ts", 'import { up } from "../../lab/main.ts";'],
    ["scripts/data-platform-health-check.ts", 'import { runChecks } from "../lib/engine/check.ts";'],
    [
      "scripts/data-platform/performance-test.ts",
      'import { connect } from "../../../lib/clients/kubernetes/client.ts";',
    ],
  ];
  for (const [path, text] of bad) {
    const said = lint(path, text);
    assert.ok(said.some((one) => one.startsWith("import-direction: ")), `${path}: ${text}: ${said}`);
  }
});

Deno.test("imports along the direction are fine", () => {
  const good: [string, string][] = [
    [
      "lib/engine/check.ts",
      'import type { Component } from "./model.ts"; import { refKey } from "./model.ts";',
    ],
    [
      "lib/engine/collect.ts",
      'import { CannotLook } from "./errors.ts"; import { openWorld } from "./world.ts";',
    ],
    [
      "lib/components/nessie/mod.ts",
      'import type { KubeClient } from "../../clients/kubernetes/client.ts"; import { str } from "../../engine/decode.ts";',
    ],
    ["lib/components/nessie/mod.ts", 'import { type KubeClient } from "../../clients/kubernetes/client.ts";'],
    ["lib/render/plain.ts", 'import type { Report } from "../engine/report.ts";'],
    ["lib/cli/main.ts", 'const kube = await import("../clients/kubernetes/client.ts"); void kube;'],
    [
      "lib/clients/kubernetes/client.ts",
      'import { readFile } from "node:fs/promises"; import { UsageError } from "../../engine/errors.ts";',
    ],
    ["scripts/data-platform-health-check.ts", 'import { main } from "../lib/cli/main.ts";'],
    ["lab/main.ts", 'import { runChecks } from "../lib/engine/check.ts";'],
    ["tests/engine/check.test.ts", 'import { runChecks } from "../../lib/engine/check.ts";'],
  ];
  for (const [path, text] of good) assert.deepEqual(lint(path, text), [], `${path}: ${text}`);
});

Deno.test("only the clients and the cli's own files touch the world outside", () => {
  const reaching = [
    'await fetch("http://x");',
    'await Deno.readTextFile("x");',
    "const { readFile } = Deno; void readFile;",
    'await Deno["connect"]({ port: 1 });',
    "const d = Deno; void d;",
    'new WebSocket("ws://x");',
    'globalThis.fetch("http://x");',
    "const f = fetch; void f;",
    'console.log("x");',
  ];
  for (const text of reaching) {
    for (
      const path of [
        "lib/engine/check.ts",
        "lib/components/nessie/mod.ts",
        "lib/render/plain.ts",
        "scripts/x.ts",
      ]
    ) {
      assert.ok(lint(path, text).some((one) => one.startsWith("outside-world: ")), `${path}: ${text}`);
    }
    for (
      const path of [
        "lib/clients/kubernetes/client.ts",
        "lib/disk/facts_file.ts",
        "lab/main.ts",
        "tests/x.test.ts",
        "tools/x.ts",
      ]
    ) {
      const said = lint(path, text).filter((one) => one.startsWith("outside-world: "));
      assert.deepEqual(said, [], `${path}: ${text}`);
    }
  }
  assert.deepEqual(lint("scripts/x.ts", "Deno.args;"), []);
  assert.deepEqual(
    lint("lib/engine/check.ts", "const kinds = { fetch: 1 }; kinds.fetch; type E = Deno.FileInfo;"),
    [],
  );
});
