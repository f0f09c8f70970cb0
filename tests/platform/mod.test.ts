import assert from "node:assert/strict";
import { components } from "../../lib/components/mod.ts";
import { componentOf, isRequired, partsOf, usualPart } from "../../lib/platform/mod.ts";

const LAKE = "lake";

Deno.test("every part of the platform belongs to a component of the report", () => {
  const names = new Set(components.map(({ name }) => name));
  for (const { namespace = "", name } of partsOf(LAKE)) {
    const component = componentOf(name, namespace, LAKE);
    assert.ok(component && names.has(component), `${namespace}/${name} belongs to ${component}`);
  }
});

Deno.test("a name that begins with the name of a part is of its component, the longest name first", () => {
  const of = (namespace: string, name: string) => componentOf(name, namespace, LAKE);
  assert.equal(of(LAKE, "nessie-7d9c"), "nessie");
  assert.equal(of(LAKE, "nessie-postgres-1"), "postgresql");
  assert.equal(of(LAKE, "nessiex"), undefined);
  assert.equal(of("elsewhere", "nessie"), undefined);
  assert.equal(of("elsewhere", "spark-operator-webhook"), "spark-operator");
  assert.equal(of("external-secrets", "onepassword-connect"), "onepassword-connect");
  assert.equal(of("external-secrets", "anything"), "external-secrets");
  assert.equal(of("kube-system", "coredns"), "kubernetes");
  assert.equal(of("__proto__", "anything"), undefined);
});

Deno.test("Deployments of the platform's own namespace are required, others are not", () => {
  assert.ok(isRequired("spark-client", LAKE, LAKE));
  assert.ok(!isRequired("spark-client", "elsewhere", LAKE));
  assert.ok(!isRequired("rook-ceph-operator", LAKE, LAKE));
  assert.ok(!isRequired("nessie-postgres", LAKE, LAKE));
});

Deno.test("a part is looked for where it usually is", () => {
  assert.deepEqual(usualPart("postgresql", "Cluster", LAKE), {
    kind: "Cluster",
    namespace: LAKE,
    name: "nessie-postgres",
  });
  assert.equal(usualPart("postgresql", "Deployment").namespace, "cnpg-system");
  assert.throws(() => usualPart("postgresql", "Secret"), /no part of kind Secret/);
});
