import assert from "node:assert/strict";
import { externalSecret, look, PATHS, platform, ready, the, unhealthy, without } from "../flux/gitops.ts";
import { NOW, on, rootsOf } from "../platform.ts";

const KUBERNETES = { kind: "SecretStore", name: "rook-ceph" };

Deno.test("external secrets: synced ones are counted as well", async () => {
  const [found] = on(await look(platform()), "ExternalSecret", "*");
  assert.deepEqual([found?.status, found?.observed], ["ok", "1 of 1"]);
});

Deno.test("external secrets: a failure is critical without its Secret and a warning with it", async () => {
  const objects = platform();
  ready(
    the(objects, "externalSecrets", "db"),
    "False",
    "SecretSyncedError",
    "could not get secret data from provider",
  );
  assert.equal(on(await look(objects), "ExternalSecret", "db")[0]?.status, "warning");
  without(objects, "secrets", "db");
  assert.equal(on(await look(objects), "ExternalSecret", "db")[0]?.status, "critical");
});

Deno.test("external secrets: one younger than a minute may wait, an older one without a status was not looked at", async () => {
  const objects = platform();
  const young = externalSecret("young", { kind: "ClusterSecretStore", name: "onepassword-connect" });
  objects.externalSecrets.push({
    ...young,
    status: undefined,
    metadata: { ...young.metadata, creationTimestamp: NOW },
  });
  assert.deepEqual(unhealthy(await look(objects)), []);
  objects.externalSecrets.push({ ...young, status: undefined, metadata: { ...young.metadata, name: "old" } });
  assert.equal(on(await look(objects), "ExternalSecret", "old")[0]?.reason, "NotSynced");
});

Deno.test("external secrets: a stopped operator explains what is not synced and what is stale", async () => {
  const objects = platform();
  the(objects, "deployments", "external-secrets").status = {
    observedGeneration: 1,
    replicas: 1,
    readyReplicas: 0,
  };
  const stale = the(objects, "externalSecrets", "db");
  stale.status = { ...stale.status, refreshTime: "2026-01-01T06:00:00Z" };
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Deployment external-secrets NoneReady"]);
  assert.equal(on(diagnosis, "ExternalSecret", "db")[0]?.reason, "Stale");
});

Deno.test("external secrets: without any operator Deployment, but with ExternalSecrets, the Deployment is missing", async () => {
  const objects = platform();
  without(objects, "deployments", "external-secrets");
  assert.deepEqual(rootsOf(await look(objects)), ["Deployment external-secrets Missing"]);
});

Deno.test("external secrets: one missing item is one root, however many ExternalSecrets ask for it", async () => {
  const objects = platform();
  const store = { kind: "ClusterSecretStore", name: "onepassword-connect" };
  objects.externalSecrets.push(externalSecret("other", store, "db"));
  for (const name of ["db", "other"]) {
    ready(
      the(objects, "externalSecrets", name),
      "False",
      "SecretSyncedError",
      "key not found in 1Password Vaults: db in: map[]",
    );
  }
  without(objects, "secrets", "db");
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["OnePasswordItem lakehouse/db ItemNotFound"]);
  assert.deepEqual(diagnosis.roots[0]?.explains.filter(({ kind }) => kind === "ExternalSecret").length, 2);
});

Deno.test("external secrets: an event that is older than the failure says nothing of it", async () => {
  const reasonWith = async (told: string) => {
    const objects = platform();
    const failed = the(objects, "externalSecrets", "db");
    ready(
      failed,
      "False",
      "SecretSyncedError",
      "could not get secret data from provider",
      "2026-01-01T11:50:00Z",
    );
    objects.events.push({
      metadata: { name: "db.1", namespace: "data-platform" },
      type: "Warning",
      reason: "UpdateFailed",
      message: "key not found in 1Password Vaults: db in: map[]",
      involvedObject: { kind: "ExternalSecret", namespace: "data-platform", name: "db" },
      lastTimestamp: told,
    });
    return on(await look(objects), "ExternalSecret", "db")[0]?.reason;
  };
  assert.equal(await reasonWith("2026-01-01T11:40:00Z"), "SecretSyncedError");
  // The operator records the event, and then sets the condition.
  assert.equal(await reasonWith("2026-01-01T11:49:58Z"), "ItemNotFound");
  assert.equal(await reasonWith("2026-01-01T11:55:00Z"), "ItemNotFound");
});

