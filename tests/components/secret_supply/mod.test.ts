import assert from "node:assert/strict";
import type { Finding } from "../../../lib/engine/model.ts";
import {
  condition,
  externalSecret,
  PATHS,
  platform,
  ready,
  secret,
  the,
  wantingPod,
  without,
  workload,
} from "../flux/gitops.ts";
import { pod, rootsOf } from "../platform.ts";
import { found, sdkStore, seen, STORE } from "./platform.ts";

const FORBIDDEN = { kind: "forbidden", message: "no" } as const;
const line = (findings: Finding[], name: string) => findings.find(({ object }) => object.name === name);

Deno.test("secret supply: a platform on which everything is well is healthy to the doctor", async () => {
  const { findings, roots } = await seen(platform());
  const unhealthy = findings.filter(({ status }) => status !== "ok" && status !== "skipped");
  assert.deepEqual([unhealthy, roots], [[], []]);
});

Deno.test("what is read: an ExternalSecret says item, fields, Secret, age and interval", async () => {
  const objects = platform();
  const spec = the(objects, "externalSecrets", "db").spec;
  assert.ok(spec);
  spec.data = ["username", undefined].map((property) => ({ remoteRef: { key: "db", property } }));
  const [db] = await found("external-secrets", objects);
  assert.equal(
    db?.message,
    "ExternalSecret data-platform/db reads item lakehouse/db (username, password) into Secret db; it was refreshed 30 min ago and is refreshed every 1h",
  );
  assert.deepEqual([db?.status, db?.reason, db?.observed], ["ok", "Synced", "refreshed 30 min ago"]);
});

Deno.test("what is read: whole items, patterns, and what is never refreshed are said as such", async () => {
  const objects = platform();
  const db = the(objects, "externalSecrets", "db");
  db.spec = {
    ...db.spec,
    data: [],
    dataFrom: [{ extract: { key: "db" } }, { find: { name: {} } }],
    refreshInterval: "0s",
  };
  const [told] = await found("external-secrets", objects);
  assert.match(
    told?.message ?? "",
    /item lakehouse\/db \(every field\) and item lakehouse\/\* \(all that fit\)/,
  );
  assert.match(told?.message ?? "", /only once$/);
});

Deno.test("what is read: of a service account's store the field stands behind the title", async () => {
  const objects = platform();
  objects.clusterSecretStores.push(sdkStore("sdk"));
  objects.externalSecrets.push(
    externalSecret("api", { kind: "ClusterSecretStore", name: "sdk" }, "api/login/key"),
  );
  assert.match(
    line(await found("external-secrets", objects), "api")?.message ?? "",
    /item staging\/api \(login\/key\)/,
  );
});

Deno.test("what is read: one that fails is left to the check that judges it", async () => {
  const objects = platform();
  ready(
    the(objects, "externalSecrets", "db"),
    "False",
    "SecretSyncedError",
    "key not found in 1Password Vaults: db",
  );
  const { findings } = await seen(objects);
  const told = findings.filter(({ object }) => object.kind === "ExternalSecret" && object.name === "db");
  assert.deepEqual(told.map(({ check, status }) => [check, status]), [
    ["secret-supply.external-secrets", "skipped"],
    ["external-secrets.synced", "warning"],
  ]);
  assert.match(told[0]?.message ?? "", /lakehouse\/db .*ItemNotFound/);
});

Deno.test("what is read: one that reads another provider is not of 1Password, one of an absent store may be", async () => {
  const objects = platform();
  objects.secretStores.push({
    metadata: { name: "rook", namespace: "data-platform" },
    spec: { provider: { kubernetes: {} } },
  });
  objects.externalSecrets = [externalSecret("s3", { kind: "SecretStore", name: "rook" })];
  assert.deepEqual((await found("external-secrets", objects)).map(({ status, reason }) => [status, reason]), [
    ["skipped", "NoneFound"],
  ]);
  objects.externalSecrets = [externalSecret("s3", { kind: "SecretStore", name: "gone" })];
  const [told] = await found("external-secrets", objects);
  assert.match(
    told?.message ?? "",
    /item s3 of SecretStore data-platform\/gone, a store that does not exist,/,
  );
});

Deno.test("what is read: stores that cannot be listed leave it unknown", async () => {
  const told = await found("external-secrets", platform(), {
    failures: { [PATHS.clusterSecretStores]: FORBIDDEN },
  });
  assert.deepEqual(told.map(({ status }) => status), ["unknown"]);
});

Deno.test("users: pods stand for their workload, and databases count", async () => {
  const objects = platform();
  objects.pods = objects.pods.filter(({ metadata }) => metadata.name !== "catalog-1");
  for (const name of ["catalog-a-1", "catalog-a-2"]) {
    objects.pods.push(wantingPod(name, "db", { owner: { kind: "ReplicaSet", name: "catalog-a" } }));
  }
  const [db] = await found("users", objects);
  assert.deepEqual([db?.object.name, db?.status, db?.observed], ["db", "ok", "2 users"]);
  assert.equal(
    db?.message,
    "Secret data-platform/db is used by Deployment catalog and Cluster nessie-postgres",
  );
});

Deno.test("users: a Secret that nobody names is said to be unused, which is no fault", async () => {
  const objects = platform();
  objects.externalSecrets.push(externalSecret("spare", STORE));
  objects.secrets.push(secret("spare"));
  objects.pods.push(wantingPod("done", "spare", { phase: "Succeeded" }));
  const spare = line(await found("users", objects), "spare");
  assert.deepEqual([spare?.status, spare?.reason], ["ok", "Unused"]);
});

