/** A small platform under Flux, whole and well, as raw API objects; tests take things away from it. */
import { externalSecretsComponent as externalSecrets } from "../../../lib/components/external_secrets/mod.ts";
import { flux } from "../../../lib/components/flux/mod.ts";
import { onepasswordConnect } from "../../../lib/components/onepassword/mod.ts";
import { postgresql } from "../../../lib/components/postgresql/mod.ts";
import { rookCeph } from "../../../lib/components/rook_ceph/mod.ts";
import { kubernetes } from "../../../lib/components/kubernetes/mod.ts";
import { network } from "../../../lib/components/network/mod.ts";
import { storage } from "../../../lib/components/storage/mod.ts";
import { workloads } from "../../../lib/components/workloads/mod.ts";
import type { Diagnosis } from "../../../lib/engine/diagnose.ts";
import type { Finding } from "../../../lib/engine/model.ts";
import { type Cluster, examined, LONG_AGO, pod } from "../platform.ts";

export const PATHS = {
  kustomizations: "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
  helmReleases: "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
  ociRepositories: "/apis/source.toolkit.fluxcd.io/v1/ocirepositories",
  helmCharts: "/apis/source.toolkit.fluxcd.io/v1/helmcharts",
  helmRepositories: "/apis/source.toolkit.fluxcd.io/v1/helmrepositories",
  externalSecrets: "/apis/external-secrets.io/v1/externalsecrets",
  clusterSecretStores: "/apis/external-secrets.io/v1/clustersecretstores",
  secretStores: "/apis/external-secrets.io/v1/secretstores",
  cephClusters: "/apis/ceph.rook.io/v1/cephclusters",
  cephObjectStores: "/apis/ceph.rook.io/v1/cephobjectstores",
  cephObjectStoreUsers: "/apis/ceph.rook.io/v1/cephobjectstoreusers",
  objectBucketClaims: "/apis/objectbucket.io/v1alpha1/objectbucketclaims",
  clusters: "/apis/postgresql.cnpg.io/v1/clusters",
  deployments: "/apis/apps/v1/deployments",
  pods: "/api/v1/pods",
  secrets: "/api/v1/secrets",
  services: "/api/v1/services",
  serviceAccounts: "/api/v1/serviceaccounts",
  slices: "/apis/discovery.k8s.io/v1/endpointslices",
  storageClasses: "/apis/storage.k8s.io/v1/storageclasses",
  namespaces: "/api/v1/namespaces",
  events: "/api/v1/events",
  networkPolicies: "/apis/networking.k8s.io/v1/networkpolicies",
} as const;
export type Kind = keyof typeof PATHS;

/** A raw API object, loose on purpose: tests overwrite parts of it. */
export interface Raw {
  metadata: { name: string; namespace?: string; [key: string]: unknown };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [key: string]: unknown;
}
export type Platform = Record<Kind, Raw[]>;

export const condition = (status: string, reason: string, message = reason, since = LONG_AGO) => ({
  conditions: [{ type: "Ready", status, reason, message, lastTransitionTime: since }],
});

function named(name: string, namespace?: string): Raw["metadata"] {
  return { name, generation: 1, creationTimestamp: LONG_AGO, ...(namespace ? { namespace } : {}) };
}

export function kustomization(
  name: string,
  dependsOn: string[],
  path: string,
  inventory: string[] = [],
): Raw {
  return {
    metadata: named(name, "flux-system"),
    spec: {
      interval: "10m",
      timeout: "5m",
      path: `./kubernetes/apps/${path}`,
      dependsOn: dependsOn.map((entry) => ({ name: entry })),
      sourceRef: { kind: "OCIRepository", name: "lakecheck" },
    },
    status: {
      ...condition("True", "ReconciliationSucceeded"),
      observedGeneration: 1,
      lastAppliedRevision: "a",
      lastAttemptedRevision: "a",
      inventory: { entries: inventory.map((id) => ({ id, v: "v1" })) },
    },
  };
}

/** One that never came to apply anything. */
export function held(name: string, dependsOn: string[], path: string, reason: string, message: string): Raw {
  const object = kustomization(name, dependsOn, path);
  return { ...object, status: { ...condition("False", reason, message), observedGeneration: 1 } };
}

export function externalSecret(name: string, store: Record<string, unknown>, key = name): Raw {
  return {
    metadata: named(name, "data-platform"),
    spec: {
      refreshInterval: "1h",
      secretStoreRef: store,
      target: { name },
      data: [{ secretKey: "password", remoteRef: { key, property: "password" } }],
    },
    status: { ...condition("True", "SecretSynced"), refreshTime: "2026-01-01T11:30:00Z" },
  };
}

