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

async function problem(change: (directory: string) => Promise<void>): Promise<string> {
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
    await problem((d) => Deno.remove(join(d, "stores"), { recursive: true })),
    /stores\/kustomization\.yaml: it does not exist/,
  );
  assert.match(
    await problem((d) => Deno.writeTextFile(join(d, "onepassword-connect/service.yaml"), "a: [")),
    /service\.yaml: it is not YAML of Kubernetes objects\. Next: repair it/,
  );
  const job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j\n  namespace: n\n";
  assert.match(
    await problem((d) => Deno.writeTextFile(join(d, "onepassword-connect/service.yaml"), job)),
    /Job j \(batch\/v1\), which 1p:install does not apply/,
  );
  assert.match(
    await problem((d) =>
      Deno.writeTextFile(join(d, "stores/kustomization.yaml"), "resources: []\npatches: []\n")
    ),
    /uses patches, which 1p:install does not build/,
  );
  assert.match(
    await problem((d) => Deno.writeTextFile(join(d, "stores/kustomization.yaml"), "resources: []\n")),
    /hold no store/,
  );
});

const kustomization = (resources: string[]) => JSON.stringify({ resources });

Deno.test("manifests are refused that are many, or large together, and nothing is read beyond that", async () => {
  const list = (directory: string, resources: string[]) =>
    Deno.writeTextFile(join(directory, "stores/kustomization.yaml"), kustomization(resources));
  assert.match(
    await problem((d) => list(d, Array(101).fill("gone.yaml"))),
    /stores\/kustomization\.yaml lists 101 resources, and 1p:install reads at most 100\. Next: list those of/,
  );
  assert.match(
    await problem(async (d) => {
      const text = await Deno.readTextFile(join(d, "stores/onepassword-connect.yaml"));
      await Deno.writeTextFile(join(d, "stores/large.yaml"), text.padEnd(2 * 1024 * 1024, "\n"));
      await list(d, [...Array(5).fill("large.yaml"), "gone.yaml"]);
    }),
    /stores\/kustomization\.yaml lists are larger than 8 MiB together, and no more is read\. Next: list those/,
  );
});

Deno.test("aliases that stand for a billion values are refused before any of them is written to the cluster", async () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `    a${i}: &a${i} [${Array(10).fill(i === 0 ? "lol" : `*a${i - 1}`).join(", ")}]`,
  );
  const service = (bomb: string) =>
    `apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: n\n  annotations:\n${bomb}\n`;
  const given = (text: string) =>
    problem((d) => Deno.writeTextFile(join(d, "onepassword-connect/service.yaml"), text));
  assert.match(
    await given(service(levels.join("\n"))),
    /service\.yaml: it is larger than 16 MiB with its aliases written out\. Next: repair it/,
  );
  assert.match(
    await given(service("    a: &a [*a]")),
    /service\.yaml: it is nested deeper than 200 levels\. Next: repair it/,
  );
  assert.equal(await given(service(levels.slice(0, 3).join("\n"))), "accepted");
});
