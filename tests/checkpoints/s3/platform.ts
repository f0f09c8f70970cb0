/** Facts of a small platform with an object store, by the kinds that the checkpoint reads. */
import type { Facts, World } from "../../../lib/engine/model.ts";
import { openWorld } from "../../../lib/engine/world.ts";

export const inRook = (name: string, rest: object = {}) => ({
  metadata: { name, namespace: "rook-ceph" },
  ...rest,
});

interface Port {
  name: string;
  port: number;
  targetPort: number | string;
}

const HTTP: Port[] = [{ name: "http", port: 80, targetPort: 8080 }];

export const gatewayService = (ports: Port[] = HTTP) =>
  inRook("rook-ceph-rgw-storage", { spec: { selector: { app: "rgw" }, ports } });

export const gatewayPod = (ready = true, ports: object[] = [{ containerPort: 8080 }]) => ({
  metadata: { name: "rgw-a", namespace: "rook-ceph", labels: { app: "rgw" } },
  spec: { containers: [{ name: "rgw", ports }] },
  status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

/** A Secret as facts have it: names of keys, no values. */
export const secret = (namespace: string, name: string, keys: string[]) => ({
  metadata: { namespace, name, keys },
});

const usesSecret = (pod: string, name: string, value: string[] = []) => ({
  metadata: { name: pod, namespace: "data-platform", labels: {} },
  spec: {
    containers: [{
      name: "app",
      env: [{ valueFrom: { secretKeyRef: { name, key: "access-key-id" } } }, { value }],
    }],
  },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
});

/** What the configuration of the catalog names. */
const HOSTS = ["s3://iceberg-warehouse", "s3://spark-logs"];

const PARTS: Record<string, unknown[]> = {
  cephclusters: [inRook("rook-ceph", {
    status: { phase: "Ready", ceph: { health: "HEALTH_OK", lastChecked: "2026-11-21T11:59:30Z" } },
  })],
  deployments: [
    inRook("rook-ceph-operator", {
      spec: { replicas: 1, template: { metadata: { labels: {} }, spec: {} } },
      status: { replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
    }),
    {
      metadata: { name: "nessie", namespace: "data-platform" },
      spec: {
        replicas: 1,
        template: { metadata: { labels: {} }, spec: usesSecret("", "s3-credentials", HOSTS).spec },
      },
      status: { replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
    },
  ],
  cephobjectstores: [inRook("storage", { status: { phase: "Ready" } })],
  services: [gatewayService()],
  endpointslices: [{
    metadata: {
      name: "s",
      namespace: "rook-ceph",
      labels: { "kubernetes.io/service-name": "rook-ceph-rgw-storage" },
    },
    endpoints: [{ conditions: { ready: true } }],
  }],
  pods: [
    gatewayPod(),
    usesSecret("nessie-1", "s3-credentials", HOSTS),
  ],
  cephobjectstoreusers: [inRook("iceberg", { spec: { store: "storage" }, status: { phase: "Ready" } })],
  objectbucketclaims: [
    {
      metadata: { name: "iceberg-warehouse", namespace: "data-platform" },
      spec: { bucketName: "iceberg-warehouse" },
    },
    { metadata: { name: "theirs", namespace: "another-tenant" }, spec: { bucketName: "theirs" } },
  ],
  secrets: [
    secret("data-platform", "another", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
    secret("data-platform", "s3-credentials", ["access-key-id", "secret-access-key"]),
    secret("data-platform", "nessie-postgres", ["username", "password"]),
    secret("another-tenant", "s3", ["AccessKey", "SecretKey"]),
    secret("rook-ceph", "rook-ceph-object-user-storage-iceberg", ["AccessKey", "SecretKey", "Endpoint"]),
  ],
};

/** Kinds that nothing is said of are listed as empty. */
const EMPTY = [
  ...["configmaps", "namespaces", "replicasets", "storageclasses", "events", "daemonsets", "leases"],
  ...["cephblockpools", "statefulsets"],
];

const ANSWERS: Facts["sources"] = {
  "apiserver.readyz": { ok: true, answers: { readyz: { status: 200, body: [] } } },
  "s3.buckets": {
    ok: true,
    answers: { "iceberg-warehouse": { status: 403 }, "spark-logs": { status: 403 } },
  },
};

/** The platform, some of its kinds replaced. */
export function factsOf(parts: Record<string, unknown[]>): Facts {
  const all = { ...Object.fromEntries(EMPTY.map((id) => [id, []])), ...PARTS, ...parts };
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: "2026-11-21T12:00:00Z",
    context: "test",
    namespace: "data-platform",
    sources: {
      ...Object.fromEntries(Object.entries(all).map(([id, items]) => [id, { ok: true, items }])),
      ...ANSWERS,
    },
  };
}

export const worldOf = (parts: Record<string, unknown[]> = {}, facts = factsOf(parts)): World =>
  openWorld(facts);