export function workload(name: string, namespace: string, spec: Record<string, unknown> = {}): Raw {
  return {
    metadata: named(name, namespace),
    spec: {
      replicas: 1,
      template: { metadata: { labels: { app: name } }, spec: { containers: [], ...spec } },
    },
    status: { observedGeneration: 1, replicas: 1, readyReplicas: 1 },
  };
}

export function service(name: string, namespace: string, port: number): Raw {
  return { metadata: named(name, namespace), spec: { selector: { app: name }, ports: [{ port }] } };
}

export function slice(name: string, namespace: string, target: string, ready = true): Raw {
  return {
    metadata: { name: `${name}-x`, namespace, labels: { "kubernetes.io/service-name": name } },
    endpoints: [{ conditions: { ready }, targetRef: { kind: "Pod", name: target } }],
  };
}

export function secret(name: string, namespace = "data-platform"): Raw {
  return { metadata: named(name, namespace) };
}

export function wantingPod(name: string, secretName: string, extra: Parameters<typeof pod>[1] = {}): Raw {
  const envFrom = [{ secretRef: { name: secretName } }];
  return pod(name, {
    labels: { app: "catalog" },
    spec: { containers: [{ name: "app", image: "app:1", envFrom }] },
    ...extra,
  }) as unknown as Raw;
}

const STORE = { kind: "ClusterSecretStore", name: "onepassword-connect" };

/** The platform, whole and well. */
export function platform(): Platform {
  return {
    kustomizations: [
      kustomization("onepassword-connect", [], "external-secrets/onepassword-connect", [
        "external-secrets_onepassword-connect_apps_Deployment",
        "external-secrets_onepassword-connect__Service",
      ]),
      kustomization("onepassword-store", ["onepassword-connect"], "external-secrets/stores", [
        "_onepassword-connect_external-secrets.io_ClusterSecretStore",
      ]),
      kustomization("secrets", ["onepassword-store"], "data-platform/secrets", [
        "data-platform_db_external-secrets.io_ExternalSecret",
      ]),
      kustomization("postgres", ["secrets"], "data-platform/postgres", [
        "data-platform_nessie-postgres_postgresql.cnpg.io_Cluster",
      ]),
      kustomization("nessie", ["postgres"], "data-platform/nessie", [
        "data-platform_catalog_apps_Deployment",
        "data-platform_catalog__Service",
      ]),
    ],
    helmReleases: [],
    helmCharts: [],
    helmRepositories: [{ metadata: named("charts", "flux-system"), spec: { type: "oci" } }],
    ociRepositories: [{
      metadata: named("lakecheck", "flux-system"),
      spec: {},
      status: { ...condition("True", "Succeeded"), observedGeneration: 1, artifact: { revision: "a" } },
    }],
    externalSecrets: [externalSecret("db", STORE)],
    clusterSecretStores: [{
      metadata: named("onepassword-connect"),
      spec: {
        provider: {
          onepassword: {
            connectHost: "http://onepassword-connect.external-secrets.svc.cluster.local:8080",
            vaults: { lakehouse: 1 },
            auth: {
              secretRef: {
                connectTokenSecretRef: { name: "connect-token", namespace: "external-secrets", key: "token" },
              },
            },
          },
        },
      },
      status: condition("True", "Valid"),
    }],
    secretStores: [],
    cephClusters: [{
      metadata: named("rook-ceph", "rook-ceph"),
      status: { phase: "Ready", ceph: { health: "HEALTH_OK", lastChecked: "2026-01-01T11:59:30Z" } },
    }],
    cephObjectStores: [{ metadata: named("storage", "rook-ceph"), status: { phase: "Ready" } }],
    cephObjectStoreUsers: [{
      metadata: named("iceberg", "rook-ceph"),
      spec: { store: "storage" },
      status: { phase: "Ready", info: { secretName: "rook-ceph-object-user-storage-iceberg" } },
    }],
    objectBucketClaims: [{
      metadata: named("warehouse", "data-platform"),
      spec: { bucketName: "warehouse", storageClassName: "ceph-bucket" },
      status: { phase: "Bound" },
    }],
    clusters: [{
      metadata: named("nessie-postgres", "data-platform"),
      spec: { instances: 1, bootstrap: { initdb: { secret: { name: "db" } } } },
      status: {
        ...condition("True", "ClusterIsReady"),
        instances: 1,
        readyInstances: 1,
        phase: "Cluster in healthy state",
        currentPrimary: "nessie-postgres-1",
        targetPrimary: "nessie-postgres-1",
      },
    }],
    deployments: [
      ...["source-controller", "kustomize-controller", "helm-controller"].map((name) =>
        workload(name, "flux-system")
      ),
      workload("external-secrets", "external-secrets"),
      workload("onepassword-connect", "external-secrets"),
      workload("rook-ceph-operator", "rook-ceph"),
      workload("cnpg-controller-manager", "cnpg-system"),
      workload("catalog", "data-platform"),
    ],
    pods: [
      pod("onepassword-connect-1", {
        namespace: "external-secrets",
        labels: { app: "onepassword-connect" },
        spec: {
          containers: [{ name: "app", image: "app:1" }],
          volumes: [{ secret: { secretName: "connect-credentials" } }],
        },
      }) as unknown as Raw,
      pod("nessie-postgres-1", {
        labels: { "cnpg.io/cluster": "nessie-postgres", app: "nessie-postgres-rw" },
      }) as unknown as Raw,
      wantingPod("catalog-1", "db"),
    ],
    secrets: [
      secret("db"),
      secret("connect-token", "external-secrets"),
      secret("connect-credentials", "external-secrets"),
      secret("rook-ceph-object-user-storage-iceberg", "rook-ceph"),
    ],
    services: [
      service("onepassword-connect", "external-secrets", 8080),
      service("catalog", "data-platform", 19120),
      service("nessie-postgres-rw", "data-platform", 5432),
      service("rook-ceph-rgw-storage", "rook-ceph", 80),
    ].map((entry) =>
      entry.metadata.name.startsWith("rook") ? { ...entry, spec: { ports: [{ port: 80 }] } } : entry
    ),
    serviceAccounts: [],
    slices: [
      slice("onepassword-connect", "external-secrets", "onepassword-connect-1"),
      slice("catalog", "data-platform", "catalog-1"),
      slice("nessie-postgres-rw", "data-platform", "nessie-postgres-1"),
    ],
    storageClasses: [{ metadata: named("ceph-bucket"), provisioner: "rook-ceph.ceph.rook.io/bucket" }],
    namespaces: [
      "data-platform",
      "external-secrets",
      "rook-ceph",
      "flux-system",
      "cnpg-system",
      "kube-system",
    ].map((
      name,
    ) => ({
      metadata: named(name),
    })),
    events: [],
    networkPolicies: [],
  };
}

