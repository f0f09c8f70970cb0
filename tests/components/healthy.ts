/** A small platform on which everything is well, for tests that break one thing of it. */
import { flux } from "../../lib/components/flux/mod.ts";
import { kubernetes } from "../../lib/components/kubernetes/mod.ts";
import { nessie } from "../../lib/components/nessie/mod.ts";
import { network } from "../../lib/components/network/mod.ts";
import { nodesComponent } from "../../lib/components/nodes/mod.ts";
import { sparkClient, sparkHistoryServer, sparkOperator } from "../../lib/components/spark/mod.ts";
import { storage } from "../../lib/components/storage/mod.ts";
import { workloads } from "../../lib/components/workloads/mod.ts";
import type { Diagnosis } from "../../lib/engine/diagnose.ts";
import type { Answer, Component, Failure } from "../../lib/engine/model.ts";
import {
  DEPLOYMENTS,
  examined,
  LONG_AGO,
  node,
  NODES,
  pod,
  PODS,
  SECRETS,
  SERVICES,
  SLICES,
} from "./platform.ts";

/** An object as an API server would send it, with the fields that tests change. */
export interface Raw {
  metadata: {
    name: string;
    labels: Record<string, string>;
    deletionTimestamp?: string;
    managedFields: [{ fieldsV1: Record<string, Record<string, unknown>> }];
  };
  spec: {
    replicas?: number;
    paused?: boolean;
    nodeName?: string;
    unschedulable?: boolean;
    renewTime?: string;
    selector?: Record<string, string>;
    imagePullSecrets?: { name: string }[];
    containers: [{ image: string; ports: [{ name: string }]; env: unknown[] }];
    template: Raw;
  };
  status: Record<string, unknown> & {
    conditions: [Record<string, string>, Record<string, string>];
    containerStatuses: [Record<string, unknown>];
  };
  endpoints?: unknown[];
}

export const CONFIG_MAPS = "/api/v1/configmaps";
export const CLAIMS = "/api/v1/persistentvolumeclaims";
export const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
export const ACCOUNTS = "/api/v1/serviceaccounts";
export const NAMESPACES = "/api/v1/namespaces";
export const DAEMON_SETS = "/apis/apps/v1/daemonsets";
export const STATEFUL_SETS = "/apis/apps/v1/statefulsets";
export const POLICIES = "/apis/networking.k8s.io/v1/networkpolicies";
export const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
export const QUOTAS = "/api/v1/resourcequotas";
export const JOBS = "/apis/batch/v1/jobs";

const NS = "data-platform";
const PROXY = `/api/v1/namespaces/${NS}/services`;
export const NESSIE_CONFIG = `${PROXY}/nessie:19120/proxy/api/v2/config`;
export const NESSIE_ICEBERG = `${PROXY}/nessie:19120/proxy/iceberg/v1/config`;
export const NESSIE_HEALTH = `${PROXY}/nessie:9000/proxy/q/health`;
export const HISTORY = `${PROXY}/spark-history-server:18080/proxy/api/v1/applications`;

/** What a fake API server answers, to be changed before it is looked at. */
export interface Small {
  lists: Record<string, Raw[]>;
  answers: Record<string, Answer>;
  failures: Record<string, Failure>;
}

interface App {
  namespace?: string;
  replicas?: number;
  ports?: { name: string; port: number; targetPort: string | number }[];
  spec?: Record<string, unknown>;
}

/** Adds objects to a list. */
export function put(small: Small, path: string, ...objects: unknown[]): void {
  small.lists[path] = [...small.lists[path] ?? [], ...objects as Raw[]];
}

