import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

function lint(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text).filter(({ id }) => id.endsWith("/nessie-own-reference"))
    .map(({ message }) => message);
}

const FILE = "lib/checkpoints/nessie/scratch/sweep.ts";
const IMPORT = 'import type { OwnReference } from "../../clients/nessie.ts";';

Deno.test("nobody says of a reference that it may be deleted but the file that looks at its name", () => {
  const rejected = [
    "api.remove(found as OwnReference);",
    "api.remove(found as unknown as OwnReference);",
    "api.remove(<OwnReference> found);",
    "const all = found as OwnReference[];",
    "const all = found as readonly OwnReference[];",
    "const one = found as Reference & OwnReference;",
    "const one = found as Awaited<Promise<OwnReference>>;",
    "const one = found as types.OwnReference;",
    "const one = found as { reference: OwnReference };",
  ];
  for (const text of rejected) {
    assert.deepEqual(lint(FILE, `${IMPORT} ${text}`).length > 0, true, text);
    assert.deepEqual(lint("scripts/validate-nessie.ts", text).length > 0, true, text);
  }
  assert.deepEqual(
    lint("lib/checkpoints/nessie/scratch/own_reference.ts", `${IMPORT} return found as OwnReference;`),
    [],
  );
  assert.deepEqual(lint(FILE, `${IMPORT} const f = (one: OwnReference) => api.remove(one);`), []);
  assert.deepEqual(lint(FILE, "const one = found as Reference;"), []);
  assert.deepEqual(lint("tests/clients/nessie/client.test.ts", "api.remove(main as OwnReference);"), []);
});

Deno.test("a client that may drop tables is opened in one place, for a branch of the run", () => {
  const text = 'import { icebergRest } from "../../clients/iceberg_rest.ts";';
  assert.equal(lint("lib/checkpoints/nessie/performance/latency.ts", text).length, 1);
  assert.equal(
    lint("lib/checkpoints/nessie/performance/latency.ts", text.replace("icebergRest", "icebergRest as rest"))
      .length,
    1,
  );
  assert.deepEqual(lint("lib/checkpoints/nessie/setup/mod.ts", text), []);
  assert.deepEqual(lint(FILE, text.replace("icebergRest", "levelsPath")), []);
});

Deno.test("no DELETE is sent to a catalog beside the two clients", () => {
  assert.equal(lint(FILE, 'sendToCatalog(o, { method: "DELETE", path });').length, 1);
  assert.deepEqual(lint(FILE, 'sendToCatalog(o, { method: "GET", path });'), []);
  assert.deepEqual(lint("lib/clients/nessie/client.ts", 'ask({ method: "DELETE", path });'), []);
});
