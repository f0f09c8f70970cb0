/**
 * Other people's platforms, made of the recorded facts of one: the same parts under other names, in other namespaces,
 * with other ports, on other distributions. What is broken in the facts stays broken.
 */
import { components } from "../../lib/components/mod.ts";
import { homeOf } from "../../lib/engine/collect.ts";
import type { Facts } from "../../lib/engine/model.ts";

/** As facts keep objects of every kind. */
export interface Item {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // deno-lint-ignore no-explicit-any
  spec: any;
  // deno-lint-ignore no-explicit-any
  status: any;
}

export interface Layout {
  /** New names for the names of objects, whole ones and those that others begin with. */
  names?: Readonly<Record<string, string>>;
  /** What else is different. */
  change?(facts: Facts): void;
}

/** What names of objects do not tell: what an image and a chart are called, and what labels say an object is. */
const KEPT = new Set(["image", "chart", "app.kubernetes.io/name", "app.kubernetes.io/component", "kind"]);

/** The same value with other names in it. */
export function renamed<T>(value: T, names: Readonly<Record<string, string>>): T {
  const rules = Object.entries(names).map(([from, to]) =>
    // `nessie` in `nessie-7c64` and `nessie.data-platform.svc`, and not in `projectnessie/nessie`.
    [new RegExp(`(?<![A-Za-z0-9-]|projectnessie/)${from}(?![A-Za-z0-9])`, "g"), to] as const
  );
  const walk = (at: unknown, key: string): unknown => {
    if (KEPT.has(key)) return at;
    if (typeof at === "string") return rules.reduce((text, [from, to]) => text.replace(from, to), at);
    if (Array.isArray(at)) return at.map((one) => walk(one, key));
    if (typeof at !== "object" || at === null) return at;
    return Object.fromEntries(Object.entries(at).map(([name, inner]) => [name, walk(inner, name)]));
  };
  return walk(value, "") as T;
}

/** The objects of a kind, to be changed in place. */
export function items(facts: Facts, source: string): Item[] {
  const found = facts.sources[source];
  if (!found?.ok || !("items" in found)) throw new Error(`the facts hold no ${source}`);
  return found.items as Item[];
}

export function keep(facts: Facts, source: string, is: (item: Item) => boolean): void {
  const all = items(facts, source);
  all.splice(0, all.length, ...all.filter(is));
}

function the(facts: Facts, source: string, name: string): Item {
  const found = items(facts, source).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`${source} has no ${name}`);
  return found;
}

export function notInstalled(facts: Facts, ...sources: string[]): void {
  for (const source of sources) {
    const message = "the server could not find the requested resource";
    facts.sources[source] = { ok: false, failure: { kind: "not-installed", message } };
  }
}

const WORKLOADS = ["deployments", "pods"];
export const FLUX = [
  "kustomizations",
  "helmreleases",
  "helmcharts",
  "helmrepositories",
  "ocirepositories",
  "gitrepositories",
  "buckets",
];
const CEPH = [
  "cephclusters",
  "cephblockpools",
  "cephobjectstores",
  "cephobjectstoreusers",
  "objectbucketclaims",
];

/** Nothing was applied from Git. */
function withoutFlux(facts: Facts): void {
  notInstalled(facts, ...FLUX);
  const isElsewhere = ({ metadata }: Item) => metadata.namespace !== "flux-system";
  for (const source of [...WORKLOADS, "services", "endpointslices", "replicasets"]) {
    keep(facts, source, isElsewhere);
  }
}

