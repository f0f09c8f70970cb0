/** Readers that several kinds share: what we keep of metadata, conditions, pod specs and texts. */
import type { ObjectRef, Reader } from "../../engine/model.ts";
import { isSecretName, quoteEnds } from "../../redact/mod.ts";
import {
  anyText,
  bool,
  intOrStr,
  list,
  map,
  num,
  obj,
  objectName,
  present,
  str,
  via,
} from "../../engine/decode.ts";
import { hostAndPort } from "../../untrusted/host.ts";
import { at, own } from "../../untrusted/lookup.ts";
import { codeOf } from "../../untrusted/code.ts";

/** Longest text kept from a condition or an event, in UTF-16 units: its beginning and its end. */
const TEXT_LIMIT = 400;

/** A message for people: one line of a bounded length, with what looks like credentials taken out. */
export const text: Reader<string> = via(anyText, (value) => quoteEnds(value, [], TEXT_LIMIT));

export const labels: Reader<Record<string, string>> = map(str);

/** Identity, owners and age; no annotations, no managedFields. */
export const metadata = obj({
  name: objectName,
  namespace: objectName,
  uid: objectName,
  generation: num,
  creationTimestamp: str,
  deletionTimestamp: str,
  finalizers: list(str),
  ownerReferences: list(obj({ kind: objectName, name: objectName, controller: bool })),
});

/** As `metadata`, with the labels that selectors match. */
export const labelled = obj({
  name: objectName,
  namespace: objectName,
  uid: objectName,
  labels,
  generation: num,
  creationTimestamp: str,
  deletionTimestamp: str,
  finalizers: list(str),
  ownerReferences: list(obj({ kind: objectName, name: objectName, controller: bool })),
});

/** A reason as Kubernetes gives it, if it is one. */
export const reasonCode = via(anyText, codeOf);

export const condition = obj({
  type: str,
  status: str,
  reason: reasonCode,
  message: text,
  lastTransitionTime: str,
  observedGeneration: num,
});

export const conditions = list(condition);

export type Metadata = NonNullable<ReturnType<typeof metadata>>;
export type Condition = NonNullable<ReturnType<typeof condition>>;

