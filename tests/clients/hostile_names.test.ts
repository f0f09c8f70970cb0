/** Names from elsewhere that would lead a client to something else: no request leaves. */
import assert from "node:assert/strict";
import { readCredentials } from "../../lib/checkpoints/s3/setup/credentials.ts";
import { openStore } from "../../lib/checkpoints/nessie/storage/open.ts";
import { readStoreSettings } from "../../lib/checkpoints/nessie/storage/settings.ts";
import { icebergRest } from "../../lib/clients/iceberg_rest.ts";
import { forward } from "../../lib/clients/kubernetes/port_forward.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import { apiError, kubeconfigFor, serveFake } from "../fakes/api_server.ts";
import { against as againstCatalog } from "./catalog_fixture.ts";
import { against, CANARY, failureOf, withKubeconfig, writing } from "./kubernetes/fixture.ts";
import { againstConnect, VAULT } from "./onepassword/fixture.ts";
import { PATIENT_MS } from "../patience.ts";

const THEIRS = "../../payments/secrets/their-user";
const malformed = async (work: Promise<unknown>) => assert.equal((await failureOf(work)).kind, "malformed");

/** An API server that gives a Secret with keys whatever is asked for. */
const generous = () =>
  Response.json({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "their-user" },
    data: { AccessKey: btoa("theirs"), SecretKey: btoa("theirs") },
  });

Deno.test("the clients of the API server send no path that a URL would change", async () => {
  await against(generous, async (client, server) => {
    for (
      const path of [
        "/api/v1/../v1/secrets",
        "/api/v1/pods/%2e%2e/x",
        "/api/v1/a\\..\\b",
        "api/v1",
        "/api/v1/a#b",
      ]
    ) {
      await malformed(client.get(path));
      await malformed(client.get(path, { raw: true }));
    }
    assert.deepEqual(server.requests, []);
  });
  await writing(generous, async (writer, server) => {
    const path = `/api/v1/namespaces/rook-ceph/secrets/${THEIRS}`;
    const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } };
    for (
      const work of [
        writer.get(path),
        writer.list(path),
        writer.raw(path),
        writer.apply(path, object),
        writer.merge(path, {}),
        writer.remove(path),
        writer.serves("../v1", "secrets"),
      ]
    ) await malformed(work);
    assert.deepEqual(server.requests, []);
  });
});

Deno.test("keys of the S3 checkpoint: a status that names another namespace's Secret is that Secret's failure alone", async () => {
  const refs = [THEIRS, "fine"].map((name) => ({
    secret: { kind: "Secret", namespace: "rook-ceph", name },
    idKey: "AccessKey",
    secretKey: "SecretKey",
    kind: "source" as const,
    used: false,
  }));
  await writing(generous, async (writer, server) => {
    const [theirs, fine] = await readCredentials(writer, refs);
    assert.equal(theirs?.failure?.kind, "malformed");
    assert.equal(theirs?.keys, undefined);
    assert.ok(fine?.keys);
    assert.deepEqual(server.requests, ["GET /api/v1/namespaces/rook-ceph/secrets/fine"]);
  });
});

