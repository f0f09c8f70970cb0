/** The kinds of Kubernetes itself that are listed: where, and which of their fields are kept. */
import { kubePath } from "../../untrusted/api_path.ts";
import type { ListSource, Reader } from "../../engine/model.ts";
import { bool, intOrStr, list, map, num, obj, objectName, str, via } from "../../engine/decode.ts";
import {
  conditions,
  hostsByKey,
  keysOnly,
  labelled,
  labels,
  labelSelector,
  metadata,
  nodeTerms,
  podSpec,
  reasonCode,
  type Route,
  routesOfData,
  text,
} from "../common/mod.ts";

import { declarationLabel, type DeclaredText, prepareDeclarations, readDeclared } from "./declared_text.ts";

const CORE = "/api/v1";
const APPS = "/apis/apps/v1";
const BATCH = "/apis/batch/v1";

function source<T>(id: string, kind: string, path: string, read: Reader<T>): ListSource<T> {
  return { id, kind, path, read };
}

function metadataOnly<T>(id: string, kind: string, path: string, read: Reader<T>): ListSource<T> {
  return { id, kind, path, read, metadataOnly: true };
}

const terminated = obj({ reason: reasonCode, exitCode: num, startedAt: str, finishedAt: str });
const containerStatus = obj({
  name: objectName,
  ready: bool,
  restartCount: num,
  state: obj({
    waiting: obj({ reason: reasonCode, message: text }),
    running: obj({ startedAt: str }),
    terminated,
  }),
  lastState: obj({ terminated }),
});

export const pods = source(
  "pods",
  "Pod",
  kubePath`${CORE}/pods`,
  obj({
    metadata: labelled,
    spec: podSpec,
    status: obj({
      phase: str,
      reason: reasonCode,
      message: text,
      podIP: str,
      conditions,
      containerStatuses: list(containerStatus),
      initContainerStatuses: list(containerStatus),
    }),
  }),
);
export type Pod = NonNullable<ReturnType<typeof pods.read>>;
export type ContainerStatus = NonNullable<ReturnType<typeof containerStatus>>;

/** By which Calico is asked for a pod's address: a JSON list of one, or of one of each family. */
const asked = obj({ "cni.projectcalico.org/ipAddrs": str, "cni.projectcalico.org/ipAddrsNoIpam": str });

/** The labels of a template, and the addresses that it asks for. */
const templateMetadata = via(obj({ labels, annotations: asked }), ({ labels, annotations = {} }) => {
  const addresses = Object.values(annotations).flatMap((list) => list?.match(/[0-9A-Fa-f.:]{3,45}/g) ?? []);
  return { ...(labels ? { labels } : {}), ...(addresses.length > 0 ? { addresses } : {}) };
});

const template = obj({ metadata: templateMetadata, spec: podSpec });
const workload = obj({
  metadata: labelled,
  spec: obj({ replicas: num, paused: bool, template }),
  status: obj({
    observedGeneration: num,
    replicas: num,
    readyReplicas: num,
    updatedReplicas: num,
    desiredNumberScheduled: num,
    numberReady: num,
    conditions,
  }),
});
export type Workload = NonNullable<ReturnType<typeof workload>>;

export const deployments = source("deployments", "Deployment", kubePath`${APPS}/deployments`, workload);
export const statefulSets = source("statefulsets", "StatefulSet", kubePath`${APPS}/statefulsets`, workload);
export const daemonSets = source("daemonsets", "DaemonSet", kubePath`${APPS}/daemonsets`, workload);
export const replicaSets = metadataOnly(
  "replicasets",
  "ReplicaSet",
  kubePath`${APPS}/replicasets`,
  obj({ metadata }),
);

export const jobs = source(
  "jobs",
  "Job",
  kubePath`${BATCH}/jobs`,
  obj({
    metadata,
    spec: obj({ suspend: bool, template }),
    status: obj({ active: num, succeeded: num, failed: num, startTime: str, conditions }),
  }),
);
export type Job = NonNullable<ReturnType<typeof jobs.read>>;

export const cronJobs = source(
  "cronjobs",
  "CronJob",
  kubePath`${BATCH}/cronjobs`,
  obj({
    metadata,
    spec: obj({ schedule: str, suspend: bool, jobTemplate: obj({ spec: obj({ template }) }) }),
    status: obj({ lastScheduleTime: str, lastSuccessfulTime: str, active: list(obj({ name: objectName })) }),
  }),
);
export type CronJob = NonNullable<ReturnType<typeof cronJobs.read>>;

