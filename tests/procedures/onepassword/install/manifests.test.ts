import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../../../lib/engine/errors.ts";
import {
  MANIFESTS,
  pathOf,
  readManifests,
} from "../../../../lib/procedures/onepassword/install/manifests.ts";

/** A copy of the project's manifests, changed. */
async function changed(change: (directory: string) => Promise<void>): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-test-" });
  for (const part of ["onepassword-connect", "stores"]) {
    await Deno.mkdir(join(directory, part));
    for await (const { name } of Deno.readDir(join(MANIFESTS, part))) {
      await Deno.copyFile(join(MANIFESTS, part, name), join(directory, part, name));
    }
  }
  await change(directory);
  return directory;
}

async function refusal(change: (directory: string) => Promise<void>): Promise<string> {
  const directory = await changed(change);
  try {
    await readManifests(directory);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the project's own manifests hold Connect, its store and where the token stands", async () => {
  const manifests = await readManifests(MANIFESTS);
  assert.deepEqual(manifests.connect.map(({ kind }) => kind), ["Deployment", "Service", "NetworkPolicy"]);
  assert.deepEqual(manifests.stores.map(pathOf), [
    "/apis/external-secrets.io/v1/clustersecretstores/onepassword-connect",
  ]);
  assert.deepEqual(manifests.token, {
    name: "onepassword-connect-token",
    namespace: "external-secrets",
    key: "token",
  });
});

Deno.test("a manifest that is absent, no YAML, or of a kind that is not handled is refused by name", async () => {
  assert.match(
    await refusal((d) => Deno.remove(join(d, "stores"), { recursive: true })),
    /stores\/kustomization\.yaml: it does not exist/,
  );
  assert.match(
    await refusal((d) => Deno.writeTextFile(join(d, "onepassword-connect/service.yaml"), "a: [")),
    /service\.yaml is not YAML/,
  );
  const job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j\n  namespace: n\n";
  assert.match(
    await refusal((d) => Deno.writeTextFile(join(d, "onepassword-connect/service.yaml"), job)),
    /Job j \(batch\/v1\), which 1p:install does not apply/,
  );
  assert.match(
    await refusal((d) =>
      Deno.writeTextFile(join(d, "stores/kustomization.yaml"), "resources: []\npatches: []\n")
    ),
    /uses patches, which 1p:install does not build/,
  );
  assert.match(
    await refusal((d) => Deno.writeTextFile(join(d, "stores/kustomization.yaml"), "resources: []\n")),
    /hold no store/,
  );
});
