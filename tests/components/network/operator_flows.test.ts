import assert from "node:assert/strict";
import { condition, look, type Platform, platform, type Raw, the, unhealthy } from "../flux/gitops.ts";
import { pod, rootsOf } from "../platform.ts";

const operator = (name: string, namespace: string) =>
  pod(`${name}-1`, {
    namespace,
    labels: { app: name },
    owner: { kind: "Deployment", name },
  }) as unknown as Raw;

const policy = (name: string, namespace: string, app: Record<string, string>, ports: number[]): Raw => ({
  metadata: { name, namespace },
  spec: {
    podSelector: { matchLabels: app },
    policyTypes: ["Ingress"],
    ingress: [{ ports: ports.map((port) => ({ port, protocol: "TCP" })) }],
  },
});

function withOperators(...policies: Raw[]): Platform {
  const objects = platform();
  objects.pods.push(
    operator("cnpg-controller-manager", "cnpg-system"),
    operator("external-secrets", "external-secrets"),
  );
  const labels = the(objects, "pods", "nessie-postgres-1").metadata.labels as Record<string, string>;
  labels["cnpg.io/podRole"] = "instance";
  objects.networkPolicies = policies;
  return objects;
}

const DATABASE = { "cnpg.io/cluster": "nessie-postgres" };

Deno.test("operators: a policy without the database's status port is the root of what its operator says", async () => {
  const objects = withOperators(policy("db", "data-platform", DATABASE, [5432]));
  const cluster = the(objects, "clusters", "nessie-postgres");
  cluster.status = { ...cluster.status, phase: "Instance Status Extraction Error: HTTP communication issue" };
  assert.deepEqual(rootsOf(await look(objects)), ["NetworkPolicy db NetworkPolicyDenies"]);
});

Deno.test("operators: the same policy is a warning while the operator has not asked, and none with the port", async () => {
  const quiet = await look(withOperators(policy("db", "data-platform", DATABASE, [5432])));
  assert.deepEqual(quiet.findings.filter(({ status }) => status === "warning").map(({ reason }) => reason), [
    "NetworkPolicyDenies",
  ]);
  assert.deepEqual(
    unhealthy(await look(withOperators(policy("db", "data-platform", DATABASE, [5432, 8000])))),
    [],
  );
});

Deno.test("operators: a policy that keeps External Secrets from Connect is the root of the store's failure", async () => {
  const objects = withOperators(
    policy("connect", "external-secrets", { app: "onepassword-connect" }, [9999]),
  );
  the(objects, "clusterSecretStores", "onepassword-connect").status = condition(
    "False",
    "InvalidProviderConfig",
    "unable to validate store: Get http://onepassword-connect: context deadline exceeded",
  );
  assert.deepEqual(rootsOf(await look(objects)), ["NetworkPolicy connect NetworkPolicyDenies"]);
});
