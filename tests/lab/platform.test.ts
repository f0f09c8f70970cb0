import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { images } from "../../lab/build/images.ts";
import { labContext } from "../../lab/context.ts";
import { parseToken, refusal } from "../../lab/images/standins/onepassword/token.ts";
import { documents, objectPath } from "../../lab/platform/kube.ts";
import { ensureVault, mintToken, readVaults, setItem } from "../../lab/platform/vault.ts";

const root = new URL("../..", import.meta.url).pathname;

function yamlFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(dir, name));
}

Deno.test("documents of a manifest know where they belong", () => {
  const yaml = `# a comment
apiVersion: v1
kind: Secret
metadata:
  labels:
    name: wrong
  name: one
  namespace: ours
data: {}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: two
webhooks: []
---
# nothing but a comment
`;
  assert.deepEqual(documents(yaml).map((one) => one.path), [
    "/api/v1/namespaces/ours/secrets/one",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/two",
  ]);
});

Deno.test("kinds have the plural that the API server uses", () => {
  const path = (apiVersion: string, kind: string) => objectPath(apiVersion, kind, "ns", "x");
  assert.equal(
    path("networking.k8s.io/v1", "NetworkPolicy"),
    "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies/x",
  );
  assert.equal(path("storage.k8s.io/v1", "StorageClass"), "/apis/storage.k8s.io/v1/storageclasses/x");
  assert.equal(
    path("rbac.authorization.k8s.io/v1", "ClusterRole"),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
  );
  assert.equal(
    path("postgresql.cnpg.io/v1", "Cluster"),
    "/apis/postgresql.cnpg.io/v1/namespaces/ns/clusters/x",
  );
});

Deno.test("every image that a manifest names is one that the lab builds", () => {
  const built = new Set(images.map((image) => image.name));
  // The platform's own Ceph, which the overlay replaces.
  built.add("quay.io/ceph/ceph:v18.2.2");
  const files = ["kubernetes/apps", "lab/overlay", "lab/platform/manifests"].flatMap((dir) =>
    yamlFiles(join(root, dir))
  );
  const named = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\b(?:image|imageName): "?([\w./-]+:[\w.-]+)/g)].map((match) =>
      match[1] ?? ""
    )
  );
  assert.ok(named.length >= 15, `only ${named.length} images found`);
  assert.deepEqual(named.filter((name) => !built.has(name)), []);
});

Deno.test("the lab's tokens name the vaults they open, and end when they are told to", () => {
  const dir = mkdtempSync(join(tmpdir(), "lakecheck-vault-"));
  try {
    const ctx = labContext(dir, 0, join(dir, "cache"));
    assert.equal(ensureVault(ctx), true);
    assert.equal(ensureVault(ctx), false);
    const file = readVaults(ctx);
    const id = file.vaults[0]?.id ?? "";
    const read = (token: string) => {
      const parsed = parseToken(`Bearer ${token}`);
      assert.ok(parsed);
      return refusal(parsed, file.tokenKey) ?? parsed.grants;
    };
    assert.deepEqual(read(mintToken(ctx, { [id]: 48 })), new Map([[id, true]]));
    assert.deepEqual(read(mintToken(ctx, { [id]: 16 })), new Map([[id, false]]));
    assert.equal(read(mintToken(ctx, { [id]: 48 }, new Date(0))), "Invalid bearer token");
    assert.equal(read(mintToken(ctx, {}).slice(0, -4) + "AAAA"), "Invalid token signature");
    assert.equal(setItem(ctx, "s3-credentials", { a: "1" }), true);
    assert.equal(setItem(ctx, "s3-credentials", { a: "1" }), false);
    assert.equal(readVaults(ctx).vaults[0]?.items.length, 3);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
