import assert from "node:assert/strict";
import { mentions, unknownKinds } from "../../../lib/components/common/mentions.ts";
import { goSeconds } from "../../../lib/components/common/states.ts";
import { looksLike } from "../../../lib/untrusted/edit_distance.ts";
import { refKey } from "../../../lib/engine/model.ts";

const named = (message: string) =>
  mentions(message, "here").map(({ object, as }) => `${refKey(object)} ${as}`);

Deno.test("mentions: objects that an error says were not found, by the names errors use", () => {
  assert.deepEqual(named('secrets "x" not found'), ["Secret/here/x not found"]);
  assert.deepEqual(named('kustomizations.kustomize.toolkit.fluxcd.io "a" not found'), [
    "Kustomization/here/a not found",
  ]);
  assert.deepEqual(named('namespaces "gone" not found'), ["Namespace//gone not found"]);
  assert.deepEqual(named("nothing of the kind"), []);
});

Deno.test("mentions: the objects that a health check waited for", () => {
  const message =
    "timeout waiting for: [Deployment/data-platform/nessie status: 'InProgress', Cluster/a/b status: 'Failed']";
  assert.deepEqual(named(message), ["Deployment/data-platform/nessie not ready", "Cluster/a/b not ready"]);
});

Deno.test("mentions: the Service behind an admission webhook, and no Service where no webhook is spoken of", () => {
  const url = 'Post "https://hook.place.svc:443/x?timeout=10s": connection refused';
  assert.deepEqual(named(`failed calling webhook "v.x.io": failed to call webhook: ${url}`), [
    "Service/place/hook webhook",
  ]);
  assert.deepEqual(named(url), []);
});

Deno.test("mentions: kinds that the API server does not know", () => {
  assert.deepEqual(
    unknownKinds('no matches for kind "ExternalSecret" in version "external-secrets.io/v1beta1"'),
    ["ExternalSecret"],
  );
});

Deno.test("durations: Go's way of writing them", () => {
  assert.equal(goSeconds("1h30m"), 5400);
  assert.equal(goSeconds("90s"), 90);
  assert.equal(goSeconds("soon"), undefined);
  assert.equal(goSeconds(undefined), undefined);
});

Deno.test("names: near misses are told from other names", () => {
  assert.ok(looksLike("external-secrets", "externalsecrets"));
  assert.ok(looksLike("postgres-cluster", "cluster-postgres"));
  assert.ok(looksLike("rook-ceph-buckets", "rook-ceph-bucket"));
  assert.ok(!looksLike("onepassword-connect", "onepassword-store"));
  assert.ok(!looksLike("a", "b"));
});

Deno.test("an object that is not found is named by its kind, whatever its group is called", () => {
  const message =
    'could not get ClusterSecretStore "op", ClusterSecretStore.external-secrets.io "op" not found';
  assert.deepEqual(named(message), ["ClusterSecretStore//op not found"]);
});
