/**
 * Clusters in which manifests were applied: what the controllers of Kubernetes, and of CloudNativePG, make of them. All
 * that runs is ready, but for what is said to be ill.
 */
import { loadAll } from "js-yaml";
import { components } from "../../lib/components/mod.ts";
import { collect, homeOf, sourcesOf } from "../../lib/engine/collect.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import type { Answer, Facts } from "../../lib/engine/model.ts";
import { own } from "../../lib/untrusted/lookup.ts";

/** An object as an API server keeps it, with the fields that are read or changed here. */
export interface KubeObject {
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; controller?: boolean }[];
    [key: string]: unknown;
  };
  // deno-lint-ignore no-explicit-any
  spec?: any;
  // deno-lint-ignore no-explicit-any
  status?: any;
  data?: Record<string, string>;
  [key: string]: unknown;
}

/** Why the pods of a workload are not ready. */
export type Ill =
  /** A container does not start: `CreateContainerConfigError`, `ImagePullBackOff`. */
  | { waiting: string; message: string }
  /** It ends again and again, and its log ends so. */
  | { log: string };

/** A cluster before its controllers have acted. */
export interface Installation {
  objects: KubeObject[];
  /** By `Kind namespace/name` of a workload. */
  ill: Map<string, Ill>;
  /** What Services answer otherwise than one that is well, by the path. */
  answers?: Record<string, Answer>;
}

const NOW = "2026-01-01T12:00:00Z";
const BEFORE = "2026-01-01T10:00:00Z";