Deno.test("the catalog's database: a Deployment leads to no Secret or ConfigMap of another namespace", async () => {
  const spec = {
    containers: [{
      name: "nessie",
      env: [],
      envFrom: [{ configMapRef: { name: "../../payments/configmaps/x" } }],
    }],
    volumes: [{ configMap: { name: "settings" } }],
  };
  const answers: Record<string, unknown> = {
    "/apis/apps/v1/namespaces/lake/deployments/nessie": {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "nessie" },
      spec: { template: { spec } },
    },
    "/api/v1/namespaces/lake/configmaps/settings": {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings" },
      data: { "nessie.version.store.type": "JDBC2" },
    },
    "/api/v1/namespaces/lake/pods": {
      apiVersion: "v1",
      kind: "PodList",
      items: [{ metadata: { name: "pg-1" } }],
    },
  };
  const answer = (path: string) => {
    const found = answers[path];
    return found ? Response.json(found) : apiError(404, "NotFound", "not found");
  };
  await writing(answer, async (writer, server) => {
    assert.equal(
      (await readStoreSettings(writer, { kind: "Deployment", namespace: "lake", name: "nessie" }))?.type,
      "JDBC2",
    );
    const key = { name: THEIRS, key: "AccessKey" };
    const settings = {
      database: { host: "pg-rw", port: 5432, name: "nessie" },
      user: key,
      password: key,
      replicas: 1,
    };
    await malformed(openStore(writer, settings, { namespace: "lake", timeoutMs: PATIENT_MS }));
    const elsewhere = { ...settings, database: { ...settings.database, host: "pg-rw.../x" } };
    await malformed(openStore(writer, elsewhere, { namespace: "lake", timeoutMs: PATIENT_MS }));
    assert.deepEqual(server.requests.filter((line) => /payments|secrets/.test(line)), []);
  });
});

Deno.test("no port is forwarded to what can be no pod", async () => {
  await using server = serveFake(() => Response.json({}));
  await withKubeconfig(kubeconfigFor(server.url, { token: CANARY }), async (kubeconfig) => {
    for (const [namespace, pod] of [["a", "../../b/pods/c"], ["a/../b", "c"], ["", "c"], ["a", "c?x"]]) {
      await malformed(forward({ kubeconfig, timeoutMs: PATIENT_MS }, namespace ?? "", pod ?? "", 80));
    }
  });
  assert.deepEqual(server.requests, []);
});

Deno.test("1Password Connect is asked for no vault or item whose id leads elsewhere", () =>
  againstConnect(() => Response.json([]), async (api, connect) => {
    for (const id of ["..", ".", ""]) {
      await malformed(api.items(id));
      await malformed(api.item(VAULT, id));
      await malformed(api.patch(VAULT, id, []));
      await malformed(api.create(id, { title: "x", category: "LOGIN", fields: [] }));
    }
    assert.deepEqual(connect.requests, []);
    await api.items("../../x", "a b");
    assert.deepEqual(connect.requests, ['GET /v1/vaults/..%2F..%2Fx/items?filter=title eq "a b"']);
  }));

Deno.test("a table or namespace called .. is not taken for the one above it", () =>
  againstCatalog(() => Response.json({}), async (nessie, asked, options) => {
    const rest = icebergRest({ ...options, prefix: "main" });
    for (const name of ["..", ".", ""]) {
      await malformed(rest.dropTable({ namespace: ["orders"], name }));
      await malformed(rest.dropView({ namespace: ["orders"], name }));
      await malformed(rest.loadTable({ namespace: ["orders"], name }));
      await malformed(rest.dropNamespace([name]));
      await malformed(rest.tables([name]));
      await malformed(nessie.reference(name));
    }
    // Two levels in one would be another namespace.
    await malformed(rest.dropNamespace(["a\u001fb"]));
    await malformed(rest.dropNamespace([]));
    await malformed(rest.send("DELETE", "/v1/main/namespaces/x/tables/.."));
    await malformed(nessie.raw("GET", "/trees/.."));
    assert.deepEqual(asked.requests, []);
  }));

Deno.test("references with slashes and namespaces of several levels are asked for as they are called", () =>
  againstCatalog((request) => Response.json({ url: request.url }), async (nessie, asked, options) => {
    const rest = icebergRest({ ...options, prefix: "feature/x|lake" });
    const caught = (work: Promise<unknown>) => work.catch((error) => assert.ok(error instanceof CannotLook));
    await caught(rest.dropTable({ namespace: ["a", "b.c"], name: "t/1" }));
    await caught(nessie.reference("feature/x"));
    assert.deepEqual(asked.requests, [
      "DELETE /iceberg/v1/feature/x|lake/namespaces/a\u001fb.c/tables/t/1?purgeRequested=false",
      "GET /api/v2/trees/feature/x",
    ]);
  }));
