import assert from "node:assert/strict";
import { metricSum } from "../../../../lib/checkpoints/nessie/api/management_port.ts";
import { properties } from "../../../../lib/checkpoints/nessie/setup/workload.ts";
import { readWanted, wantedOf } from "../../../../lib/checkpoints/nessie/setup/wanted.ts";
import type { KubeObject, KubeWriter } from "../../../../lib/clients/kubernetes/writer.ts";

const FILE = `# a comment
nessie.version.store.type=JDBC2
nessie.catalog.default-warehouse = lake-house
nessie.catalog.warehouses.lake-house.location: s3://iceberg-warehouse/
nessie.catalog.service.s3.default-options.endpoint=http://rgw:80\\
  /path

!other comment
`;

function cluster(objects: Record<string, unknown>): KubeWriter {
  const get = (path: string) => Promise.resolve(objects[path] as KubeObject | undefined);
  return { get } as unknown as KubeWriter;
}

const deployment = (container: unknown) => ({
  spec: {
    template: { spec: { containers: [container], volumes: [{ name: "c", configMap: { name: "cm" } }] } },
  },
});
const DEPLOYMENT = "/apis/apps/v1/namespaces/ns/deployments/catalog";
const WORKLOAD = { kind: "Deployment", namespace: "ns", name: "catalog" };
const MAP = "/api/v1/namespaces/ns/configmaps/cm";

Deno.test("a properties file is read as Java reads it", () => {
  assert.deepEqual(properties(FILE), [
    ["nessie.version.store.type", "JDBC2"],
    ["nessie.catalog.default-warehouse", "lake-house"],
    ["nessie.catalog.warehouses.lake-house.location", "s3://iceberg-warehouse/"],
    ["nessie.catalog.service.s3.default-options.endpoint", "http://rgw:80/path"],
  ]);
});

Deno.test("what is asked for comes from the Deployment and the ConfigMap that it mounts", async () => {
  const kube = cluster({
    [DEPLOYMENT]: deployment({ name: "nessie", image: "ghcr.io/projectnessie/nessie:0.104.1@sha256:ab" }),
    [MAP]: { data: { "application.properties": FILE } },
  });
  assert.deepEqual(await readWanted(kube, WORKLOAD), {
    image: "ghcr.io/projectnessie/nessie:0.104.1@sha256:ab",
    version: "0.104.1",
    defaultWarehouse: "lake-house",
    defaultBranch: undefined,
    storeType: "JDBC2",
    s3Endpoint: "http://rgw:80/path",
    warehouses: [{ name: "lake-house", location: "s3://iceberg-warehouse/" }],
  });
});

Deno.test("the environment wins over the file, by either form of a name", async () => {
  for (
    const name of [
      "NESSIE_CATALOG_WAREHOUSES_LAKE_HOUSE_LOCATION",
      "nessie.catalog.warehouses.lake-house.location",
    ]
  ) {
    const kube = cluster({
      [DEPLOYMENT]: deployment({ name: "nessie", image: "nessie", env: [{ name, value: "s3://other" }] }),
      [MAP]: { data: { "application.properties": FILE } },
    });
    const wanted = await readWanted(kube, WORKLOAD);
    assert.ok(!("why" in wanted));
    assert.deepEqual(wanted.warehouses, [{ name: "lake-house", location: "s3://other" }]);
    assert.equal(wanted.version, undefined);
  }
});

Deno.test("a tag that is no version asks for none, and a registry's port is no tag", () => {
  const versions = ["r:5000/nessie", "nessie:latest", "r:5000/n/nessie:v0.99.0-java", "nessie"]
    .map((image) => wantedOf(image, new Map()).version);
  assert.deepEqual(versions, [undefined, undefined, "0.99.0", undefined]);
});

Deno.test("without a Deployment nothing is asked for, and that is said", async () => {
  assert.deepEqual(await readWanted(cluster({}), WORKLOAD), {
    why: "Deployment ns/catalog does not exist",
  });
});

Deno.test("metrics are summed over their series, and only their own", () => {
  const text = '# TYPE a counter\na{x="1",uri="/config"} 2.0\na{uri="/other"} 3\nab{x="1"} 50\na 4.5\n';
  assert.equal(metricSum(text, "a"), 9.5);
  assert.equal(metricSum(text, "a", "/config"), 2);
  assert.equal(metricSum(text, "none"), undefined);
});