/** User and password are skipped up to the last @; what is followed by more than a path or the end is no host. */
const URL_HOST =
  /\b([a-z][a-z0-9+.]{0,30}):\/\/(?:[^/\s"']*@)?((?:[a-z0-9.-]+|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?(?:,(?:[a-z0-9.-]+|\[[0-9a-f:.]{2,45}\]):\d{1,5})*)(?![a-z0-9._:@%$-])/gi;

/** Where a database listens when its URL names no port, by the scheme. */
const DATABASE_PORTS: Record<string, number> = {
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  mongodb: 27017,
};

/**
 * Host names, with their ports, that a configuration text names: `host`, `host:port` or `[fd00::1]:port`, never
 * credentials; of URLs with the scheme s3, s3a or s3n `s3://bucket`, and of those of a database with its port, also when
 * that is the usual one.
 */
export function hostsIn(value: string): string[] {
  const found = new Set<string>();
  for (const match of value.matchAll(URL_HOST)) {
    const [, scheme = "", hosts = ""] = match;
    const usual = own(DATABASE_PORTS, scheme.toLowerCase());
    // PostgreSQL, for one, takes several: `postgresql://one:5432,other:5432/db`.
    for (const host of hosts.split(",")) {
      const port = usual === undefined || hostAndPort(host).port !== undefined ? "" : `:${usual}`;
      found.add(/^s3[an]?$/i.test(scheme) ? `s3://${host}` : host.toLowerCase() + port);
    }
  }
  for (
    const match of value.matchAll(
      /(?<![a-z0-9.-])([a-z0-9-]+(?:\.[a-z0-9-]+){0,2}\.svc(?:\.[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?)/gi,
    )
  ) {
    if (match[1]) found.add(match[1].toLowerCase());
  }
  return [...found];
}

const MAY_NAME_HOST = /:\/\/|\.svc/i;

/** An address and nothing else, as `REDIS_ADDR=cache:6379` has it; only under a name that says so, for a login looks alike. */
const ADDRESS_NAME = /ADDR|HOST|URL|URI|ENDPOINT|SERVER|SERVICE|BROKER|BOOTSTRAP/i;
const ADDRESS = /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?):(\d{1,5})$/i;

/** The pods of a workload say the same, so most values were seen before; long ones are not worth the memory. */
const hostsByValue = new Map<string, string[] | undefined>();

const hosts: Reader<string[]> = via(anyText, (value) => {
  if (!MAY_NAME_HOST.test(value)) return undefined;
  if (hostsByValue.has(value)) return hostsByValue.get(value);
  const found = hostsIn(value);
  const kept = found.length > 0 ? found : undefined;
  if (value.length < 1000 && hostsByValue.size < 10_000) hostsByValue.set(value, kept);
  return kept;
});

/** The hosts that a map of texts (ConfigMap data) names, by its keys; undefined when it names none. */
export const hostsByKey: Reader<Record<string, string[]>> = via(
  map(hosts),
  (found) => Object.keys(found).length > 0 ? found : undefined,
);

/** The keys of a map, without its values. */
export const keysOnly: Reader<string[]> = via(map(present), (found) => Object.keys(found));

const keyRef = obj({ name: objectName, key: objectName, optional: bool });
const nameRef = obj({ name: objectName, optional: bool });

interface EnvironmentVariable {
  /** Of one that is an address and no more. */
  name?: string;
  /** The hosts in its value. */
  value?: string[];
  valueFrom?: { secretKeyRef?: ReturnType<typeof keyRef>; configMapKeyRef?: ReturnType<typeof keyRef> };
}

/** Of an environment variable only where it comes from, and the hosts in it: its value may be a secret. */
const env = via(
  obj({
    name: objectName,
    value: anyText,
    valueFrom: obj({ secretKeyRef: keyRef, configMapKeyRef: keyRef }),
  }),
  ({ name = "", value, valueFrom }): EnvironmentVariable | undefined => {
    if (valueFrom?.secretKeyRef || valueFrom?.configMapKeyRef) return { valueFrom };
    if (value === undefined) return undefined;
    const isAddress = ADDRESS_NAME.test(name) && !isSecretName(name) && ADDRESS.test(value);
    const named = isAddress ? [value.toLowerCase()] : hosts(value);
    return named && { value: named, ...isAddress ? { name } : {} };
  },
);

/** The environment, and of an Istio proxy the port at which its settings let it tell how it is. */
const environment: Reader<NonNullable<ReturnType<typeof env>>[]> = via(
  list(env),
  (found) => found.length > 0 ? found : undefined,
);
const proxyPorts: Reader<number[]> = (value) => {
  const settings = (Array.isArray(value) ? value : []).find((one) => at(one, "name") === "PROXY_CONFIG");
  const text = at(settings, "value");
  const [, port] = typeof text === "string" ? /"statusPort":\s*(\d{1,5})\b/.exec(text) ?? [] : [];
  return port === undefined ? undefined : [Number(port)];
};

const amounts = map(intOrStr);

const target = obj({ port: intOrStr, scheme: str });
const portOnly = obj({ port: intOrStr });

/** What asks a container how it is: whom, and when it gives up. A command that it runs is only known to be one. */
const probe = obj({
  httpGet: target,
  grpc: portOnly,
  tcpSocket: portOnly,
  exec: present,
  initialDelaySeconds: num,
  periodSeconds: num,
  timeoutSeconds: num,
  failureThreshold: num,
});
export type Probe = NonNullable<ReturnType<typeof probe>>;

const containerFields = obj({
  name: objectName,
  image: str,
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  resources: via(obj({ requests: amounts }), (kept) => kept.requests ? kept : undefined),
  args: via(list(hosts), (found) => found.length > 0 ? found.flat() : undefined),
  env: environment,
  envFrom: list(obj({ secretRef: nameRef, configMapRef: nameRef })),
  ports: list(obj({ name: objectName, containerPort: num, hostPort: num, protocol: str })),
});

const container: Reader<NonNullable<ReturnType<typeof containerFields>> & { ownPorts?: number[] }> = (
  value,
) => {
  const kept = containerFields(value);
  const ownPorts = kept && proxyPorts(at(value, "env"));
  return kept && ownPorts ? { ...kept, ownPorts } : kept;
};

const expressions = list(obj({ key: str, operator: str, values: list(str) }));
export const labelSelector = obj({ matchLabels: labels, matchExpressions: expressions });

/** Terms that select nodes: alternatives, the expressions of each together. */
export const nodeTerms = obj({
  nodeSelectorTerms: list(obj({ matchExpressions: expressions, matchFields: expressions })),
});

const podTerms = obj({
  requiredDuringSchedulingIgnoredDuringExecution: list(
    obj({ labelSelector, namespaces: list(str), namespaceSelector: labelSelector, topologyKey: str }),
  ),
});

/** What is required; preferences exclude no node. */
const affinity = obj({
  nodeAffinity: obj({ requiredDuringSchedulingIgnoredDuringExecution: nodeTerms }),
  podAffinity: podTerms,
  podAntiAffinity: podTerms,
});

/** Without those that every pod has, for nodes that are lost: such a node has a second taint, which they don't cover. */
const tolerations = via(
  list(obj({ key: str, operator: str, value: str, effect: str, tolerationSeconds: num })),
  (all) => {
    const kept = all.filter(({ effect, tolerationSeconds }) =>
      effect !== "NoExecute" || tolerationSeconds === undefined
    );
    return kept.length > 0 ? kept : undefined;
  },
);

const volume = via(
  obj({
    secret: obj({ secretName: objectName, optional: bool, items: list(obj({ key: objectName })) }),
    configMap: obj({ name: objectName, optional: bool, items: list(obj({ key: objectName })) }),
    persistentVolumeClaim: obj({ claimName: objectName }),
    projected: obj({ sources: list(obj({ secret: nameRef, configMap: nameRef })) }),
  }),
  (kept) => kept.secret || kept.configMap || kept.persistentVolumeClaim || kept.projected ? kept : undefined,
);

/** What a pod needs, from its spec or from a workload's template. */
export const podSpec = obj({
  nodeName: objectName,
  nodeSelector: labels,
  affinity,
  tolerations,
  serviceAccountName: objectName,
  hostNetwork: bool,
  schedulerName: via(objectName, (name) => name === "default-scheduler" ? undefined : name),
  dnsPolicy: via(str, (policy) => policy === "ClusterFirst" ? undefined : policy),
  dnsConfig: via(obj({ nameservers: list(str) }), (kept) => kept.nameservers?.length ? kept : undefined),
  containers: list(container),
  initContainers: list(container),
  volumes: list(volume),
  imagePullSecrets: list(nameRef),
});

export type PodSpec = NonNullable<ReturnType<typeof podSpec>>;

interface Named {
  metadata?: { name?: string; namespace?: string };
}

/** The reference of a listed object. */
export function refOf(kind: string, object: Named): ObjectRef {
  const name = object.metadata?.name ?? "";
  return object.metadata?.namespace ? { kind, namespace: object.metadata.namespace, name } : { kind, name };
}

export function conditionOf(
  object: { status?: { conditions?: Condition[] } },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((entry) => entry.type === type);
}

/** Whether its condition Ready is True. */
export function isReady(object: { status?: { conditions?: Condition[] } }): boolean {
  return conditionOf(object, "Ready")?.status === "True";
}

/** By RFC 3339 times of one form, which compare as texts; what has none comes last. */
export function newestFirst<T>(all: readonly T[], timeOf: (one: T) => string | undefined): T[] {
  return all.toSorted((a, b) => {
    const [one = "", other = ""] = [timeOf(a), timeOf(b)];
    return one > other ? -1 : one < other ? 1 : 0;
  });
}

/** Seconds since an RFC 3339 time; undefined when there is none. */
export function ageSeconds(now: number, time: string | undefined): number | undefined {
  if (!time) return undefined;
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, (now - at) / 1000);
}

/** An age as people say it: `45 s`, `12 min`, `3 h`, `2 d`. */
export function ageText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** Whether every label of the selector is there; an empty selector matches nothing here, as in a Service. */
export function matches(
  selector: Record<string, string> | undefined,
  has: Record<string, string> | undefined,
): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => own(has, key) === value);
}
