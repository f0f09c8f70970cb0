/** Flux's kinds: where they are listed, and which of their fields are kept. */
import type { ListSource, Reader } from "../../engine/model.ts";
import { bool, list, num, obj, objectName, present, str, via } from "../../engine/decode.ts";
import { conditions, hostsIn, type Metadata, metadata, newestFirst } from "../common/mod.ts";

const writers = obj({ managedFields: list(obj({ subresource: str, time: str })) });

/** As `metadata`, with the time at which somebody last wrote anything but its status. */
const written: Reader<Metadata & { writtenAt?: string }> = (value) => {
  const kept = metadata(value);
  const own = (writers(value)?.managedFields ?? []).filter(({ subresource }) => subresource !== "status");
  const [last] = newestFirst(own, ({ time }) => time);
  return kept && last?.time ? { ...kept, writtenAt: last.time } : kept;
};

const SOURCE_GROUP = "/apis/source.toolkit.fluxcd.io";

/** Conditions that a judge reads; the others repeat them. */
const TOLD = new Set(["Ready", "Reconciling", "Stalled"]);
const told = via(conditions, (all) => all.filter(({ type }) => TOLD.has(type ?? "")));

/** Kinds, with their API group, that the inventory of a Kustomization is kept for: those that are listed. */
const KEPT = new Set([
  ...["Secret", "ConfigMap", "Service", "ServiceAccount", "Namespace", "PersistentVolumeClaim"].map((k) =>
    `_${k}`
  ),
  ...["Deployment", "StatefulSet", "DaemonSet"].map((kind) => `apps_${kind}`),
  "batch_CronJob",
  "storage.k8s.io_StorageClass",
  "kustomize.toolkit.fluxcd.io_Kustomization",
  "helm.toolkit.fluxcd.io_HelmRelease",
  ...["OCIRepository", "GitRepository", "HelmRepository", "HelmChart", "Bucket"].map((kind) =>
    `source.toolkit.fluxcd.io_${kind}`
  ),
  ...["ExternalSecret", "ClusterSecretStore", "SecretStore"].map((kind) => `external-secrets.io_${kind}`),
  ...["CephCluster", "CephBlockPool", "CephObjectStore", "CephObjectStoreUser"].map((kind) =>
    `ceph.rook.io_${kind}`
  ),
  "objectbucket.io_ObjectBucketClaim",
  "postgresql.cnpg.io_Cluster",
]);

/** `namespace_name_group_Kind`, of the kinds in KEPT. */
const inventoryId: Reader<string> = via(
  str,
  (id) => KEPT.has(id.split("_").slice(-2).join("_")) ? id : undefined,
);
const inventoryEntry = obj({ id: inventoryId });

const place = obj({ kind: objectName, name: objectName, namespace: objectName });
const reference = obj({ name: objectName, namespace: objectName });

/** Of two revisions only how they compare: nobody reads the digests. */
const kustomizationStatus = via(
  obj({
    observedGeneration: num,
    conditions: told,
    lastAppliedRevision: str,
    lastAttemptedRevision: str,
    inventory: obj({ entries: list(inventoryEntry) }),
  }),
  ({ lastAppliedRevision: applied, lastAttemptedRevision: attempted, inventory, ...kept }) => ({
    ...kept,
    /** Whether it ever applied what it holds, and whether that is what it tried last. */
    applied: applied === undefined ? "never" : applied === attempted ? "current" : "older",
    inventory: inventory?.entries?.flatMap(({ id }) => id ?? []),
    /** Objects in its inventory, those of other kinds included. */
    applies: inventory?.entries?.length ?? 0,
  }),
);

function listing<T>(kind: string, path: string, read: Reader<T>, fallbacks: string[] = []): ListSource<T> {
  const id = path.slice(path.lastIndexOf("/") + 1);
  return { id, kind, path, read, ...(fallbacks.length > 0 ? { fallbacks } : {}) };
}