/** A Deployment with its ready pods, and a Service when it has ports. */
export function addApp(small: Small, name: string, app: App = {}): void {
  const { namespace = NS, replicas = 1, ports = [], spec = {} } = app;
  const labels = { app: name };
  const containers = [{
    name: "app",
    image: `registry.example/${name}:1`,
    ports: ports.map(({ name, targetPort }, index) => ({
      name,
      containerPort: typeof targetPort === "number" ? targetPort : 8080 + index,
    })),
    ...(spec.container as object | undefined),
  }];
  const template = { ...spec, containers };
  put(small, DEPLOYMENTS, {
    metadata: { name, namespace, generation: 1, creationTimestamp: LONG_AGO },
    spec: { replicas, template: { metadata: { labels }, spec: template } },
    status: { observedGeneration: 1, replicas, readyReplicas: replicas, updatedReplicas: replicas },
  });
  for (let i = 1; i <= replicas; i++) {
    const owner = { kind: "ReplicaSet", name: `${name}-abc` };
    const nodeName = `node-${(i - 1) % 2 + 1}`;
    put(small, PODS, pod(`${name}-abc-${i}`, { namespace, labels, owner, spec: { nodeName, ...template } }));
  }
  if (ports.length === 0) return;
  put(small, SERVICES, { metadata: { name, namespace }, spec: { selector: labels, ports } });
  put(small, SLICES, {
    metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
    endpoints: Array.from({ length: replicas }, () => ({ conditions: { ready: true } })),
  });
}