/** As a manifest by hand has it: no label tells what an object is. */
function withoutLabels(facts: Facts): void {
  for (const source of [...WORKLOADS, "services"]) {
    for (const { metadata, spec } of items(facts, source)) {
      const texts = [metadata.labels, spec?.template?.metadata?.labels, spec?.selector];
      for (const labels of texts) {
        if (!labels?.["app.kubernetes.io/name"] || labels["cnpg.io/cluster"]) continue;
        labels.app ??= `a-${labels["app.kubernetes.io/name"]}`;
        for (const name of ["name", "instance", "component"]) delete labels[`app.kubernetes.io/${name}`];
      }
    }
  }
  for (const { spec } of items(facts, "networkpolicies")) {
    const text = JSON.stringify(spec).replace(/"app\.kubernetes\.io\/name":"/g, '"app":"a-');
    Object.assign(spec, JSON.parse(text));
  }
}

/** The Service of cluster DNS bears the name that the distribution gives it. */
const dns = (name: string) => (facts: Facts) => {
  the(facts, "services", "kube-dns").metadata.name = name;
  for (const { metadata } of items(facts, "endpointslices")) {
    const { labels = {} } = metadata;
    if (labels["kubernetes.io/service-name"] === "kube-dns") labels["kubernetes.io/service-name"] = name;
  }
};

/** k3s and Talos keep no lease of a scheduler that runs once. */
function withoutLeases(facts: Facts): void {
  keep(facts, "leases", () => false);
}

/** The published chart has a Service of its own for the management port, and calls its ports otherwise. */
function nessieChart(facts: Facts): void {
  if (!items(facts, "services").some(({ metadata }) => metadata.name === "nessie")) return;
  const api = the(facts, "services", "nessie");
  const [http, management] = api.spec.ports;
  const own = structuredClone(api);
  own.metadata.name = "nessie-mgmt";
  own.spec.ports = [{ ...management, name: "nessie-mgmt" }];
  api.spec.ports = [{ ...http, name: "nessie-http" }];
  items(facts, "services").push(own);
  const slice = items(facts, "endpointslices").find(({ metadata }) =>
    metadata.labels?.["kubernetes.io/service-name"] === "nessie"
  );
  if (!slice) throw new Error("nessie has no EndpointSlice");
  const copy = structuredClone(slice);
  copy.metadata.name = "nessie-mgmt-x";
  copy.metadata.labels = { ...copy.metadata.labels, "kubernetes.io/service-name": "nessie-mgmt" };
  items(facts, "endpointslices").push(copy);
}

/** The API listens elsewhere, and only its name tells which port it is. */
function otherContainerPorts(facts: Facts): void {
  namedWithPort(facts, 8181);
  const { spec } = the(facts, "services", "nessie");
  spec.ports = spec.ports.map((port: { name?: string }) =>
    port.name === "http" ? { ...port, port: 8181 } : port
  );
  for (const source of ["deployments", "pods"]) {
    for (
      const item of items(facts, source).filter(({ metadata }) => /^nessie(?!-postgres)/.test(metadata.name))
    ) {
      const text = JSON.stringify(item).replaceAll("19120", "8181");
      Object.assign(item, JSON.parse(text));
    }
  }
  for (const item of items(facts, "networkpolicies")) {
    Object.assign(item, JSON.parse(JSON.stringify(item).replaceAll("19120", "8181")));
  }
}

/** Who names the catalog by its Service does so with the port that the Service has. */
function namedWithPort(facts: Facts, port: number): void {
  for (const source of ["configmaps", "deployments", "pods"]) {
    for (const item of items(facts, source)) {
      const text = JSON.stringify(item);
      Object.assign(item, JSON.parse(text.replaceAll(/(nessie\.data-platform[a-z.]*):19120/g, `$1:${port}`)));
    }
  }
}

/** Services with ports of their own; where they lead is told by the names of the containers' ports. */
function otherPorts(facts: Facts): void {
  namedWithPort(facts, 80);
  for (const [name, number] of [["nessie", 80], ["spark-history-server", 8888]] as const) {
    const found = items(facts, "services").find(({ metadata }) => metadata.name === name);
    if (found) found.spec.ports[0] = { ...found.spec.ports[0], name: "web", port: number };
  }
}

/** The gateway speaks TLS only, on a port of its own. */
function tlsGateway(facts: Facts): void {
  const { spec } = the(facts, "services", "rook-ceph-rgw-storage");
  spec.ports = [{ name: "https", port: 8443, targetPort: spec.ports[0].targetPort }];
}

/** A second object store stands before the one that the platform uses. */
function secondStore(facts: Facts): void {
  const other = structuredClone(the(facts, "cephobjectstores", "storage"));
  other.metadata.name = "archive";
  items(facts, "cephobjectstores").unshift(other);
  const answers = facts.sources["s3.buckets"];
  if (!answers?.ok || !("answers" in answers)) return;
  answers.answers = Object.fromEntries(
    Object.entries(answers.answers).map(([name, answer]) => [
      `${name} at rook-ceph/rook-ceph-rgw-storage`,
      answer,
    ]),
  );
}

/** The object store is somebody else's. */
function outsideStore(facts: Facts): void {
  notInstalled(facts, ...CEPH);
  delete facts.sources["s3.buckets"];
  const isElsewhere = ({ metadata }: Item) => metadata.namespace !== "rook-ceph";
  for (const source of [...WORKLOADS, "services", "endpointslices", "replicasets", "secrets"]) {
    keep(facts, source, isElsewhere);
  }
  keep(facts, "storageclasses", ({ metadata }) => metadata.name !== "ceph-bucket");
  keep(facts, "kustomizations", ({ metadata }) => !metadata.name.startsWith("rook-ceph"));
  keep(facts, "externalsecrets", ({ metadata }) => metadata.name !== "iceberg-s3-user");
  keep(facts, "secretstores", ({ metadata }) => metadata.name !== "rook-ceph");
  const isOfRook = (text: string) => /rook-ceph|iceberg-s3-user/.test(text);
  for (const { spec, status } of items(facts, "kustomizations")) {
    status.inventory = status.inventory?.filter((id: string) => !isOfRook(id));
    spec.dependsOn = spec.dependsOn?.filter(({ name }: { name: string }) => !isOfRook(name));
  }
  for (const source of ["configmaps", "helmreleases"]) {
    const text = JSON.stringify(items(facts, source));
    const hosts = text.replaceAll(
      /rook-ceph-rgw-storage\.rook-ceph\.svc(\.cluster\.local)?/g,
      "s3.example.com",
    );
    items(facts, source).splice(0, Infinity, ...JSON.parse(hosts));
  }
}

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  "as it was recorded": {},
  "other releases": {
    names: {
      "nessie-postgres": "lake-db",
      "nessie": "lake-catalog",
      "spark-history-server": "lake-history",
      "spark-client": "lake-thrift",
      "iceberg(?!-warehouse)": "lake",
    },
  },
  "another namespace": { names: { "data-platform": "lakehouse" } },
  "operators under other releases, in other namespaces": {
    names: {
      "cnpg-controller-manager": "pg-cloudnative-pg",
      "cnpg-system": "operators",
      "external-secrets": "eso",
      "rook-ceph-operator": "ceph-operator",
    },
  },
  "without GitOps": { change: withoutFlux },
  "labels of nobody": { change: withoutLabels },
  "RKE2": { change: dns("rke2-coredns-rke2-coredns") },
  "k3s": { change: withoutLeases },
  "the published chart of Nessie": { change: nessieChart },
  "other ports": { change: otherPorts },
  "other ports, also in the containers": { change: otherContainerPorts },
  "a gateway with TLS only": { change: tlsGateway },
  "a second object store": { change: secondStore },
};

