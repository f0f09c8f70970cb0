import assert from "node:assert/strict";
import {
  isOurs,
  ownerOf,
  placeOf,
  podsOf,
  workloadOf,
} from "../../../lib/components/kubernetes/membership.ts";
import { labelIndex } from "../../../lib/components/common/label_index.ts";
import { openWorld } from "../../../lib/engine/world.ts";
import { pod } from "../platform.ts";

const set = (name: string, deployment?: string) => ({
  metadata: {
    name,
    namespace: "data-platform",
    ...(deployment ? { ownerReferences: [{ kind: "Deployment", name: deployment, controller: true }] } : {}),
  },
});

const world = (pods: unknown[] = [], sets: unknown[] = []) =>
  openWorld({
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-01-01T12:00:00Z",
    context: "test",
    namespace: "data-platform",
    sources: { pods: { ok: true, items: pods }, replicasets: { ok: true, items: sets } },
  });

const place = (name: string, namespace = "data-platform", labels = {}) =>
  placeOf({ metadata: { name, namespace, labels } }, world());

Deno.test("membership: objects belong to the component that their name, namespace or label tells", () => {
  assert.equal(place("nessie"), "nessie");
  assert.equal(place("nessie-abc-1"), "nessie");
  assert.equal(place("nessie-postgres-1"), "postgresql");
  assert.equal(place("anything", "elsewhere", { "cnpg.io/cluster": "x" }), "postgresql");
  assert.equal(place("spark-history-server-1"), "spark-history-server");
  assert.equal(place("rook-ceph-mon-a", "rook-ceph"), "rook-ceph");
  assert.equal(place("onepassword-connect", "anywhere"), "onepassword-connect");
  assert.equal(place("coredns", "kube-system"), "kubernetes");
  assert.equal(place("nessie", "games"), "workloads");
  assert.equal(place("nessieish"), "workloads");
});

Deno.test("membership: what is in the platform's namespace or of a component is ours, and no other tenant's is", () => {
  const ours = (name: string, namespace: string) => isOurs({ metadata: { name, namespace } }, world());
  assert.ok(ours("anything", "data-platform"));
  assert.ok(ours("anything", "rook-ceph"));
  assert.ok(!ours("anything", "games"));
});

Deno.test("membership: the controller is the owner, not whoever stands first", () => {
  const ownerReferences = [{ kind: "Node", name: "n" }, { kind: "Job", name: "j", controller: true }];
  assert.deepEqual(ownerOf({ metadata: { ownerReferences } }), { kind: "Job", name: "j" });
  assert.equal(ownerOf({ metadata: {} }), undefined);
});

Deno.test("membership: a pod belongs to the Deployment of its ReplicaSet, also when those cannot be listed", () => {
  const mine = pod("api-abc-1", { owner: { kind: "ReplicaSet", name: "api-abc" } });
  assert.deepEqual(workloadOf(mine, world([mine], [set("api-abc", "other")])), {
    kind: "Deployment",
    name: "other",
  });
  assert.deepEqual(workloadOf(mine, world([mine])), { kind: "Deployment", name: "api" });
  assert.equal(podsOf(world([mine]), "Deployment", "data-platform", "api").length, 1);
  assert.equal(podsOf(world([mine]), "Deployment", "games", "api").length, 0);
});

Deno.test("labels: an index selects what has every label, in its namespace, and nothing for an empty selector", () => {
  const items: { namespace: string; labels: Record<string, string> }[] = [
    { namespace: "a", labels: { app: "x", tier: "1" } },
    { namespace: "a", labels: { app: "x" } },
    { namespace: "b", labels: { app: "x", tier: "1" } },
  ];
  const inNamespace = (namespace: string) => items.filter((item) => item.namespace === namespace);
  const index = labelIndex(inNamespace, ({ labels }) => labels);
  assert.deepEqual(index.select("a", { app: "x" }), [items[0], items[1]]);
  assert.deepEqual(index.select("a", { app: "x", tier: "1" }), [items[0]]);
  assert.deepEqual(index.select("a", { app: "x", tier: "2" }), []);
  assert.deepEqual(index.select("a", {}), []);
  assert.deepEqual(index.select("a", undefined), []);
});
