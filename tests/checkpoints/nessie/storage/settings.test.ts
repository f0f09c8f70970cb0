import assert from "node:assert/strict";
import { databaseOf, readStoreSettings } from "../../../../lib/checkpoints/nessie/storage/settings.ts";
import { catalogObjects, NESSIE, PROPERTIES } from "./fixture.ts";

function settings(lines?: readonly string[], env?: unknown[]) {
  const objects = catalogObjects(lines, env);
  return readStoreSettings({ get: (path) => Promise.resolve(objects[path]) }, NESSIE);
}

Deno.test("the version store, its database and its login are read from the ConfigMap and the Deployment", async () => {
  assert.deepEqual(await settings(), {
    type: "JDBC2",
    from: "ConfigMap nessie",
    database: { host: "nessie-postgres-rw.data-platform.svc.cluster.local", port: 5432, name: "nessie" },
    user: { name: "nessie-postgres-credentials", key: "username" },
    password: { name: "nessie-postgres-credentials", key: "password" },
    replicas: 2,
  });
});

Deno.test("the environment wins over the ConfigMap, as in Quarkus", async () => {
  const found = await settings(PROPERTIES, [{ name: "NESSIE_VERSION_STORE_TYPE", value: "in_memory" }]);
  assert.equal(found?.type, "IN_MEMORY");
  assert.equal(found?.from, "env of Deployment nessie");
});

Deno.test("without a named data source the unnamed one counts, and its pool", async () => {
  const found = await settings([
    "nessie.version.store.type=JDBC2",
    "quarkus.datasource.jdbc.url=jdbc:postgresql://db:5433/catalog",
    "quarkus.datasource.jdbc.max-size=30",
    "quarkus.datasource.postgresql.jdbc.url=jdbc:postgresql://other/else",
  ]);
  assert.deepEqual(found?.database, { host: "db", port: 5433, name: "catalog" });
  assert.equal(found?.poolMax, 30);
});

Deno.test("a catalog of which nothing is said has no type, and no Deployment has no settings", async () => {
  assert.equal((await settings([]))?.type, undefined);
  assert.equal(
    await readStoreSettings({ get: () => Promise.resolve(undefined) }, NESSIE),
    undefined,
  );
});

Deno.test("JDBC addresses are taken apart", () => {
  assert.deepEqual(databaseOf("jdbc:postgresql://db/nessie?ssl=true"), {
    host: "db",
    port: 5432,
    name: "nessie",
  });
  for (const text of [undefined, "", "jdbc:mariadb://db/x", "jdbc:postgresql://db"]) {
    assert.equal(databaseOf(text), undefined);
  }
});
