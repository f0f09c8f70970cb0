import assert from "node:assert/strict";
import type { Component, ListSource } from "../../lib/engine/model.ts";
import { obj, str } from "../../lib/engine/decode.ts";
import { components } from "../../lib/components/mod.ts";
import { checksText, rbacText } from "../../tools/generate.ts";

const pods: ListSource = {
  id: "pods",
  kind: "Pod",
  path: "/api/v1/pods?limit=500",
  read: obj({ metadata: obj({ name: str }) }),
};
const clusters: ListSource = {
  ...pods,
  id: "clusters",
  kind: "Cluster",
  path: "/apis/postgresql.cnpg.io/v1/clusters",
  fallbacks: ["/apis/postgresql.cnpg.io/v1beta1/clusters"],
  metadataOnly: true,
};
const toys: Component = {
  name: "toys",
  title: "Toys",
  dependsOn: ["kubernetes"],
  sources: [pods, clusters],
  namespaces: () => [],
  kinds: [],
  checks: [{
    id: "toys.there",
    title: "There are toys",
    explain: "A box without toys is no box.",
    needs: [pods],
    object: () => ({ kind: "Pod", name: "*" }),
    run: () => [],
  }],
  edges: () => [],
};

Deno.test("the page of checks has each check with its sources, and each path", () => {
  const text = checksText([toys]);
  assert.match(text, /## Toys \(`toys`\)\n\nStands on `kubernetes`/);
  assert.match(text, /\*\*There are toys\*\* \(`toys\.there`\): A box without toys is no box\. Reads Pod\./);
  assert.match(text, /\| Cluster \| `\/apis\/postgresql\.cnpg\.io\/v1\/clusters` \| metadata only \|/);
});

Deno.test("the role grants list on each kind that is read, and no verb that writes", () => {
  const text = rbacText([toys]);
  assert.match(text, /apiGroups: \[""\]\n {4}resources:\n {6}- pods\n {4}verbs: \[list\]/);
  assert.match(
    text,
    /apiGroups: \["postgresql\.cnpg\.io"\]\n {4}resources:\n {6}- clusters\n {4}verbs: \[list\]/,
  );
  assert.deepEqual(
    new Set([...text.matchAll(/verbs: \[(.*)\]/g)].map((match) => match[1])),
    new Set(["list", "get"]),
  );
});

Deno.test("every source that a check reads is collected by some component", () => {
  const collected = new Set(components.flatMap((component) => component.sources).map((source) => source.id));
  for (const component of components) {
    const read = [
      ...component.kinds.flatMap((check) => [check.source, ...check.also ?? []]),
      ...component.checks.flatMap((check) => check.needs),
    ];
    for (const { id } of read) {
      assert.ok(collected.has(id), `${component.name} reads ${id}, which nobody collects`);
    }
  }
});

Deno.test("every check has a name of its own, and words for people", () => {
  const checks = components.flatMap((component) => [...component.kinds, ...component.checks]);
  assert.equal(new Set(checks.map((check) => check.id)).size, checks.length);
  for (const { id, title, explain } of checks) assert.ok(title && /[.?]$/.test(explain), id);
});

Deno.test("components stand on components that there are", () => {
  const names = new Set(components.map((component) => component.name));
  for (const { name, dependsOn } of components) {
    for (const other of dependsOn) assert.ok(names.has(other), `${name}: ${other}`);
  }
});