/** The database is in a namespace of its own, which no policy separates. */
function databaseElsewhere(facts: Facts): void {
  const isItsOwn = ({ metadata }: Item) => /^nessie-postgres(?!-credentials)/.test(metadata.name);
  const sources = [
    "cnpg.clusters",
    "services",
    "endpointslices",
    "pods",
    "persistentvolumeclaims",
    "serviceaccounts",
    "secrets",
    "jobs",
    "configmaps",
  ];
  for (const source of sources) {
    for (const { metadata } of items(facts, source).filter(isItsOwn)) metadata.namespace = "database";
  }
  for (const source of ["secrets", "externalsecrets"]) {
    const given = items(facts, source).filter(({ metadata }) => /-credentials$/.test(metadata.name));
    items(facts, source).push(
      ...given.map((one) => ({ ...one, metadata: { ...one.metadata, namespace: "database" } })),
    );
  }
  items(facts, "configmaps").push(
    ...items(facts, "configmaps")
      .filter(({ metadata }) => ["cnpg-default-monitoring", "kube-root-ca.crt"].includes(metadata.name))
      .map((one) => ({ ...one, metadata: { ...one.metadata, namespace: "database" } })),
  );
  const namespace = structuredClone(the(facts, "namespaces", "data-platform"));
  namespace.metadata.name = "database";
  items(facts, "namespaces").push(namespace);
  items(facts, "networkpolicies").splice(0);
  for (const { status } of items(facts, "kustomizations")) {
    status.inventory = status.inventory
      ?.filter((id: string) => !id.includes("networking.k8s.io"))
      .map((id: string) => id.replace("data-platform_nessie-postgres_", "database_nessie-postgres_"));
  }
  const text = JSON.stringify(facts.sources).replaceAll(
    /(nessie-postgres-r[wo]?)\.data-platform\.svc/g,
    "$1.database.svc",
  );
  facts.sources = JSON.parse(text);
}

/** The catalog is Polaris, which tells nobody anything without a login. */
function polaris(facts: Facts): void {
  const text = JSON.stringify(facts.sources)
    .replaceAll('"app.kubernetes.io/name":"nessie"', '"app.kubernetes.io/name":"polaris"')
    .replaceAll("ghcr.io/projectnessie/nessie:0.104.1", "docker.io/apache/polaris:1.1.0")
    .replaceAll('"chart":"nessie"', '"chart":"polaris"')
    .replaceAll(/\b19120\b/g, "8181");
  facts.sources = JSON.parse(text);
  for (const source of ["nessie.api", "nessie.health"]) delete facts.sources[source];
  const answers = { "config of Deployment data-platform/polaris": { status: 401 } };
  facts.sources["catalog.iceberg-config"] = { ok: true, answers };
}

/** Where the roots are not the recorded ones, for what broke is not there, or is elsewhere. */
export const MOVED: Readonly<Record<string, Layout>> = {
  "another catalog": { change: polaris, names: { "nessie(?!-postgres)": "polaris" } },
  "an object store elsewhere": { change: outsideStore },
  "the database in a namespace of its own": { change: databaseElsewhere },
};

/** These facts as they would be with this layout, when nobody says which namespace is the platform's. */
export function laidOut(facts: Facts, { names = {}, change }: Layout): Facts {
  const copy = structuredClone(facts);
  change?.(copy);
  const other = { ...renamed(copy, names), namespace: "" };
  return { ...other, namespace: homeOf(components, other) ?? facts.namespace };
}