Deno.test("users: a workload that has no pods, a CronJob by its Job and a Flux source use what they name", async () => {
  const objects = platform();
  const spec = { containers: [{ envFrom: [{ secretRef: { name: "db" } }] }] };
  objects.clusters = [];
  objects.pods = [];
  objects.deployments.push(workload("asleep", "data-platform", spec));
  objects.helmRepositories = [{
    metadata: { name: "charts", namespace: "data-platform" },
    spec: { secretRef: { name: "db" } },
  }];
  const job = (name: string, ownerReferences: unknown[]) => ({
    metadata: { name, namespace: "data-platform", ownerReferences },
    spec: { template: { spec } },
  });
  const jobs = [job("nightly-1", [{ kind: "CronJob", name: "nightly", controller: true }]), job("once", [])];
  const [db] = await found("users", objects, { lists: { "/apis/batch/v1/jobs": jobs } });
  assert.equal(
    db?.message,
    "Secret data-platform/db is used by Deployment asleep, CronJob nightly and HelmRepository charts",
  );
});

Deno.test("users: without ExternalSecrets of 1Password nobody's use is told", async () => {
  const objects = platform();
  objects.externalSecrets = [];
  assert.deepEqual((await found("users", objects)).map(({ status, reason }) => [status, reason]), [
    ["skipped", "NoneFound"],
  ]);
});

Deno.test("users: of a Secret that does not exist nothing is said, so that it is told to be missing", async () => {
  const objects = platform();
  without(objects, "secrets", "db");
  const { findings } = await seen(objects);
  assert.equal(findings.find(({ check }) => check === "secret-supply.users")?.reason, "NoneThere");
  assert.ok(findings.some(({ object, reason }) => object.name === "db" && reason === "Missing"));
});

Deno.test("users: pods that cannot be listed leave them unknown, other kinds are named as not read", async () => {
  const pods = await found("users", platform(), { failures: { [PATHS.pods]: FORBIDDEN } });
  assert.deepEqual(pods.map(({ status }) => status), ["unknown"]);
  const [db] = await found("users", platform(), { failures: { [PATHS.clusters]: FORBIDDEN } });
  assert.equal(db?.message, "Secret data-platform/db is used by Pod catalog-1; Cluster could not be read");
});

Deno.test("parts: Connect's pods and the operator's are judged, and nobody else's", async () => {
  const objects = platform();
  objects.pods.push(
    pod("broken", { ready: false, container: { state: { waiting: { reason: "ErrImagePull" } } } }) as never,
  );
  assert.deepEqual((await found("parts", objects)).map(({ status, reason }) => [status, reason]), [[
    "ok",
    "AllWell",
  ]]);
});

Deno.test("parts: a Service that the platform lacks is not the doctor's concern", async () => {
  const objects = platform();
  const env = [{ name: "URL", value: "http://gone.data-platform.svc.cluster.local:80" }];
  const spec = { containers: [{ name: "app", image: "app:1", env }] };
  objects.pods.push(pod("app-1", { ready: false, spec }) as never);
  const { findings } = await seen(objects);
  assert.deepEqual(findings.filter(({ status }) => status !== "ok" && status !== "skipped"), []);
});

Deno.test("parts: a Connect that cannot be placed is the root of its store's failure", async () => {
  const objects = platform();
  const status = { phase: "Pending", containerStatuses: [] };
  objects.pods = [
    pod("onepassword-connect-1", {
      namespace: "external-secrets",
      labels: { app: "onepassword-connect" },
      owner: { kind: "ReplicaSet", name: "onepassword-connect-x" },
      ready: false,
      status,
      scheduled: { status: "False", reason: "Unschedulable", message: "0/1 nodes are available" },
      spec: { nodeName: undefined },
    }) as never,
  ];
  the(objects, "deployments", "onepassword-connect").status = {
    observedGeneration: 1,
    replicas: 1,
    readyReplicas: 0,
  };
  objects.slices = [];
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "connection refused",
  );
  const diagnosis = await seen(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Deployment onepassword-connect NoneReady"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /0\/1 nodes are available/);
  assert.ok(diagnosis.roots[0]?.explains.some(({ kind }) => kind === "ClusterSecretStore"));
});

Deno.test("parts: a pod of the operator that fails is told", async () => {
  const objects = platform();
  const owner = { kind: "ReplicaSet", name: "external-secrets-x" };
  const state = { waiting: { reason: "ImagePullBackOff", message: "no such image" } };
  const options = { namespace: "external-secrets", owner, ready: false, container: { state, ready: false } };
  objects.pods.push(pod("external-secrets-x-1", options) as never);
  const told = await found("parts", objects);
  assert.deepEqual(told.map(({ object, reason }) => `${object.name} ${reason}`), [
    "external-secrets-x-1 ImagePullBackOff",
  ]);
});

Deno.test("parts: where neither is installed there is nothing to judge, where pods may not be listed nobody knows", async () => {
  const objects = platform();
  objects.deployments = [];
  objects.services = [];
  assert.equal((await found("parts", objects))[0]?.status, "skipped");
  const told = await found("parts", platform(), { failures: { [PATHS.pods]: FORBIDDEN } });
  assert.equal(told[0]?.status, "unknown");
});

Deno.test("parts: a store that is not there is the root, with the Secrets and ExternalSecrets it explains", async () => {
  const objects = platform();
  objects.clusterSecretStores = [];
  without(objects, "secrets", "db");
  const said = 'could not get ClusterSecretStore "onepassword-connect", not found';
  const db = the(objects, "externalSecrets", "db");
  db.status = condition("False", "SecretSyncedError", said);
  const { roots } = await seen(objects);
  assert.deepEqual(roots.map(({ object, reason }) => `${object.name} ${reason}`), [
    "onepassword-connect Missing",
  ]);
  assert.deepEqual(roots[0]?.explains.map(({ kind }) => kind).toSorted(), ["ExternalSecret", "Secret"]);
});
