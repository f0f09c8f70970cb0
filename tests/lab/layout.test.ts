import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { LAYOUTS, placed, renamedText, renameTree, USUAL } from "../../lab/layout.ts";
import { platformTable } from "../../lab/platform/parts.ts";

const OTHER = LAYOUTS["other-names"];
assert.ok(OTHER);
const ROOT = new URL("../../", import.meta.url).pathname;

interface Manifest {
  kind?: string;
  metadata?: { name?: string; namespace?: string };
}

async function objects(layout: typeof USUAL): Promise<string[]> {
  const dir = await Deno.makeTempDir({ prefix: "lakecheck-layout-" });
  try {
    cpSync(join(ROOT, "kubernetes/apps"), dir, { recursive: true });
    renameTree(dir, layout);
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter(({ name }) => name.endsWith(".yaml"))
      .flatMap(({ parentPath, name }) => parseAllDocuments(readFileSync(join(parentPath, name), "utf8")))
      .map((document) => document.toJS() as Manifest | null)
      .flatMap((one) =>
        one?.metadata?.name ? [`${one.kind} ${one.metadata.namespace ?? ""}/${one.metadata.name}`] : []
      );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a layout gives other names to the same objects, and the usual one changes nothing", async () => {
  const [usual, other] = [await objects(USUAL), await objects(OTHER)];
  assert.equal(other.length, usual.length);
  assert.deepEqual(other.map((one) => one.split(" ")[0]), usual.map((one) => one.split(" ")[0]));
  for (const [object, to] of Object.entries(OTHER.objects)) {
    const [kind = "", name = ""] = object.split(" ");
    assert.ok(usual.some((one) => one.startsWith(`${kind} `) && one.endsWith(`/${name}`)), object);
    assert.ok(!other.some((one) => one.startsWith(`${kind} `) && one.endsWith(`/${name}`)), object);
    assert.ok(other.some((one) => one.startsWith(`${kind} `) && one.endsWith(`/${to}`)), `${kind} ${to}`);
  }
  assert.deepEqual(other.filter((one) => one.includes("data-platform/")), []);
});

Deno.test("hosts, ports and patches follow; labels, paths, images and settings stay", () => {
  const renamed = (text: string) => renamedText(text, OTHER);
  assert.equal(
    renamed("jdbc:postgresql://nessie-postgres-rw.data-platform.svc:5432/nessie"),
    "jdbc:postgresql://catalog-db-rw.lakehouse.svc:5432/nessie",
  );
  assert.equal(
    renamed("uri http://nessie.data-platform.svc:19120/iceberg/"),
    "uri http://catalog.lakehouse.svc:8181/iceberg/",
  );
  assert.equal(
    renamed("kind: HelmRelease\nmetadata: {name: nessie}\n"),
    "kind: HelmRelease\nmetadata: {name: catalog}\n",
  );
  for (
    const stays of [
      "app.kubernetes.io/name: nessie",
      "path: ./kubernetes/apps/data-platform/nessie",
      "image: ghcr.io/projectnessie/nessie:0.104.1",
      "name: nessie-postgres-credentials",
      "name: data-platform-network",
    ]
  ) {
    assert.equal(renamed(stays), stays);
  }
});

Deno.test("the parts of lab:status are looked for where the layout has them", () => {
  const paths = new Map(platformTable.map(({ name, path }) => [name, placed(path, OTHER)]));
  assert.equal(paths.get("Nessie"), "/apis/apps/v1/namespaces/lakehouse/deployments/catalog");
  assert.equal(
    paths.get("PostgreSQL cluster nessie-postgres"),
    "/apis/postgresql.cnpg.io/v1/namespaces/lakehouse/clusters/catalog-db",
  );
  assert.deepEqual(
    platformTable.map(({ path }) => placed(path, USUAL)),
    platformTable.map(({ path }) => path),
  );
});
