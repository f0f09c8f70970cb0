import assert from "node:assert/strict";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import { externalSecret, look, PATHS, platform, ready, the, without } from "../flux/gitops.ts";
import { rootsOf } from "../platform.ts";

const PROXY = "/api/v1/namespaces/external-secrets/services/onepassword-connect:8080/proxy";
const found = (diagnosis: Diagnosis, id: string) =>
  diagnosis.findings.find((finding) => finding.check === `onepassword-connect.${id}`);

Deno.test("connect: one that answers, and whose sync has not been asked yet, is well", async () => {
  const diagnosis = await look(platform());
  assert.equal(found(diagnosis, "heartbeat")?.status, "ok");
  assert.equal(found(diagnosis, "health")?.status, "ok");
});

Deno.test("connect: a part that failed is critical though its pod is Ready, and explains the store", async () => {
  const objects = platform();
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "status 500",
  );
  const body = { dependencies: [{ service: "sync", status: "ERROR", message: "illegal base64 data" }] };
  const diagnosis = await look(objects, { answers: { [`${PROXY}/health`]: { status: 200, body } } });
  assert.match(found(diagnosis, "health")?.message ?? "", /sync is ERROR \(illegal base64 data\)/);
  assert.deepEqual(rootsOf(diagnosis), [
    "OnePasswordConnect external-secrets/onepassword-connect ErrorAnswer",
  ]);
});

Deno.test("connect: an error answer of the heartbeat is critical", async () => {
  const diagnosis = await look(platform(), { answers: { [`${PROXY}/heartbeat`]: { status: 500 } } });
  assert.deepEqual([found(diagnosis, "heartbeat")?.status, found(diagnosis, "heartbeat")?.reason], [
    "critical",
    "ErrorAnswer",
  ]);
});

Deno.test("connect: a Service that is not there is missing, and nothing is asked", async () => {
  const objects = platform();
  without(objects, "services", "onepassword-connect");
  const diagnosis = await look(objects);
  assert.equal(found(diagnosis, "heartbeat")?.reason, "NoAnswer");
  assert.equal(found(diagnosis, "health")?.status, "skipped");
  assert.deepEqual(rootsOf(diagnosis), ["Service onepassword-connect Missing"]);
});

Deno.test("connect: a server outside the cluster, or no store at all, does not apply", async () => {
  const objects = platform();
  const store = the(objects, "clusterSecretStores", "onepassword-connect");
  store.spec = {
    provider: { onepassword: { connectHost: "https://connect.example.com", vaults: { x: 1 } } },
  };
  assert.equal(found(await look(objects), "heartbeat")?.status, "skipped");
});

Deno.test("connect: a proxy that may not be used leaves its state unknown", async () => {
  const failure = { kind: "forbidden", message: "services/proxy is forbidden" } as const;
  const diagnosis = await look(platform(), { failures: { [`${PROXY}/heartbeat`]: failure } });
  assert.equal(found(diagnosis, "heartbeat")?.status, "unknown");
  assert.equal(found(diagnosis, "health")?.status, "unknown");
});

Deno.test("connect: stores that may not be read leave its state unknown", async () => {
  const failure = { kind: "timeout", message: "no answer" } as const;
  const diagnosis = await look(platform(), { failures: { [PATHS.clusterSecretStores]: failure } });
  assert.equal(found(diagnosis, "heartbeat")?.status, "unknown");
});

Deno.test("connect: scaled to zero, its Deployment is the root and the store its symptom", async () => {
  const objects = platform();
  const deployment = the(objects, "deployments", "onepassword-connect");
  deployment.spec = { ...deployment.spec, replicas: 0 };
  deployment.status = { observedGeneration: 1 };
  without(objects, "pods", "onepassword-connect-1");
  objects.slices = objects.slices.filter(({ metadata }) => metadata.name !== "onepassword-connect-x");
  ready(
    the(objects, "clusterSecretStores", "onepassword-connect"),
    "False",
    "ValidationFailed",
    "connection refused",
  );
  assert.deepEqual(rootsOf(await look(objects)), ["Deployment onepassword-connect ScaledToZero"]);
});

Deno.test("connect: a store that names a host in another namespace points at a Service that is not there", async () => {
  const objects = platform();
  const store = the(objects, "clusterSecretStores", "onepassword-connect");
  const connectHost = "http://onepassword-connect.onepassword.svc.cluster.local:8080";
  store.spec = { provider: { onepassword: { connectHost, vaults: { lakehouse: 1 } } } };
  ready(store, "False", "ValidationFailed", "no such host");
  const diagnosis = await look(objects);
  assert.deepEqual(rootsOf(diagnosis), ["Service onepassword-connect Missing"]);
  assert.match(
    diagnosis.roots[0]?.message ?? "",
    /Service onepassword-connect exists in namespace external-secrets$/,
  );
});

/** The platform without Connect and its Service, whatever names them still. */
function withoutConnect() {
  const objects = platform();
  without(objects, "deployments", "onepassword-connect");
  without(objects, "services", "onepassword-connect");
  return objects;
}
const whyNotHere = async (objects: ReturnType<typeof platform>) => {
  const told = found(await look(objects), "pods-ready");
  assert.deepEqual([told?.status, told?.reason], ["skipped", "NotUsed"]);
  return told?.message;
};

Deno.test("connect: where it is not there, whatever names it is pointed to, and nothing is denied", async () => {
  const objects = withoutConnect();
  assert.equal(
    await whyNotHere(objects),
    "1Password Connect is not installed; its stores name Service external-secrets/onepassword-connect, which " +
      "does not exist",
  );
  const store = the(objects, "clusterSecretStores", "onepassword-connect");
  store.spec = {
    provider: { onepassword: { connectHost: "https://connect.example.com", vaults: { x: 1 } } },
  };
  assert.equal(
    await whyNotHere(objects),
    "1Password Connect is not installed; its stores use one outside this cluster",
  );
});

Deno.test("connect: ExternalSecrets that name a store which does not exist speak of it too", async () => {
  const objects = withoutConnect();
  const rook = { kind: "SecretStore", name: "rook" };
  objects.externalSecrets.push(externalSecret("s3", rook));
  objects.secretStores = [{
    metadata: { name: "rook", namespace: "data-platform" },
    spec: { provider: { kubernetes: {} } },
  }];
  objects.clusterSecretStores = [];
  assert.equal(
    await whyNotHere(objects),
    "1Password Connect is not installed; ExternalSecrets name ClusterSecretStore onepassword-connect, which " +
      "does not exist",
  );
  objects.externalSecrets = [];
  assert.equal(await whyNotHere(objects), "1Password Connect is not installed, and no store names it");
});