Deno.test("external secrets: a missing item is not blamed on a store that is well", async () => {
  const objects = platform();
  ready(
    the(objects, "externalSecrets", "db"),
    "False",
    "SecretSyncedError",
    "property x does not exist in key db",
  );
  const [found] = on(await look(objects), "ExternalSecret", "db");
  assert.deepEqual([found?.reason, found?.role], ["FieldNotFound", "symptom"]);
  assert.deepEqual(rootsOf(await look(objects)), ["OnePasswordItem lakehouse/db FieldNotFound"]);
});

Deno.test("external secrets: a store that does not exist explains those that name it", async () => {
  const objects = platform();
  objects.externalSecrets.push(externalSecret("s3", KUBERNETES, "user-keys"));
  ready(
    the(objects, "externalSecrets", "s3"),
    "False",
    "SecretSyncedError",
    'could not get SecretStore "rook-ceph", not found',
  );
  assert.deepEqual(rootsOf(await look(objects)), ["SecretStore rook-ceph Missing"]);
});

Deno.test("external secrets: the kubernetes provider's source Secret explains what cannot be copied, up to who makes it", async () => {
  const objects = platform();
  objects.secretStores.push({
    metadata: { name: "rook-ceph", namespace: "data-platform" },
    spec: {
      provider: {
        kubernetes: { remoteNamespace: "rook-ceph", auth: { serviceAccount: { name: "reader" } } },
      },
    },
    status: { conditions: [{ type: "Ready", status: "True", reason: "Valid" }] },
  });
  objects.serviceAccounts.push({ metadata: { name: "reader", namespace: "data-platform" } });
  const key = "rook-ceph-object-user-storage-iceberg";
  objects.externalSecrets.push(externalSecret("s3", KUBERNETES, key));
  ready(the(objects, "externalSecrets", "s3"), "False", "SecretSyncedError", "Secret does not exist");
  without(objects, "secrets", key);
  without(objects, "cephObjectStoreUsers", "iceberg");
  assert.deepEqual(rootsOf(await look(objects)), ["CephObjectStoreUser iceberg Missing"]);
});

Deno.test("external secrets: a store whose ServiceAccount is missing is a symptom of that", async () => {
  const objects = platform();
  objects.secretStores.push({
    metadata: { name: "rook-ceph", namespace: "data-platform" },
    spec: {
      provider: {
        kubernetes: { remoteNamespace: "rook-ceph", auth: { serviceAccount: { name: "reader" } } },
      },
    },
    status: {
      conditions: [{
        type: "Ready",
        status: "False",
        reason: "InvalidProviderConfig",
        message: "unable to create client",
      }],
    },
  });
  assert.deepEqual(rootsOf(await look(objects)), ["ServiceAccount reader Missing"]);
});

Deno.test("external secrets: a store that may not be listed makes its check unknown and blames nobody", async () => {
  const failure = { kind: "forbidden", message: "no" } as const;
  const diagnosis = await look(platform(), { failures: { [PATHS.clusterSecretStores]: failure } });
  const found = diagnosis.findings.filter(({ check }) => check === "external-secrets.cluster-stores");
  assert.ok(found.length > 0 && found.every(({ status }) => status === "unknown"));
});

Deno.test("external secrets: kinds that are not served, though they were applied, are one root", async () => {
  const objects = platform();
  objects.externalSecrets = [];
  objects.clusterSecretStores = [];
  const paths = [PATHS.externalSecrets, PATHS.clusterSecretStores, PATHS.secretStores];
  const failures = Object.fromEntries(
    paths.flatMap((path) => [path, path.replace("/v1/", "/v1beta1/")]).map((
      path,
    ) => [path, { kind: "not-installed", message: "404" } as const]),
  );
  assert.deepEqual(rootsOf(await look(objects, { failures })), [
    "CustomResourceDefinition *.external-secrets.io NotInstalled",
  ]);
});

Deno.test("external secrets: a vault of another name is one root, of the store too", async () => {
  const objects = platform();
  const said = 'error finding 1Password Vault: Found 0 vaults with title "lakehouse"';
  objects.externalSecrets.push(
    externalSecret("other", { kind: "ClusterSecretStore", name: "onepassword-connect" }),
  );
  for (const name of ["db", "other"]) {
    ready(the(objects, "externalSecrets", name), "False", "SecretSyncedError", said);
  }
  ready(the(objects, "clusterSecretStores", "onepassword-connect"), "False", "ValidationFailed", said);
  assert.deepEqual(rootsOf(await look(objects)), ["OnePasswordVault lakehouse VaultNotFound"]);
});

