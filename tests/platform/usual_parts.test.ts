import assert from "node:assert/strict";
import { components } from "../../lib/components/mod.ts";
import { componentOf, usualPart, usualParts } from "../../lib/platform/usual_parts.ts";

const LAKE = "lake";
const NONE: ReadonlyMap<string, string> = new Map();

Deno.test("every part of the platform belongs to a component of the report", () => {
  const names = new Set(components.map(({ name }) => name));
  for (const { namespace = "", name } of usualParts(LAKE)) {
    const component = componentOf(name, namespace, LAKE, NONE);
    assert.ok(component && names.has(component), `${namespace}/${name} belongs to ${component}`);
  }
});

Deno.test("a name that begins with the name of a part is of its component, the longest name first", () => {
  const of = (namespace: string, name: string) => componentOf(name, namespace, LAKE, NONE);
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

Deno.test("a part that was found counts before a usual name that is shorter, and after one that is longer", () => {
  const near = new Map([["lake", "nessie"], ["lake-history", "spark-history-server"], [
    "nessie",
    "spark-client",
  ]]);
  const of = (name: string) => componentOf(name, LAKE, LAKE, near);
  assert.equal(of("lake-history-7f9c-x"), "spark-history-server");
  assert.equal(of("lake-historyx"), "nessie");
  assert.equal(of("lakes"), undefined);
  assert.equal(of("nessie-postgres-1"), "postgresql");
  assert.equal(of("nessie-7f9c"), "nessie");
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
