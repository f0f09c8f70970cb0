import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lib/clients/kubernetes/writer.ts";
import { RESTARTED_AT } from "../../../../lib/clients/kubernetes/rollout.ts";
import { carryOut, planOf } from "../../../../lib/procedures/onepassword/install/apply.ts";
import { asApplied, droppedFields } from "../../../../lib/procedures/onepassword/install/dropped_fields.ts";
import { isOurs } from "../../../../lib/procedures/onepassword/ownership.ts";
import { alsoWrittenBy, fakeCluster } from "../../../fakes/cluster.ts";

const PATH = "/apis/apps/v1/namespaces/lake/deployments/connect";

/** A Deployment whose pods have these further fields. */
function deployment(pods: object = {}, labels: object = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "connect", namespace: "lake", labels: { app: "connect", ...labels } },
    spec: { template: { spec: { serviceAccountName: "connect", ...pods } } },
  };
}

/** As an API server keeps it (1.36) when install has made it with a POST; lists are entered by their keys. */
const LISTED: KubeObject = {
  ...deployment(),
  spec: {
    template: { spec: { containers: [{ name: "api", ports: [{ containerPort: 1 }] }, { name: "old" }] } },
  },
  metadata: {
    name: "connect",
    managedFields: [{
      manager: "lakecheck",
      operation: "Update",
      fieldsV1: {
        "f:spec": {
          "f:template": {
            "f:spec": {
              "f:containers": {
                'k:{"name":"api"}': {
                  ".": {},
                  "f:name": {},
                  "f:ports": {
                    ".": {},
                    'k:{"containerPort":1,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
                  },
                },
                'k:{"name":"old"}': { ".": {}, "f:name": {} },
              },
            },
          },
        },
        "f:metadata": { "f:finalizers": { ".": {}, 'v:"a"': {}, 'v:"b"': {} } },
      },
    }, {
      manager: "lakecheck",
      operation: "Update",
      subresource: "status",
      fieldsV1: { "f:status": { "f:replicas": {} } },
    }],
  },
};

Deno.test("a field that install wrote and the manifests dropped is named, shown and removed; others' fields stay", async () => {
  const kube = fakeCluster();
  await carryOut(kube, await planOf(kube, deployment({ nodeSelector: { disk: "none" } }), false));
  const made = kube.objects.get(PATH);
  assert.ok(made);
  kube.objects.set(
    PATH,
    alsoWrittenBy("kubectl-edit", made, { spec: { template: { spec: { hostname: "x" } } } }),
  );
  const step = await planOf(kube, deployment(), false);
  assert.equal(step.outcome, "change");
  assert.deepEqual(step.differing, ["spec.template.spec.nodeSelector is there, and is to go"]);
  await carryOut(kube, step);
  const now = kube.objects.get(PATH);
  assert.ok(now && isOurs(now));
  assert.deepEqual(now.spec, {
    template: { spec: { serviceAccountName: "connect", nodeSelector: {}, hostname: "x" } },
  });
  assert.equal((await planOf(kube, deployment(), false)).outcome, "unchanged");
});

Deno.test("entries of lists are found by their keys and values, and a restart is no field of the manifests", () => {
  const wanted = {
    ...deployment(),
    metadata: { name: "connect", finalizers: ["b"] },
    spec: { template: { spec: { containers: [{ name: "api", ports: [{ containerPort: 1 }] }] } } },
  };
  assert.deepEqual(droppedFields(wanted, LISTED), [
    'metadata.finalizers["a"]',
    'spec.template.spec.containers[{"name":"old"}]',
  ]);
  const annotations = { [RESTARTED_AT]: "2026-01-01T00:00:00Z" };
  const restarted = alsoWrittenBy("lakecheck", LISTED, { spec: { template: { metadata: { annotations } } } });
  assert.deepEqual(droppedFields(wanted, restarted), droppedFields(wanted, LISTED));
});

Deno.test("what install wrote is entered as applied, once, and the restart and the status are left as they are", () => {
  const annotations = { [RESTARTED_AT]: "2026-01-01T00:00:00Z" };
  const restarted = alsoWrittenBy("lakecheck", LISTED, { spec: { template: { metadata: { annotations } } } });
  const others = alsoWrittenBy("kubectl", restarted, { spec: { replicas: 2 } });
  const books = asApplied(others) as {
    manager: string;
    operation: string;
    subresource?: string;
    fieldsV1: unknown;
  }[];
  assert.deepEqual(
    books.map(({ manager, operation, subresource = "" }) => [manager, operation, subresource]),
    [
      ["lakecheck", "Update", "status"],
      ["kubectl", "Update", ""],
      ["lakecheck", "Apply", ""],
      ["lakecheck", "Update", ""],
    ],
  );
  const [, , applied, restart] = books.map(({ fieldsV1 }) => JSON.stringify(fieldsV1));
  assert.match(applied ?? "", /"k:\{\\"name\\":\\"old\\"\}":\{"\.":\{\},"f:name":\{\}\}/);
  assert.doesNotMatch(applied ?? "", /restartedAt/);
  assert.equal(
    restart,
    `{"f:spec":{"f:template":{"f:metadata":{"f:annotations":{"f:${RESTARTED_AT}":{}}}}}}`,
  );
  assert.deepEqual(asApplied({ ...LISTED, metadata: { name: "x" } }), []);
});
