import assert from "node:assert/strict";
import plugin from "../../../tools/lint_plugin.ts";

/** What is said of this text, as `written-names` says it. */
function said(path: string, text: string): string[] {
  const file = new URL(`../../../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, text)
    .filter(({ id }) => id === "lakecheck/written-names")
    .map(({ message }) => message.replace(" is what one platform calls it", ""));
}

Deno.test("no code names an object of this project's own platform, however it names it", () => {
  const cases: [text: string, name: string][] = [
    ['const USER = "iceberg";', "iceberg"],
    ['export const NAMESPACE = "data-platform";', "data-platform"],
    ['const to = { kind: "Service", namespace, name: "nessie" };', "nessie"],
    ['const to = { kind: "Deployment", namespace, name: "spark-client" };', "spark-client"],
    ['world.get(services, world.namespace, "nessie");', "nessie"],
    ['podsOf(world, "Deployment", world.namespace, "nessie");', "nessie"],
    ['const at = "Service nessie is found";', "Service nessie"],
    ["const at = kubePath`/apis/apps/v1/namespaces/${n}/deployments/nessie`;", "deployments/nessie"],
    ["const at = kubePath`/api/v1/namespaces/${n}/services/nessie:${p}/proxy`;", "services/nessie"],
    ["const next = command`kubectl cnpg status nessie-postgres`;", "nessie-postgres"],
    ["const next = command`kubectl -n ${n} logs deploy/nessie`;", "deploy/nessie"],
    ['const host = "nessie-postgres.elsewhere.svc";', "nessie-postgres"],
    ['const secret = "lake/s3-credentials";', "s3-credentials"],
  ];
  for (const [text, name] of cases) {
    for (const path of ["lib/checkpoints/x.ts", "scripts/x.ts"]) {
      assert.deepEqual(said(path, text), [name], text);
    }
  }
});

Deno.test("roles, components, tasks and what other projects call their own are no names of a platform", () => {
  const texts = [
    'const role = "nessie"; const one = { component: "spark-client", labels: ["nessie"] };',
    'const next = "deno task data-platform:health"; const file = "data-platform-test-s3.test.ts";',
    'const catalog = { kind: "Catalog", name: "nessie" }; filling(world, "nessie");',
    'const at = { kind: "Deployment", namespace: "rook-ceph", name: "rook-ceph-operator" };',
    'const iceberg = "/iceberg/v1/config"; const path = "./iceberg/mod.ts";',
    'const file = "spark-defaults.conf"; const more = "nessie-postgres-credentials-of-mine";',
  ];
  for (const text of texts) assert.deepEqual(said("lib/components/x.ts", text), [], text);
});

Deno.test("usual names stand where roles and usual parts are told, and tests may say what they like", () => {
  const text = 'const part = { kind: "Cluster", name: "nessie-postgres" };';
  for (const path of ["lib/platform/usual_parts.ts", "lib/platform/roles.ts", "tests/x.test.ts"]) {
    assert.deepEqual(said(path, text), []);
  }
  assert.deepEqual(said("lib/platform/cluster_dns.ts", text), ["nessie-postgres"]);
});