Deno.test("external secrets: a store that was Ready when last validated is still the one root of all that fail through it", async () => {
  const objects = platform();
  objects.externalSecrets.push(
    externalSecret("other", { kind: "ClusterSecretStore", name: "onepassword-connect" }),
  );
  for (const name of ["db", "other"]) {
    ready(
      the(objects, "externalSecrets", name),
      "False",
      "SecretSyncedError",
      "status 429: too many requests",
    );
  }
  without(objects, "secrets", "db");
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["ClusterSecretStore onepassword-connect RateLimited"]);
  assert.equal(on(diagnosis, "ExternalSecret", "db")[0]?.role, "symptom");
});

Deno.test("external secrets: where no reason is given, a store that fails all of its users is the root, one of two is not", async () => {
  const objects = platform();
  objects.externalSecrets.push(
    externalSecret("other", { kind: "ClusterSecretStore", name: "onepassword-connect" }),
  );
  objects.secrets.push({ metadata: { name: "other", namespace: "data-platform" } });
  const said = "could not get secret data from provider";
  ready(the(objects, "externalSecrets", "db"), "False", "SecretSyncedError", said);
  without(objects, "secrets", "db");
  assert.deepEqual(rootsOf(await look(objects)), ["ExternalSecret db SecretSyncedError"]);
  ready(the(objects, "externalSecrets", "other"), "False", "SecretSyncedError", said);
  assert.deepEqual(rootsOf(await look(objects)), ["ClusterSecretStore onepassword-connect NotReady"]);
});

Deno.test("external secrets: while their store is out of order, nobody knows whether the items are there", async () => {
  const objects = platform();
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "status 401",
  );
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["ClusterSecretStore onepassword-connect ValidationFailed"]);
  const items = diagnosis.findings.filter(({ check }) => check === "external-secrets.items");
  assert.deepEqual(
    items.map(({ object, status, reason, role }) => [object.name, status, reason, role]),
    [["lakehouse/*", "unknown", "NotAsked", "symptom"]],
  );
});

Deno.test("external secrets: the items of an ExternalSecret that fails by itself are not counted as there", async () => {
  const objects = platform();
  const store = { kind: "ClusterSecretStore", name: "onepassword-connect" };
  objects.externalSecrets.push(externalSecret("other", store, "other"));
  ready(the(objects, "externalSecrets", "other"), "False", "SecretSyncedError", "status 403: no access");
  const items = (await look(objects)).findings.filter(({ check }) => check === "external-secrets.items");
  assert.deepEqual(items.map(({ status, observed }) => [status, observed]), [
    ["ok", "0 of 1 missing"],
    ["skipped", "1 item not asked for"],
  ]);
});

/** What an operator that does not run has last written of its kinds, or of what it reports on. */
const REPORTED: Record<string, string[]> = {
  "external-secrets": [
    "external-secrets.synced",
    "external-secrets.cluster-stores",
    "external-secrets.stores",
    "external-secrets.items",
  ],
  "cnpg-controller-manager": ["postgresql.clusters", "postgresql.instances"],
  "rook-ceph-operator": ["rook-ceph.cephclusters", "rook-ceph.cephobjectstores", "rook-ceph.health"],
  "source-controller": ["flux.ocirepositories", "flux.helmrepositories"],
  "kustomize-controller": ["flux.kustomizations"],
};

for (const [name, checks] of Object.entries(REPORTED)) {
  Deno.test(`${name}: what it last reported is not ok while it does not run, and that is its symptom`, async () => {
    const healthy = (await look(platform())).findings.filter(({ check }) => checks.includes(check));
    const ok = new Set(healthy.filter(({ status }) => status === "ok").map(({ check }) => check));
    assert.ok(ok.size > 0, "none of its checks is ok on a healthy platform");
    const objects = platform();
    const operator = the(objects, "deployments", name);
    operator.spec = { ...operator.spec, replicas: 0 };
    operator.status = { observedGeneration: 1, replicas: 0, readyReplicas: 0 };
    const diagnosis = await look(objects);
    const found = diagnosis.findings.filter(({ check }) => ok.has(check));
    assert.deepEqual(new Set(found.map(({ check }) => check)), ok);
    for (const { check, status, reason, role } of found) {
      if (status === "skipped") continue;
      assert.deepEqual([check, status, reason, role], [check, "unknown", "Outdated", "symptom"]);
    }
    assert.deepEqual(rootsOf(diagnosis), [`Deployment ${name} ScaledToZero`]);
  });
}
