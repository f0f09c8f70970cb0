import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { printDryRun } from "../../../../lib/procedures/onepassword/install/dry_run.ts";
import { loadAll } from "js-yaml";

Deno.test("what the cluster holds instead stays in the comments of a dry run", async () => {
  const object: KubeObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "b" },
    data: { x: "one\n---\nkind: Evil" },
  };
  const differing = [".data.x: theirs\n---\nkind: Evil\n, not ours", ".data.y: \u2028kind: Evil"];
  let out = "";
  const write = Deno.stdout.write;
  Deno.stdout.write = (bytes) => {
    out += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  };
  try {
    await printDryRun([{ object, path: "/x", outcome: "change", differing } as never]);
  } finally {
    Deno.stdout.write = write;
  }
  assert.deepEqual(loadAll(out), [object]);
  assert.ok(out.startsWith("# change\n#   .data.x: theirs --- kind: Evil , not ours\n"), out);
});
