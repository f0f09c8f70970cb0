/** An ExternalSecret writes a Secret, or an object of any other kind that it names. */
import assert from "node:assert/strict";
import type { Finding } from "../../../lib/engine/model.ts";
import { externalSecret, look, type Platform, platform, ready, the, wantingPod } from "../flux/gitops.ts";
import { on, rootsOf } from "../platform.ts";

const CONFIG_MAPS = "/api/v1/configmaps";

/** The toy platform with an ExternalSecret `defaults` that writes an object of this kind. */
function writing(kind: string, apiVersion = "v1", reason = "ResourceSynced", target = {}): Platform {
  const objects = platform();
  const made = externalSecret("defaults", { kind: "ClusterSecretStore", name: "onepassword-connect" });
  made.spec = { ...made.spec, target: { name: "defaults", manifest: { apiVersion, kind }, ...target } };
  objects.externalSecrets.push(made);
  ready(made, "True", reason);
  return objects;
}

const configMap = { metadata: { name: "defaults", namespace: "data-platform" } };

async function said(objects: Platform, maps: object[] = []): Promise<Finding | undefined> {
  const diagnosis = await look(objects, { lists: { [CONFIG_MAPS]: maps } });
  return on(diagnosis, "ExternalSecret", "defaults")[0];
}

Deno.test("external secrets: one that writes a ConfigMap is healthy when that is there, without any Secret", async () => {
  assert.equal(await said(writing("ConfigMap"), [configMap]), undefined);
});

Deno.test("external secrets: a ConfigMap that should be there and is not is a fault of who writes it", async () => {
  const gone = await said(writing("ConfigMap"));
  assert.deepEqual([gone?.status, gone?.reason], ["critical", "TargetGone"]);
  assert.match(gone?.message ?? "", /reports that it is synced, but its ConfigMap defaults does not exist/);
  const deleted = await said(writing("ConfigMap", "v1", "ResourceDeleted"));
  assert.deepEqual([deleted?.reason], ["ItemNotFound"]);
  const merging = await said(writing("ConfigMap", "v1", "ResourceMissing", { creationPolicy: "Merge" }));
  assert.match(merging?.message ?? "", /merges what it reads into ConfigMap defaults, which does not exist/);
  assert.equal(
    await said(writing("ConfigMap", "v1", "ResourceSynced", { creationPolicy: "None" })),
    undefined,
  );
});

Deno.test("external secrets: of a kind that is not listed, or of another group, the operator is believed", async () => {
  assert.equal(await said(writing("Application", "argoproj.io/v1alpha1")), undefined);
  assert.equal(await said(writing("Cluster", "example.org/v1")), undefined);
});

Deno.test("external secrets: a ConfigMap that could not be looked for is unknown", async () => {
  const failures = { [CONFIG_MAPS]: { kind: "forbidden", message: "no" } as const };
  const [seen] = on(await look(writing("ConfigMap"), { failures }), "ExternalSecret", "defaults");
  assert.deepEqual([seen?.status, seen?.reason], ["unknown", "NotReadable"]);
});

Deno.test("external secrets: one that cannot write its ConfigMap says of it whether it is there", async () => {
  const failing = (kind: string, apiVersion?: string) => {
    const objects = writing(kind, apiVersion);
    ready(
      the(objects, "externalSecrets", "defaults"),
      "False",
      "ResourceSyncedError",
      "could not update secret",
    );
    return objects;
  };
  const gone = await said(failing("ConfigMap"));
  assert.equal(gone?.status, "critical");
  assert.match(gone?.message ?? "", /so ConfigMap data-platform\/defaults does not exist: could not/);
  const kept = await said(failing("ConfigMap"), [configMap]);
  assert.equal(kept?.status, "warning");
  assert.match(kept?.message ?? "", /so ConfigMap data-platform\/defaults keeps its old value: could not/);
  const other = await said(failing("Application", "argoproj.io/v1alpha1"));
  assert.equal(other?.status, "warning");
  assert.match(other?.message ?? "", /so Application data-platform\/defaults is not refreshed: could not/);
});

Deno.test("external secrets: a Secret is not made by who writes a ConfigMap of the same name, a ConfigMap is", async () => {
  const waiting = { reason: "CreateContainerConfigError", message: "defaults not found" };
  const objects = writing("ConfigMap");
  objects.pods.push(wantingPod("wants", "defaults", { ready: false, container: { state: { waiting } } }));
  const lists = { [CONFIG_MAPS]: [configMap] };
  assert.deepEqual(rootsOf(await look(objects, { lists })), ["Secret defaults Missing"]);
  const written = writing("Secret");
  written.pods = objects.pods;
  assert.deepEqual(rootsOf(await look(written)), ["ExternalSecret defaults SecretGone"]);
});