const secret = (name: string, ...keys: string[]) => ({
  metadata: {
    name,
    namespace: NS,
    managedFields: [{
      manager: "x",
      fieldsV1: { "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
    }],
  },
});

/** The platform's four Deployments, a database, DNS, two nodes; nothing is wrong with it. */
export function healthy(): Small {
  const small: Small = { lists: {}, answers: {}, failures: {} };
  put(small, NODES, node("node-1"), node("node-2"));
  put(small, NAMESPACES, ...[NS, "kube-system"].map((name) => ({ metadata: { name, labels: { name } } })));
  put(
    small,
    LEASES,
    ...["kube-scheduler", "kube-controller-manager"].map((name) => ({
      metadata: { name, namespace: "kube-system" },
      spec: { holderIdentity: "one", renewTime: "2026-01-01T11:59:55Z", leaseDurationSeconds: 15 },
    })),
  );
  put(small, SECRETS, secret("s3", "access-key", "secret-key"), secret("database", "password"));
  put(small, ACCOUNTS, ...["nessie", "spark"].map((name) => ({ metadata: { name, namespace: NS } })));
  put(small, CONFIG_MAPS, {
    metadata: { name: "nessie", namespace: NS },
    data: { "application.properties": "url=jdbc:postgresql://database.data-platform.svc:5432/nessie" },
  });
  put(small, CLASSES, {
    metadata: { name: "fast" },
    provisioner: "local",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  put(small, CLAIMS, {
    metadata: { name: "database", namespace: NS, creationTimestamp: LONG_AGO },
    spec: { storageClassName: "fast", volumeName: "pv-1" },
    status: { phase: "Bound" },
  });
  put(small, "/api/v1/persistentvolumes", { metadata: { name: "pv-1" }, status: { phase: "Bound" } });
  addApp(small, "kube-dns", {
    namespace: "kube-system",
    ports: [{ name: "dns", port: 53, targetPort: "dns" }],
  });
  addApp(small, "database", {
    ports: [{ name: "sql", port: 5432, targetPort: "sql" }],
    spec: { volumes: [{ persistentVolumeClaim: { claimName: "database" } }] },
  });
  addPlatform(small);
  return small;
}

function addPlatform(small: Small): void {
  const env = [
    { name: "KEY", valueFrom: { secretKeyRef: { name: "s3", key: "access-key" } } },
    { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "database", key: "password" } } },
  ];
  addApp(small, "nessie", {
    replicas: 2,
    ports: [{ name: "http", port: 19120, targetPort: "http" }, {
      name: "management",
      port: 9000,
      targetPort: "management",
    }],
    spec: { serviceAccountName: "nessie", container: { env }, volumes: [{ configMap: { name: "nessie" } }] },
  });
  addApp(small, "spark-operator", { replicas: 2 });
  addApp(small, "spark-history-server", { ports: [{ name: "http", port: 18080, targetPort: 18080 }] });
  const uri = [{ name: "CATALOG", value: "http://nessie.data-platform.svc:19120/iceberg" }];
  addApp(small, "spark-client", { spec: { serviceAccountName: "spark", container: { env: uri } } });
  small.answers[NESSIE_CONFIG] = { status: 200, body: { defaultBranch: "main", specVersion: "2.2.0" } };
  small.answers[NESSIE_ICEBERG] = { status: 200, body: {} };
  small.answers[NESSIE_HEALTH] = { status: 200, body: { status: "UP", checks: [] } };
  small.answers[HISTORY] = { status: 200, body: [] };
  small.answers["/readyz"] = { status: 200, body: "[+]etcd ok\nreadyz check passed" };
}

/** Nothing here comes from Git; what would want a part is looked for there all the same. */
const withoutGitOps: Component = { ...flux, kinds: [], checks: [], edges: () => [], makers: undefined };

export const COMPONENTS = [
  withoutGitOps,
  nessie,
  sparkOperator,
  sparkHistoryServer,
  sparkClient,
  storage,
  network,
  workloads,
  nodesComponent,
  kubernetes,
];

export const look = (small: Small): Promise<Diagnosis> => examined(COMPONENTS, small);

/** An object of the small platform, to be changed in place. */
export function the(small: Small, path: string, name: string): Raw {
  const found = small.lists[path]?.find((object) => object.metadata.name === name);
  if (!found) throw new Error(`the small platform has no ${path} ${name}`);
  return found;
}

/** Takes an object away. */
export function without(small: Small, path: string, name: string): void {
  the(small, path, name);
  small.lists[path] = (small.lists[path] ?? []).filter((object) => object.metadata.name !== name);
}

/** The pods of an app of `addApp`. */
export function podsOf(small: Small, app: string): Raw[] {
  return (small.lists[PODS] ?? []).filter((object) => object.metadata.labels.app === app);
}

/** Its pods (or only the first `count`) are not Ready, with this container status; Deployment and Service follow. */
export function fail(
  small: Small,
  app: string,
  container: object,
  count = Infinity,
  status: object = {},
): void {
  const all = podsOf(small, app);
  const failing = all.slice(0, count);
  for (const object of failing) {
    object.status.conditions[1].status = "False";
    Object.assign(object.status.containerStatuses[0], { ready: false }, container);
    Object.assign(object.status, status);
  }
  const ready = all.length - failing.length;
  the(small, DEPLOYMENTS, app).status.readyReplicas = ready;
  const slice = small.lists[SLICES]?.find((object) => object.metadata.name === `${app}-1`);
  if (slice) slice.endpoints = all.map((_, index) => ({ conditions: { ready: index < ready } }));
  if (app === "nessie" && ready === 0) {
    for (const path of [NESSIE_CONFIG, NESSIE_ICEBERG, NESSIE_HEALTH]) delete small.answers[path];
  }
}

/** Its pods could not be made, or are gone. */
export function noPods(small: Small, app: string, refused?: string): void {
  const gone = new Set(podsOf(small, app));
  small.lists[PODS] = (small.lists[PODS] ?? []).filter((object) => !gone.has(object));
  const object = the(small, DEPLOYMENTS, app);
  const failure = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: refused };
  const status = { observedGeneration: 1, replicas: 0, readyReplicas: 0 };
  Object.assign(object, { status: { ...status, ...(refused ? { conditions: [failure] } : {}) } });
  const slice = small.lists[SLICES]?.find((entry) => entry.metadata.name === `${app}-1`);
  if (slice) slice.endpoints = [];
}

/** Its pods wait for a node, with what the scheduler says. */
export function unplaced(small: Small, app: string, message: string): void {
  fail(small, app, {}, Infinity, { phase: "Pending", containerStatuses: [] });
  for (const object of podsOf(small, app)) {
    delete object.spec.nodeName;
    Object.assign(object.status.conditions[0], { status: "False", reason: "Unschedulable", message });
  }
}

export const crash = (exitCode = 1, reason = "Error") => ({
  state: { waiting: { reason: "CrashLoopBackOff" } },
  lastState: { terminated: { exitCode, reason, finishedAt: "2026-01-01T11:59:00Z" } },
  restartCount: 9,
});

/** Findings that are critical or warnings, as `Kind name Reason status`. */
export function unhealthy(diagnosis: Diagnosis): string[] {
  return diagnosis.findings.filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ object, reason, status }) => `${object.kind} ${object.name} ${reason} ${status}`);
}