export const keyOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace}/${metadata.name}`;

/** The object of an installation, to be changed in place. */
export function the({ objects }: Installation, key: string): KubeObject {
  const found = objects.find((one) => keyOf(one) === key);
  if (!found) throw new Error(`nothing was installed as ${key}`);
  return found;
}

/** Takes an object away. */
export function without(installation: Installation, key: string): void {
  const gone = the(installation, key);
  installation.objects = installation.objects.filter((one) => one !== gone);
}

/** What a published chart makes, installed in a namespace; `replaced` are words of its text and what stands for them. */
export async function release(
  chart: string,
  namespace: string,
  replaced: Readonly<Record<string, string>> = {},
): Promise<KubeObject[]> {
  const file = new URL(`charts/${chart}.yaml`, import.meta.url);
  const text = Object.entries(replaced).reduce(
    (all, [from, to]) => all.replaceAll(from, to),
    await Deno.readTextFile(file),
  );
  return (loadAll(text) as KubeObject[]).map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }));
}

export const secret = (namespace: string, name: string, ...keys: string[]): KubeObject => ({
  kind: "Secret",
  metadata: { name, namespace },
  data: Object.fromEntries(keys.map((key) => [key, ""])),
});

/** A Deployment or StatefulSet of one container with a Service before it. */
export function service(
  kind: "Deployment" | "StatefulSet",
  namespace: string,
  name: string,
  { image, ports, labels = { app: name }, service = name }: {
    image: string;
    ports: Record<string, number>;
    labels?: Record<string, string>;
    service?: string;
  },
): KubeObject[] {
  const all = Object.entries(ports);
  const containers = [{ name, image, ports: all.map(([name, containerPort]) => ({ name, containerPort })) }];
  return [
    {
      kind,
      metadata: { name, namespace, labels },
      spec: { replicas: 1, template: { metadata: { labels }, spec: { containers } } },
    },
    {
      kind: "Service",
      metadata: { name: service, namespace },
      spec: { selector: labels, ports: all.map(([name, port]) => ({ name, port, targetPort: name })) },
    },
  ];
}

/** A database of CloudNativePG with one instance, as its operator makes it. */
export function database(namespace: string, name: string): KubeObject[] {
  const ownerReferences = [{ kind: "Cluster", name, controller: true }];
  const labels = {
    "cnpg.io/cluster": name,
    "cnpg.io/podRole": "instance",
    "cnpg.io/instanceRole": "primary",
  };
  const condition = { type: "Ready", status: "True", reason: "ClusterIsReady", lastTransitionTime: BEFORE };
  const selectors = { rw: "primary", ro: "replica", r: "" };
  return [
    {
      kind: "Cluster",
      metadata: { name, namespace, annotations: {} },
      spec: { instances: 1, storage: { storageClass: "standard" } },
      status: {
        instances: 1,
        readyInstances: 1,
        phase: "Cluster in healthy state",
        currentPrimary: `${name}-1`,
        targetPrimary: `${name}-1`,
        instanceNames: [`${name}-1`],
        conditions: [condition],
      },
    },
    { kind: "ServiceAccount", metadata: { name, namespace, ownerReferences } },
    { kind: "PersistentVolumeClaim", metadata: { name: `${name}-1`, namespace, ownerReferences } },
    podOf(
      { kind: "Cluster", metadata: { name, namespace } },
      `${name}-1`,
      {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          containers: [{
            name: "postgres",
            image: "ghcr.io/cloudnative-pg/postgresql:17",
            ports: [{ name: "postgresql", containerPort: 5432 }],
          }],
          volumes: [{ persistentVolumeClaim: { claimName: `${name}-1` } }],
        },
      },
    ),
    ...Object.entries(selectors).map(([end, instanceRole]) => ({
      kind: "Service",
      metadata: { name: `${name}-${end}`, namespace, ownerReferences },
      spec: {
        selector: {
          "cnpg.io/cluster": name,
          ...instanceRole ? { "cnpg.io/instanceRole": instanceRole } : { "cnpg.io/podRole": "instance" },
        },
        ports: [{ name: "postgres", port: 5432, targetPort: 5432 }],
      },
    })),
    {
      ...secret(
        namespace,
        `${name}-app`,
        "username",
        "password",
        "host",
        "port",
        "dbname",
        "uri",
        "jdbc-uri",
      ),
      metadata: { name: `${name}-app`, namespace, ownerReferences },
    },
  ];
}

/** What a distribution brings along. */
function cluster(namespaces: readonly string[]): KubeObject[] {
  const nowhere = (kind: string, name: string, rest: object = {}): KubeObject => ({
    kind,
    metadata: { name } as KubeObject["metadata"],
    ...rest,
  });
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: BEFORE }];
  return [
    nowhere("Node", "node-1", { status: { conditions } }),
    nowhere("StorageClass", "standard", { provisioner: "local", volumeBindingMode: "WaitForFirstConsumer" }),
    ...namespaces.map((name) => {
      const object = nowhere("Namespace", name, { status: { phase: "Active" } });
      object.metadata.labels = { "kubernetes.io/metadata.name": name };
      return object;
    }),
    ...namespaces.flatMap((namespace) => [
      { kind: "ServiceAccount", metadata: { name: "default", namespace } },
      { kind: "ConfigMap", metadata: { name: "kube-root-ca.crt", namespace }, data: { "ca.crt": "" } },
    ]),
    ...["kube-scheduler", "kube-controller-manager"].map((name) => ({
      kind: "Lease",
      metadata: { name, namespace: "kube-system" },
      spec: { holderIdentity: "one", renewTime: "2026-01-01T11:59:55Z", leaseDurationSeconds: 15 },
    })),
    ...service("Deployment", "kube-system", "coredns", {
      image: "registry.k8s.io/coredns/coredns:v1.12.0",
      labels: { "k8s-app": "kube-dns" },
      ports: { dns: 53, "dns-tcp": 53 },
      service: "kube-dns",
    }),
  ];
}

/** A pod of a template, as the controller of `owner` makes it. */
// deno-lint-ignore no-explicit-any
export function podOf(owner: KubeObject, name: string, template: any, ill?: Ill): KubeObject {
  const all = template.spec.containers as { name: string }[];
  const ready = String(ill === undefined).replace(/^./, (letter) => letter.toUpperCase());
  return {
    kind: "Pod",
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels: template.metadata?.labels,
      ownerReferences: [{ kind: owner.kind, name: owner.metadata.name, controller: true }],
    },
    spec: { ...template.spec, nodeName: "node-1" },
    status: {
      phase: ill && "waiting" in ill ? "Pending" : "Running",
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready, lastTransitionTime: BEFORE },
      ],
      containerStatuses: all.map(({ name }) => ({ name, ...containerStatus(ill) })),
    },
  };
}

function containerStatus(ill: Ill | undefined): object {
  if (!ill) return { ready: true, restartCount: 0, state: { running: { startedAt: BEFORE } } };
  const waiting = "waiting" in ill
    ? { reason: ill.waiting, message: ill.message }
    : { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" };
  const terminated = { reason: "Error", exitCode: 1, finishedAt: "2026-01-01T11:59:00Z" };
  return {
    ready: false,
    restartCount: "waiting" in ill ? 0 : 9,
    state: { waiting },
    ...("waiting" in ill ? {} : { lastState: { terminated } }),
  };
}

/** The pods of a workload, and what else its controller makes. */
function madeOf(workload: KubeObject, ill: Ill | undefined): KubeObject[] {
  const { kind, metadata: { name, namespace }, spec } = workload;
  const replicas: number = spec.replicas ?? 1;
  const numbers = Array.from({ length: replicas }, (_, index) => index);
  workload.status = {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: ill ? 0 : replicas,
  };
  if (kind === "Deployment") {
    const set: KubeObject = {
      kind: "ReplicaSet",
      metadata: {
        name: `${name}-6d4b75cb6d`,
        namespace,
        ownerReferences: [{ kind, name, controller: true }],
      },
    };
    return [set, ...numbers.map((at) => podOf(set, `${set.metadata.name}-pod${at}`, spec.template, ill))];
  }
  const templates = (spec.volumeClaimTemplates ?? []) as KubeObject[];
  return numbers.flatMap((at) => {
    const claims = templates.map((one) => `${one.metadata.name}-${name}-${at}`);
    const volumes = claims.map((claimName) => ({ persistentVolumeClaim: { claimName } }));
    const template = structuredClone(spec.template);
    template.spec.volumes = [...template.spec.volumes ?? [], ...volumes];
    return [
      podOf(workload, `${name}-${at}`, template, ill),
      ...claims.map((claim) => ({ kind: "PersistentVolumeClaim", metadata: { name: claim, namespace } })),
    ];
  });
}

const isReady = ({ status }: KubeObject): boolean =>
  status.conditions.some((one: { type: string; status: string }) =>
    one.type === "Ready" && one.status === "True"
  );

function sliceOf(
  { metadata: { name, namespace }, spec }: KubeObject,
  pods: readonly KubeObject[],
): KubeObject {
  const selector = Object.entries(spec.selector as Record<string, string>);
  const selected = pods.filter(({ metadata }) =>
    metadata.namespace === namespace && selector.every(([key, value]) => metadata.labels?.[key] === value)
  );
  return {
    kind: "EndpointSlice",
    metadata: { name: `${name}-x7k2p`, namespace, labels: { "kubernetes.io/service-name": name } },
    ports: spec.ports,
    endpoints: selected.map((pod) => ({
      conditions: { ready: spec.publishNotReadyAddresses === true || isReady(pod) },
      targetRef: { kind: "Pod", name: pod.metadata.name },
    })),
  };
}

/** All objects of the cluster once every controller has acted. */
function converged({ objects, ill }: Installation): KubeObject[] {
  const namespaces = new Set(["kube-system", ...objects.map(({ metadata }) => metadata.namespace)]);
  const applied = [...cluster([...namespaces]), ...objects].map((one) => structuredClone(one));
  const made = applied.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))
    .flatMap((one) => madeOf(one, ill.get(keyOf(one))));
  const all = [...applied, ...made];
  const pods = all.filter(({ kind }) => kind === "Pod");
  const slices = all.filter(({ kind, spec }) => kind === "Service" && spec.selector).map((one) =>
    sliceOf(one, pods)
  );
  for (const one of all) {
    Object.assign(one.metadata, { uid: keyOf(one), generation: 1, creationTimestamp: BEFORE });
    if (one.kind === "PersistentVolumeClaim") {
      one.spec = { ...one.spec, storageClassName: "standard", volumeName: `pv-${one.metadata.name}` };
      one.status = { phase: "Bound" };
    }
    if (one.kind !== "Secret") continue;
    const keys = Object.keys(one.data ?? {}).map((key) => [`f:${key}`, {}]);
    one.metadata.managedFields = [{ manager: "helm", fieldsV1: { "f:data": Object.fromEntries(keys) } }];
  }
  const volumes = all.filter(({ kind }) => kind === "PersistentVolumeClaim").map((claim) => ({
    kind: "PersistentVolume",
    metadata: { name: claim.spec.volumeName } as KubeObject["metadata"],
    spec: { storageClassName: "standard" },
    status: { phase: "Bound" },
  }));
  return [...all, ...slices, ...volumes];
}

const LISTED = /^\/api(?:s\/[a-z0-9.-]+)?\/v[a-z0-9]+\/(?:namespaces\/kube-system\/)?([a-z]+)$/;
const PROXIED = /^\/api\/v1\/namespaces\/([^/]+)\/services\/(?:https?:)?([^/:]+):[^/]+\/proxy(\/.*)$/;
const LOG = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/;

/** The kinds that this API server has, by the last part of their path. */
const SERVED: Readonly<Record<string, string>> = {
  clusters: "Cluster",
  configmaps: "ConfigMap",
  cronjobs: "CronJob",
  daemonsets: "DaemonSet",
  deployments: "Deployment",
  endpointslices: "EndpointSlice",
  events: "Event",
  jobs: "Job",
  leases: "Lease",
  namespaces: "Namespace",
  networkpolicies: "NetworkPolicy",
  nodes: "Node",
  persistentvolumeclaims: "PersistentVolumeClaim",
  persistentvolumes: "PersistentVolume",
  pods: "Pod",
  replicasets: "ReplicaSet",
  resourcequotas: "ResourceQuota",
  secrets: "Secret",
  serviceaccounts: "ServiceAccount",
  services: "Service",
  statefulsets: "StatefulSet",
  storageclasses: "StorageClass",
};

/** Those that it has where their operator was installed. */
const EXTERNAL_SECRETS: Readonly<Record<string, string>> = {
  clustersecretstores: "ClusterSecretStore",
  externalsecrets: "ExternalSecret",
  secretstores: "SecretStore",
};

/** Whoever may ask, Lakekeeper wants to know for which warehouse. */
const NO_WAREHOUSE = {
  error: {
    message: "No warehouse specified. Please specify the 'warehouse' parameter in the GET /config request.",
    type: "GetConfigNoWarehouseProvided",
    code: 400,
  },
};

/** What a catalog and its likes answer to what health asks them. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  "/api/v2/config": { status: 200, body: { defaultBranch: "main", specVersion: "2.2.0" } },
  "/iceberg/v1/config": { status: 200, body: { defaults: {}, overrides: {} } },
  "/q/health": { status: 200, body: { status: "UP", checks: [] } },
  "/api/catalog/v1/config": { status: 401 },
  "/catalog/v1/config": { status: 400, body: NO_WAREHOUSE },
};

/** The API server of this cluster: it lists, and passes on to Services that have somebody behind them. */
function apiServer(
  all: readonly KubeObject[],
  { ill, answers }: Installation,
): (path: string) => Promise<Answer> {
  const lists = Map.groupBy(all, ({ kind }) => kind);
  const hasOperator = lists.get("Deployment")?.some(({ metadata }) =>
    metadata.labels?.["app.kubernetes.io/name"] === "external-secrets"
  );
  const hasArgoCd = all.some(({ metadata }) => metadata.labels?.["app.kubernetes.io/part-of"] === "argocd");
  const served = {
    ...SERVED,
    ...hasOperator ? EXTERNAL_SECRETS : {},
    ...hasArgoCd ? { applications: "Application", applicationsets: "ApplicationSet" } : {},
  };
  const reply = (status: number, body: unknown): Promise<Answer> => Promise.resolve({ status, body });
  return (path) => {
    const [bare = ""] = path.split("?");
    if (bare === "/readyz") return reply(200, "readyz check passed");
    const kind = own(served, bare.match(LISTED)?.[1]);
    if (kind) return reply(200, { items: lists.get(kind) ?? [] });
    const [, ofNamespace, podName] = bare.match(LOG) ?? [];
    if (podName !== undefined) return reply(200, logOf(all, ill, ofNamespace, podName));
    const [, namespace, name, tail = ""] = bare.match(PROXIED) ?? [];
    const slice = lists.get("EndpointSlice")?.find(({ metadata }) =>
      metadata.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === name
    );
    const endpoints = (slice?.endpoints ?? []) as { conditions: { ready: boolean } }[];
    if (name !== undefined && !endpoints.some(({ conditions }) => conditions.ready)) {
      return reply(503, { message: `no endpoints available for service "${name}"` });
    }
    const answer = own(answers ?? {}, tail) ?? own(ANSWERS, tail);
    if (answer) return Promise.resolve(answer);
    // An object store says of a bucket that is there that who signs nothing may not see it.
    if (/^\/[a-z0-9][a-z0-9.-]{2,62}$/.test(tail)) return Promise.resolve({ status: 403 });
    const message = "the server could not find the requested resource";
    return Promise.reject(new CannotLook({ kind: "not-installed", message }));
  };
}

function logOf(
  all: readonly KubeObject[],
  ill: Installation["ill"],
  namespace: string | undefined,
  name: string,
): string {
  const found = all.find(({ kind, metadata }) =>
    kind === "Pod" && metadata.namespace === namespace && metadata.name === name
  );
  const [, why] = [...ill].find(([key]) => {
    const [, workload = ""] = key.split("/");
    return found?.metadata.name.startsWith(`${workload}-`) && key.includes(` ${namespace}/`);
  }) ?? [];
  return why && "log" in why ? why.log : "";
}

/** What health reads of this cluster, when nobody says which namespace is the platform's. */
export async function factsOf(installation: Installation): Promise<Facts> {
  const get = apiServer(converged(installation), installation);
  const options = { namespace: "", now: () => new Date(NOW) };
  const first = await collect({ context: "test", get }, sourcesOf(components), options);
  const namespace = homeOf(components, first) ?? "data-platform";
  return collect({ context: "test", get }, sourcesOf(components), { ...options, namespace });
}
