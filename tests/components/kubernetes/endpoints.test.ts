import assert from "node:assert/strict";
import { endpointsOf } from "../../../lib/components/kubernetes/endpoints.ts";
import { openWorld } from "../../../lib/engine/world.ts";

const slice = (addressType: string, ...endpoints: object[]) => ({
  metadata: { namespace: "lake", labels: { "kubernetes.io/service-name": "nessie" } },
  addressType,
  endpoints,
});
const pod = (name: string, ready: boolean) => ({ conditions: { ready }, targetRef: { kind: "Pod", name } });

function counted(...items: unknown[]): { ready: number; all: number } {
  const world = openWorld({
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-01-01T12:00:00Z",
    context: "test",
    namespace: "lake",
    sources: { endpointslices: { ok: true, items } },
  });
  return endpointsOf(world, "lake", "nessie");
}

Deno.test("a pod with an address of each family is one endpoint", () => {
  const both = ["IPv4", "IPv6"].map((family) => slice(family, pod("a", true), pod("b", false)));
  assert.deepEqual(counted(...both), { ready: 1, all: 2 });
});

Deno.test("a pod that is ready by one family only answers", () => {
  assert.deepEqual(counted(slice("IPv4", pod("a", false)), slice("IPv6", pod("a", true))), {
    ready: 1,
    all: 1,
  });
});

Deno.test("endpoints that are no pods count, once for both families, and a host counts as any", () => {
  assert.deepEqual(counted(slice("IPv4", {}, {}), slice("IPv6", {}, {})), { ready: 2, all: 2 });
  assert.deepEqual(counted(slice("FQDN", {})), { ready: 1, all: 1 });
  assert.deepEqual(counted(slice("IPv4", { conditions: { ready: false } }), slice("IPv4", {})), {
    ready: 1,
    all: 2,
  });
});
