import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/clients/kube_writer.ts";
import { holds, putSecret, secretObject, writtenAt } from "../../lib/onepassword/secrets.ts";
import { redacted } from "../../lib/onepassword/dry_run.ts";
import { fakeCluster } from "./fake_cluster.ts";

const CANARY = "canary-4f1c9a7e2b";
const wanted = { name: "connect-token", namespace: "external-secrets", key: "token", value: CANARY };
const PATH = "/api/v1/namespaces/external-secrets/secrets/connect-token";

Deno.test("a Secret is created, then left alone, then changed when the value is another one", async () => {
  const kube = fakeCluster();
  assert.equal(await putSecret(kube, wanted), "created");
  assert.equal(await putSecret(kube, wanted), "unchanged");
  assert.equal(await putSecret(kube, { ...wanted, value: "rotated" }), "changed");
  assert.equal(kube.writes.length, 2);
  assert.ok(holds(kube.objects.get(PATH), { ...wanted, value: "rotated" }));
});

Deno.test("a Secret that an ExternalSecret or Flux keeps with another value is refused without its value", async () => {
  const kept = (metadata: object): KubeObject => ({
    ...secretObject({ ...wanted, value: "theirs" }),
    metadata: { name: wanted.name, namespace: wanted.namespace, ...metadata },
  });
  for (
    const [object, keeper] of [
      [
        kept({ ownerReferences: [{ kind: "ExternalSecret", name: "token" }] }),
        /kept by ExternalSecret token/,
      ],
      [kept({ labels: { "kustomize.toolkit.fluxcd.io/name": "connect" } }), /kept by Kustomization connect/],
    ] as const
  ) {
    const kube = fakeCluster({ [PATH]: object });
    await assert.rejects(putSecret(kube, wanted), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, keeper);
      assert.ok(!error.message.includes(CANARY) && !error.message.includes("theirs"));
      return true;
    });
    assert.deepEqual(kube.writes, []);
  }
});

Deno.test("the time of the last write is that of the manager who wrote the key", () => {
  const object = secretObject(wanted);
  const entry = (time: string, fields: object) => ({ time, fieldsV1: fields });
  const found = {
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: [
        entry("2026-01-01T10:00:00Z", { "f:data": { "f:token": {} } }),
        entry("2026-01-01T12:00:00Z", { "f:metadata": {} }),
      ],
    },
  };
  assert.equal(writtenAt(found, "token")?.toISOString(), "2026-01-01T10:00:00.000Z");
  assert.equal(writtenAt(object, "token"), undefined);
});

Deno.test("a dry run shows the keys of a Secret and never a value, plain or encoded", () => {
  const shown = JSON.stringify(redacted(secretObject(wanted)));
  assert.match(shown, /"token":"\(redacted\)"/);
  assert.ok(!shown.includes(CANARY) && !shown.includes(new TextEncoder().encode(CANARY).toBase64()));
});
