/** Argo CD's kinds: where they are listed, and which of their fields are kept. */
import type { ListSource, ObjectRef, Reader } from "../../engine/model.ts";
import { bool, list, num, obj, objectName, str, via } from "../../engine/decode.ts";
import { conditions, metadata, text } from "../common/mod.ts";

/** Kinds, with their API group, that are listed, so that it is known of them what exists and how it is. */
const LISTED = new Set([
  ...["Secret", "ConfigMap", "Service", "ServiceAccount", "Namespace", "PersistentVolumeClaim"].map((kind) =>
    `/${kind}`
  ),
  ...["Deployment", "StatefulSet", "DaemonSet"].map((kind) => `apps/${kind}`),
  "batch/CronJob",
  "storage.k8s.io/StorageClass",
  "networking.k8s.io/NetworkPolicy",
  "argoproj.io/Application",
  ...["Kustomization"].map((kind) => `kustomize.toolkit.fluxcd.io/${kind}`),
  "helm.toolkit.fluxcd.io/HelmRelease",
  ...["ExternalSecret", "ClusterSecretStore", "SecretStore"].map((kind) => `external-secrets.io/${kind}`),
  ...["CephCluster", "CephBlockPool", "CephObjectStore", "CephObjectStoreUser"].map((kind) =>
    `ceph.rook.io/${kind}`
  ),
  "objectbucket.io/ObjectBucketClaim",
  "postgresql.cnpg.io/Cluster",
]);

const status = obj({
  group: str,
  kind: objectName,
  namespace: objectName,
  name: objectName,
  status: str,
  health: obj({ status: str, message: text }),
  hook: bool,
  requiresPruning: bool,
});

export interface Resource {
  ref: ObjectRef;
  /** Its kind is listed, so it is known whether it exists. */
  listed: boolean;
  /** It stands in Git no more, and may go. */
  leaving: boolean;
  /** `OutOfSync`, with its health where Argo CD keeps that with the Application. */
  sync?: string;
  health?: string;
  message?: string;
}

const SETTLED = new Set([undefined, "Healthy", "Suspended"]);

/** Of what is not listed only what is not well: nothing else of it is told. */
const resource: Reader<Resource> = via(status, ({ group = "", kind, namespace, name, ...kept }) => {
  if (!kind || !name || kept.hook) return undefined;
  const listed = LISTED.has(`${group}/${kind}`);
  if (!listed && SETTLED.has(kept.health?.status)) return undefined;
  return {
    ref: namespace ? { kind, namespace, name } : { kind, name },
    listed,
    leaving: kept.requiresPruning === true,
    sync: kept.status,
    ...kept.health?.status ? { health: kept.health.status } : {},
    ...kept.health?.message ? { message: kept.health.message } : {},
  };
});

export interface SyncFailure {
  ref: ObjectRef;
  message?: string;
}

const FAILED = new Set(["SyncFailed", "Failed", "Error"]);

/** Of the last sync what failed, and why: the operation itself says only that something did. */
const syncFailure: Reader<SyncFailure> = via(
  obj({
    kind: objectName,
    namespace: objectName,
    name: objectName,
    status: str,
    hookPhase: str,
    message: text,
  }),
  ({ kind, namespace, name, status: code = "", hookPhase = "", message }) => {
    if (!kind || !name || !FAILED.has(code) && !FAILED.has(hookPhase)) return undefined;
    return { ref: namespace ? { kind, namespace, name } : { kind, name }, ...message ? { message } : {} };
  },
);

const source = obj({ chart: str, path: str, helm: obj({ releaseName: objectName }) });

export const applications = {
  id: "applications",
  kind: "Application",
  path: "/apis/argoproj.io/v1alpha1/applications",
  later: true,
  read: obj({
    metadata,
    spec: obj({
      project: objectName,
      destination: obj({ namespace: objectName, server: str, name: objectName }),
      source,
      sources: list(source),
      /** Present, and not disabled: what is in Git is applied without anybody's doing. */
      syncPolicy: obj({ automated: obj({ enabled: bool, prune: bool, selfHeal: bool }) }),
    }),
    status: obj({
      health: obj({ status: str, message: text, lastTransitionTime: str }),
      sync: obj({ status: str }),
      conditions,
      reconciledAt: str,
      operationState: obj({
        phase: str,
        message: text,
        startedAt: str,
        finishedAt: str,
        retryCount: num,
        syncResult: obj({ resources: list(syncFailure) }),
      }),
      resources: list(resource),
    }),
  }),
} satisfies ListSource;
export type Application = NonNullable<ReturnType<typeof applications.read>>;

export const appProjects = {
  id: "appprojects",
  kind: "AppProject",
  path: "/apis/argoproj.io/v1alpha1/appprojects",
  later: true,
  read: obj({
    metadata,
    spec: obj({ destinations: list(obj({ namespace: text, server: text, name: text })) }),
  }),
} satisfies ListSource;
export type AppProject = NonNullable<ReturnType<typeof appProjects.read>>;

export const applicationSets = {
  id: "applicationsets",
  kind: "ApplicationSet",
  path: "/apis/argoproj.io/v1alpha1/applicationsets",
  later: true,
  read: obj({ metadata, status: obj({ conditions }) }),
} satisfies ListSource;
export type ApplicationSet = NonNullable<ReturnType<typeof applicationSets.read>>;