const CONNECT = "/api/v1/namespaces/external-secrets/services/onepassword-connect:8080/proxy";
const HEALTH = {
  status: 200,
  body: { version: "1.7.3", dependencies: [{ service: "sync", status: "TOKEN_NEEDED" }] },
};

/** The component names that a platform under Flux is judged by in these tests. */
export const COMPONENTS = [
  flux,
  externalSecrets,
  onepasswordConnect,
  rookCeph,
  postgresql,
  storage,
  network,
  workloads,
  kubernetes,
];

/** Examines a platform; `cluster` adds answers and failures. */
export function look(objects: Platform, cluster: Cluster = {}): Promise<Diagnosis> {
  const lists = Object.fromEntries(
    Object.entries(objects).map(([kind, items]) => [PATHS[kind as Kind], items]),
  );
  return examined(COMPONENTS, {
    ...cluster,
    lists: { ...lists, ...cluster.lists },
    answers: {
      [`${CONNECT}/heartbeat`]: { status: 200, body: "." },
      [`${CONNECT}/health`]: HEALTH,
      ...cluster.answers,
    },
  });
}

/** Takes the named objects of a kind away. */
export function without(objects: Platform, kind: Kind, ...names: string[]): void {
  objects[kind] = objects[kind].filter(({ metadata }) => !names.includes(metadata.name));
}

/** The object of that name, to be changed in place. */
export function the(objects: Platform, kind: Kind, name: string): Raw {
  const found = objects[kind].find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} in the toy platform`);
  return found;
}

/** Overwrites the status of an object with a Ready condition. */
export function ready(object: Raw, status: string, reason: string, message = reason, since = LONG_AGO): void {
  object.status = { ...object.status, ...condition(status, reason, message, since) };
}

/** What is not well, as `Kind name Reason`. */
export function unhealthy(diagnosis: Diagnosis): string[] {
  return diagnosis.findings.filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`);
}

/** The first finding on an object that is not well. */
export function fault(diagnosis: Diagnosis, kind: string, name: string): Finding | undefined {
  return diagnosis.findings.find(({ object, status }) =>
    object.kind === kind && object.name === name && status !== "ok" && status !== "skipped"
  );
}