export const kustomizations = listing(
  "Kustomization",
  "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
  obj({
    metadata: written,
    spec: obj({
      suspend: bool,
      interval: str,
      timeout: str,
      path: str,
      targetNamespace: str,
      dependsOn: list(reference),
      sourceRef: place,
      healthChecks: list(place),
      postBuild: obj({ substituteFrom: list(obj({ kind: objectName, name: objectName, optional: bool })) }),
    }),
    status: kustomizationStatus,
  }),
  ["/apis/kustomize.toolkit.fluxcd.io/v1beta2/kustomizations"],
);
export type Kustomization = NonNullable<ReturnType<typeof kustomizations.read>>;

/** What a release's values name: hosts, and strings under keys that speak of a Secret. No other value is kept. */
const named: Reader<{ hosts?: string[]; secrets?: string[] }> = (value) => {
  const hosts = new Set<string>();
  const secrets = new Set<string>();
  const walk = (at: unknown, key: string, inSecret: boolean) => {
    if (typeof at === "string") {
      for (const host of hostsIn(at)) hosts.add(host);
      const names = inSecret && (/name$/i.test(key) || /secret$/i.test(key));
      if (names && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(at)) secrets.add(at);
    } else if (typeof at === "object" && at !== null) {
      for (const [next, inner] of Object.entries(at)) {
        const own = Array.isArray(at) ? key : next;
        walk(inner, own, /secret/i.test(own) || (inSecret && /^(name|secretName)$/.test(own)));
      }
    }
  };
  walk(value, "", false);
  if (hosts.size + secrets.size === 0) return undefined;
  return { hosts: [...hosts], secrets: [...secrets] };
};

export const helmReleases = listing(
  "HelmRelease",
  "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
  obj({
    metadata: written,
    spec: obj({
      suspend: bool,
      timeout: str,
      releaseName: str,
      targetNamespace: str,
      dependsOn: list(reference),
      chartRef: place,
      chart: obj({ spec: obj({ chart: str, sourceRef: place }) }),
      valuesFrom: list(obj({ kind: objectName, name: objectName, optional: bool })),
      values: named,
    }),
    status: obj({
      observedGeneration: num,
      conditions: told,
      helmChart: str,
      installFailures: num,
      upgradeFailures: num,
    }),
  }),
  ["/apis/helm.toolkit.fluxcd.io/v2beta2/helmreleases", "/apis/helm.toolkit.fluxcd.io/v2beta1/helmreleases"],
);
export type HelmRelease = NonNullable<ReturnType<typeof helmReleases.read>>;

const sourceObject = obj({
  metadata: written,
  spec: obj({
    suspend: bool,
    type: str,
    timeout: str,
    secretRef: obj({ name: objectName }),
    sourceRef: place,
  }),
  status: obj({
    observedGeneration: num,
    conditions: told,
    artifact: present,
  }),
});
export type FluxSource = NonNullable<ReturnType<typeof sourceObject>>;

function sourceListing(kind: string, plural: string, older: string[]): ListSource<FluxSource> {
  const path = (version: string) => `${SOURCE_GROUP}/${version}/${plural}`;
  return listing(kind, path("v1"), sourceObject, older.map(path));
}

export const ociRepositories = sourceListing("OCIRepository", "ocirepositories", ["v1beta2"]);
export const gitRepositories = sourceListing("GitRepository", "gitrepositories", ["v1beta2"]);
export const helmRepositories = sourceListing("HelmRepository", "helmrepositories", ["v1beta2"]);
export const helmCharts = sourceListing("HelmChart", "helmcharts", ["v1beta2"]);
export const buckets = sourceListing("Bucket", "buckets", ["v1beta2"]);

/** What Kustomizations and HelmReleases take their manifests from. */
export const fluxSources = [ociRepositories, gitRepositories, helmRepositories, helmCharts, buckets];

/** Any of the above, as far as judges treat them alike. */
export interface FluxObject {
  metadata?: Kustomization["metadata"];
  spec?: { suspend?: boolean };
  status?: {
    observedGeneration?: number;
    conditions?: NonNullable<Kustomization["status"]>["conditions"];
    inventory?: string[];
  };
}