export const services = source(
  "services",
  "Service",
  kubePath`${CORE}/services`,
  obj({
    metadata: labelled,
    spec: obj({
      type: str,
      selector: labels,
      clusterIPs: list(str),
      publishNotReadyAddresses: bool,
      ports: list(obj({
        name: objectName,
        port: num,
        targetPort: intOrStr,
        protocol: via(str, (protocol) => protocol === "TCP" ? undefined : protocol),
        appProtocol: str,
      })),
    }),
  }),
);
export type Service = NonNullable<ReturnType<typeof services.read>>;

export const endpointSlices = source(
  "endpointslices",
  "EndpointSlice",
  "/apis/discovery.k8s.io/v1/endpointslices",
  obj({
    metadata: labelled,
    addressType: str,
    ports: list(obj({ name: objectName, port: num })),
    endpoints: list(via(
      obj({
        conditions: obj({ ready: bool }),
        targetRef: obj({ kind: objectName, name: objectName }),
        addresses: list(str),
      }),
      // Whose address it is matters only where nothing says it.
      ({ addresses, ...rest }) => ({ ...rest, ...(rest.targetRef || !addresses ? {} : { addresses }) }),
    )),
  }),
);

/** Of a ConfigMap only its keys and the hosts its values name, all and by key; of one that declares a platform, the declaration. */
export const configMaps: ListSource<ConfigMap> = {
  ...source(
    "configmaps",
    "ConfigMap",
    kubePath`${CORE}/configmaps`,
    via(
      obj({
        metadata: obj({ name: objectName, namespace: objectName, labels: declarationLabel }),
        data: (value) => value,
        binaryData: keysOnly,
      }),
      ({ metadata, data, binaryData }): ConfigMap => {
        const byKey = hostsByKey(data);
        const routes = routesOfData(data);
        return {
          metadata: { name: metadata?.name, namespace: metadata?.namespace },
          keys: [...keysOnly(data) ?? [], ...binaryData ?? []],
          ...byKey ? { hosts: [...new Set(Object.values(byKey).flat())], hostsByKey: byKey } : {},
          ...routes ? { routes } : {},
          ...metadata?.labels ? { declaration: readDeclared(data) } : {},
        };
      },
    ),
  ),
  prepare: prepareDeclarations,
};

export interface ConfigMap {
  metadata: { name?: string; namespace?: string };
  keys: string[];
  hosts?: string[];
  /** Absent in facts of older releases. */
  hostsByKey?: Record<string, string[]>;
  /** Which paths a gateway leads to which hosts. */
  routes?: Route[];
  /** Of one that is labelled as the declaration of a platform. */
  declaration?: DeclaredText;
}

type DataFields = Record<string, Record<string, unknown>>;

/** Of a Secret its key names and who wrote them, as managedFields tell; its values are never asked for. */
export const secrets = metadataOnly(
  "secrets",
  "Secret",
  kubePath`${CORE}/secrets`,
  obj({
    metadata: via(
      obj({
        name: objectName,
        namespace: objectName,
        creationTimestamp: str,
        ownerReferences: list(obj({ kind: objectName, name: objectName, controller: bool })),
        managedFields: list(
          obj({ manager: objectName, time: str, fieldsV1: (value) => value as DataFields }),
        ),
      }),
      ({ managedFields, ...kept }) => ({ ...kept, ...writingsOf(managedFields) }),
    ),
  }),
);
export type SecretMeta = NonNullable<ReturnType<typeof secrets.read>>;

/** The key names of a Secret and who wrote them; neither is known when nobody's fields are tracked. */
function writingsOf(
  entries: { manager?: string; fieldsV1?: DataFields }[] | undefined,
): { keys?: string[]; managers?: string[] } {
  if (!entries || entries.length === 0) return {};
  const written = entries.map(({ manager, fieldsV1 }) => ({ manager, keys: secretKeys(fieldsV1) }));
  const managers = written.flatMap(({ manager, keys }) => manager && keys.length > 0 ? manager : []);
  return {
    keys: [...new Set(written.flatMap(({ keys }) => keys))],
    managers: [...new Set(managers)],
  };
}

/** Server-side apply tracks what was sent: a Secret written as stringData is tracked as stringData. */
function secretKeys(fields: DataFields | undefined): string[] {
  const keys = [...Object.keys(fields?.["f:data"] ?? {}), ...Object.keys(fields?.["f:stringData"] ?? {})];
  return keys.filter((key) => key.startsWith("f:")).map((key) => key.slice(2));
}

