import assert from "node:assert/strict";
import type { Diagnosis } from "../../lib/diagnose.ts";
import { look, PATHS, platform, ready, the, without } from "./gitops.ts";
import { rootsOf } from "./platform.ts";

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
  assert.deepEqual(rootsOf(diagnosis), ["Service onepassword-connect ErrorAnswer"]);
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
  assert.equal(found(diagnosis, "heartbeat")?.reason, "Missing");
  assert.equal(found(diagnosis, "health")?.status, "skipped");
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