export const serviceAccounts = metadataOnly(
  "serviceaccounts",
  "ServiceAccount",
  kubePath`${CORE}/serviceaccounts`,
  obj({ metadata: obj({ name: objectName, namespace: objectName }) }),
);

export const nodes = source(
  "nodes",
  "Node",
  kubePath`${CORE}/nodes`,
  obj({
    metadata: labelled,
    spec: obj({ unschedulable: bool, taints: list(obj({ key: str, value: str, effect: str })) }),
    status: obj({ conditions, allocatable: map(intOrStr) }),
  }),
);
export type Node = NonNullable<ReturnType<typeof nodes.read>>;

export const namespaces = source(
  "namespaces",
  "Namespace",
  kubePath`${CORE}/namespaces`,
  obj({ metadata: labelled, status: obj({ phase: str, conditions }) }),
);
export type Namespace = NonNullable<ReturnType<typeof namespaces.read>>;

export const persistentVolumeClaims = source(
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
  kubePath`${CORE}/persistentvolumeclaims`,
  obj({
    metadata,
    spec: obj({
      storageClassName: objectName,
      volumeName: objectName,
      accessModes: list(str),
      resources: obj({ requests: obj({ storage: intOrStr }) }),
      selector: labelSelector,
    }),
    status: obj({ phase: str, conditions }),
  }),
);
export type Claim = NonNullable<ReturnType<typeof persistentVolumeClaims.read>>;

export const persistentVolumes = source(
  "persistentvolumes",
  "PersistentVolume",
  kubePath`${CORE}/persistentvolumes`,
  obj({
    metadata: labelled,
    spec: obj({
      storageClassName: objectName,
      accessModes: list(str),
      capacity: obj({ storage: intOrStr }),
      claimRef: obj({ namespace: objectName, name: objectName }),
      nodeAffinity: obj({ required: nodeTerms }),
    }),
    status: obj({ phase: str, reason: reasonCode, message: text }),
  }),
);
export type Volume = NonNullable<ReturnType<typeof persistentVolumes.read>>;

export const storageClasses = source(
  "storageclasses",
  "StorageClass",
  "/apis/storage.k8s.io/v1/storageclasses",
  obj({
    metadata: obj({
      name: objectName,
      annotations: obj({ "storageclass.kubernetes.io/is-default-class": str }),
    }),
    provisioner: str,
    volumeBindingMode: str,
    parameters: obj({ pool: str, clusterID: str, objectStoreName: str, objectStoreNamespace: str }),
  }),
);

export const resourceQuotas = source(
  "resourcequotas",
  "ResourceQuota",
  kubePath`${CORE}/resourcequotas`,
  obj({ metadata, status: obj({ hard: map(str), used: map(str) }) }),
);

export const leases = source(
  "leases",
  "Lease",
  "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
  obj({
    metadata: obj({ name: objectName, namespace: objectName }),
    spec: obj({ holderIdentity: str, renewTime: str, leaseDurationSeconds: num }),
  }),
);

/** Kept: the events that say why something cannot be created, mounted, provisioned or probed. */
export const TELLING_EVENTS: ReadonlySet<string> = new Set([
  "FailedMount",
  "FailedAttachVolume",
  "FailedCreate",
  "FailedScheduling",
  "FailedCreatePodSandBox",
  "ProvisioningFailed",
  "Unhealthy",
  "FailedBinding",
  // External Secrets names the item, the field, the vault or the limit in its events only.
  "UpdateFailed",
  "InvalidProviderConfig",
  "ValidationFailed",
  "InvalidStoreConfiguration",
]);

/** Of the reason Failed only those that say why an image cannot be pulled: the pod itself soon says no more than "Back-off". */
function isOfImage({ reason, message }: { reason?: string; message?: string }): boolean {
  return reason === "Failed" && message?.startsWith("Failed to pull image") === true;
}

export const events = source(
  "events",
  "Event",
  kubePath`${CORE}/events?fieldSelector=type%3DWarning`,
  via(
    obj({
      metadata: obj({ name: objectName, namespace: objectName, creationTimestamp: str }),
      involvedObject: obj({ kind: objectName, namespace: objectName, name: objectName, uid: objectName }),
      reason: reasonCode,
      message: text,
      lastTimestamp: str,
      eventTime: str,
      series: obj({ lastObservedTime: str }),
    }),
    (kept) => TELLING_EVENTS.has(kept.reason ?? "") || isOfImage(kept) ? kept : undefined,
  ),
);
export type WarningEvent = NonNullable<ReturnType<typeof events.read>>;
