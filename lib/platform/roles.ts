/**
 * How the workloads that a lakehouse consists of are recognised, whatever their release is called and wherever it
 * stands. The one place that knows labels, charts, images and usual names. Pure.
 */
import { own } from "../untrusted/lookup.ts";

type Label = string | readonly [label: string, value: string];

/** What tells a role, and how: the first of the four that says anything decides. */
export interface Signs {
  /** The component that its objects belong to. */
  component: string;
  /** A broader role that it fills, declarable.ts. */
  within?: "object-store" | "gitops";
  /** The check of its component says how each workload is, so that the check of all workloads does not. */
  judged?: true;
  /** An Iceberg catalog that is not Nessie, by its title: it is judged as every workload is, and by `icebergRest`. */
  otherCatalog?: string;
  /** Where it speaks Iceberg REST: the path of its configuration, and the port that it listens on by default. */
  icebergRest?: { path: string; port: number };
  /** An object store that is not Rook's: the port where it listens for S3 by default. */
  s3Port?: number;
  /** A part of the lakehouse itself, judged as every workload is: where it runs is a namespace of the platform. */
  part?: true;
  /** It may have no pod at all while there is nothing for it to do. */
  scalesToZero?: true;
  /** Values of `app.kubernetes.io/name`, or of the label that is named; charts and manifests set them. */
  labels: readonly Label[];
  /** Charts that it comes with: `helm.sh/chart` is NAME-VERSION. */
  charts?: readonly string[];
  /** The last part of the repository of an image that it runs. */
  images?: readonly string[];
  /** Labels of which one tells it of others that share its label, its chart and its image. */
  also?: readonly Label[];
  /** What its name ends with; of others that share its chart and its image, this tells it, too. */
  ends?: string;
  /** Names that it has in its project's manifests; also behind the name of a release, as charts do it. */
  names: readonly string[];
}

const component = (value: string) => ["app.kubernetes.io/component", value] as const;

/** One for each controller of Flux: its label, its image and its name are the same word. */
const fluxController = (name: string): Signs => ({
  component: "flux",
  within: "gitops",
  labels: [component(name)],
  images: [name],
  names: [name],
});

/**
 * One for each part of Argo CD, which share their chart and their image; the operator of OpenShift GitOps leaves
 * `argocd-` out.
 */
const argoPart = (name: string): Signs => ({
  component: "argo-cd",
  within: "gitops",
  labels: [`argocd-${name}`],
  charts: ["argo-cd"],
  images: ["argocd"],
  ends: `-${name}`,
  names: [`argocd-${name}`, `gitops-${name}`],
});

/** One for each Deployment of External Secrets: they share their chart and their image. */
const externalSecrets = (ends: string): Signs => ({
  component: "external-secrets",
  labels: [`external-secrets${ends}`],
  charts: ["external-secrets"],
  images: ["external-secrets"],
  ends,
  names: [`external-secrets${ends}`, `external-secrets-operator${ends}`],
});

/** One for each workload of Trino: they share their label, their chart and their image. */
const trino = (job: string): Signs => ({
  component: "workloads",
  part: true,
  labels: ["trino", ["app", "trino"]],
  charts: ["trino"],
  images: ["trino"],
  also: [component(job), ["component", job]],
  ends: `-${job}`,
  names: [`trino-${job}`],
});

/** One for each workload of Airflow; its charts and its operators call the same job by one of these words. */
const airflow = (job: string, ...others: string[]): Signs => ({
  component: "workloads",
  part: true,
  labels: ["airflow", ["tier", "airflow"], ["app", "airflow"]],
  charts: ["airflow"],
  images: ["airflow"],
  also: [job, ...others].flatMap((word) => [component(word), ["component", word] as const]),
  ends: `-${job}`,
  names: [job, ...others].map((word) => `airflow-${word}`),
});

/** An object store that is not Rook's, by the word that is its label, its chart, its image and its name. */
const otherStore = (word: string, s3Port: number, ...images: string[]): Signs => ({
  component: "workloads",
  within: "object-store",
  s3Port,
  part: true,
  labels: [word],
  charts: [word],
  images: [word, ...images],
  names: [word],
});

/** What watches the cluster, by the same word, and what else it is called. */
const monitor = (word: string, others: Partial<Signs> = {}): Signs => ({
  component: "workloads",
  labels: [word, ...others.labels ?? []],
  charts: [word, ...others.charts ?? []],
  images: [word, ...others.images ?? []],
  names: [word, ...others.names ?? []],
});

/** A catalog by its title, and the word by which its project calls its label, its chart, its image and itself. */
const otherCatalog = (title: string, word: string, ...others: string[]): Signs => ({
  component: "workloads",
  otherCatalog: title,
  labels: [word, ...others],
  charts: [word],
  images: [word, ...others],
  names: [word, ...others],
});

/** The store of VictoriaMetrics as one process, or as three that serve it together. */
const VICTORIA_METRICS = ["vmsingle", "vmstorage", "vmselect", "vminsert"];

/** Of two that share a sign the first that fits counts. */
const SIGNS = {
  nessie: {
    component: "nessie",
    judged: true,
    labels: ["nessie"],
    charts: ["nessie"],
    images: ["nessie"],
    names: ["nessie"],
  },
  "spark-operator": {
    component: "spark-operator",
    judged: true,
    labels: ["spark-operator"],
    charts: ["spark-operator"],
    images: ["spark-operator"],
    names: ["spark-operator", "spark-operator-controller"],
  },
  "spark-history-server": {
    component: "spark-history-server",
    judged: true,
    labels: ["spark-history-server", "spark-history"],
    charts: ["spark-history-server"],
    images: ["spark-history-server"],
    names: ["spark-history-server", "spark-history"],
  },
  "spark-client": {
    component: "spark-client",
    judged: true,
    labels: ["spark-client", "spark-thrift-server", "spark-connect", "kyuubi"],
    images: ["kyuubi"],
    names: ["spark-client", "spark-thrift-server", "spark-connect", "kyuubi"],
  },
  "cnpg-operator": {
    component: "postgresql",
    labels: ["cloudnative-pg"],
    images: ["cloudnative-pg"],
    names: ["cnpg-controller-manager", "cnpg-cloudnative-pg", "cloudnative-pg"],
  },
  "external-secrets-webhook": externalSecrets("-webhook"),
  "external-secrets-cert-controller": externalSecrets("-cert-controller"),
  "external-secrets": externalSecrets(""),
  "rook-operator": {
    component: "rook-ceph",
    labels: [component("rook-ceph-operator"), ["app", "rook-ceph-operator"]],
    names: ["rook-ceph-operator"],
  },
  "source-controller": fluxController("source-controller"),
  "kustomize-controller": fluxController("kustomize-controller"),
  "helm-controller": fluxController("helm-controller"),
  "argocd-application-controller": argoPart("application-controller"),
  "argocd-repo-server": argoPart("repo-server"),
  "argocd-applicationset-controller": argoPart("applicationset-controller"),
  polaris: {
    ...otherCatalog("Apache Polaris", "polaris"),
    icebergRest: { path: "/api/catalog/v1/config", port: 8181 },
  },
  lakekeeper: {
    ...otherCatalog("Lakekeeper", "lakekeeper"),
    icebergRest: { path: "/catalog/v1/config", port: 8181 },
  },
  gravitino: {
    ...otherCatalog(
      "Apache Gravitino",
      "gravitino",
      "gravitino-helm",
      "gravitino-iceberg-rest",
      "gravitino-iceberg-rest-server",
      "gravitino-iceberg-rest-server-helm",
    ),
    icebergRest: { path: "/iceberg/v1/config", port: 9001 },
  },
  "unity-catalog": {
    ...otherCatalog("Unity Catalog", "unitycatalog", "unity-catalog", "unitycatalog-server"),
    icebergRest: { path: "/api/2.1/unity-catalog/iceberg/v1/config", port: 8080 },
  },
  "hive-metastore": otherCatalog("Hive metastore", "hive-metastore", "metastore"),
  "trino-coordinator": { ...trino("coordinator"), names: ["trino-coordinator", "trino"] },
  "trino-worker": { ...trino("worker"), scalesToZero: true },
  "airflow-scheduler": airflow("scheduler"),
  "airflow-api-server": airflow("api-server", "webserver", "web"),
  "airflow-dag-processor": airflow("dag-processor"),
  "airflow-triggerer": airflow("triggerer"),
  "airflow-worker": { ...airflow("worker"), scalesToZero: true },
  minio: otherStore("minio", 9000),
  seaweedfs: otherStore("seaweedfs", 8333),
  garage: otherStore("garage", 3900, "amd64_garage", "arm64_garage"),
  ozone: otherStore("ozone", 9878),
  versitygw: otherStore("versitygw", 7070),
  "prometheus-operator": monitor("prometheus-operator", { names: ["kube-prometheus-stack-operator"] }),
  prometheus: monitor("prometheus", { names: ["prometheus-server"] }),
  alertmanager: monitor("alertmanager"),
  grafana: monitor("grafana", { images: ["grafana-oss", "grafana-enterprise"] }),
  "victoria-metrics-operator": {
    component: "workloads",
    labels: ["victoria-metrics-operator"],
    charts: ["victoria-metrics-operator"],
    names: ["victoria-metrics-operator", "vm-operator"],
  },
  "victoria-metrics-agent": monitor("vmagent", {
    labels: ["victoria-metrics-agent"],
    charts: ["victoria-metrics-agent"],
    names: ["victoria-metrics-agent"],
  }),
  "victoria-metrics": monitor("victoria-metrics", {
    labels: ["victoria-metrics-single", "victoria-metrics-cluster", ...VICTORIA_METRICS],
    charts: ["victoria-metrics-single", "victoria-metrics-cluster"],
    images: VICTORIA_METRICS,
    names: ["victoria-metrics-single-server", ...VICTORIA_METRICS],
  }),
} satisfies Record<string, Signs>;

export type Role = keyof typeof SIGNS;

/** What is looked at of a workload. */
export interface Described {
  name: string;
  labels: Readonly<Record<string, string>>;
  images: readonly string[];
}

export interface Recognised {
  role: Role;
  /** What told it: `label app.kubernetes.io/name=nessie`, `image ghcr.io/projectnessie/nessie:0.104.1`. */
  by: string;
  /** What speaks against it: an image that is known, and of another role. */
  doubt?: string;
}

/** Every role with its signs. */
export const ALL_ROLES = Object.entries(SIGNS) as readonly [Role, Signs][];

/** `app.kubernetes.io/name=nessie` */
export function labelText(label: Label): string {
  return typeof label === "string" ? `app.kubernetes.io/name=${label}` : label.join("=");
}

/** The roles by a sign. */
function indexed(signs: (of: Signs) => readonly string[] | undefined): ReadonlyMap<string, readonly Role[]> {
  const pairs = ALL_ROLES.flatMap(([role, of]) => (signs(of) ?? []).map((sign) => ({ role, sign })));
  const groups = Map.groupBy(pairs, ({ sign }) => sign);
  return new Map([...groups].map(([sign, all]) => [sign, all.map(({ role }) => role)]));
}

/** The roles by the value of each label that tells one, the labels in the order in which the API server gives them. */
const BY_LABEL: readonly (readonly [label: string, roles: ReadonlyMap<string, readonly Role[]>])[] = [
  ...Map.groupBy(
    indexed(({ labels }) => labels.map(labelText)),
    ([sign]) => sign.slice(0, sign.indexOf("=")),
  ),
].map(([label, all]) =>
  [label, new Map(all.map(([sign, roles]) => [sign.slice(label.length + 1), roles] as const))] as const
).toSorted(([a], [b]) => a < b ? -1 : 1);
const BY_CHART = indexed(({ charts }) => charts);
const BY_IMAGE = indexed(({ images }) => images);
const BY_NAME = indexed(({ names }) => names);

/** What the label for the component says of a workload that stands beside a part, and bears its other labels. */
const BESIDE = new Set(["exporter", "metrics", "metrics-exporter", "console", "test"]);

/** The role that a workload fills, by the most reliable sign that it bears; undefined when it bears none. */
export function recognise(object: Described): Recognised | undefined {
  if (BESIDE.has(own(object.labels, "app.kubernetes.io/component") ?? "")) return undefined;
  const found = byLabel(object) ?? byChart(object) ?? byImage(object) ?? byName(object.name);
  return found && { ...found, ...doubtOf(found.role, object.images) };
}

/** The role among those of a sign that this object is. */
function theOne(roles: readonly Role[] | undefined, object: Described): Role | undefined {
  return roles?.find((role) => isTheOne(SIGNS[role], object));
}

// Most objects of a cluster bear no sign: each of these makes its words only once it has found one.

function byLabel(object: Described): Recognised | undefined {
  for (const [label, roles] of BY_LABEL) {
    const value = own(object.labels, label);
    const role = value === undefined ? undefined : theOne(roles.get(value), object);
    if (role) return { role, by: `label ${label}=${value}` };
  }
  return undefined;
}

function byChart(object: Described): Recognised | undefined {
  const chart = own(object.labels, "helm.sh/chart");
  const [, name = ""] = chart?.match(/^(.+?)-v?\d/) ?? [];
  const role = theOne(BY_CHART.get(name), object);
  return role && { role, by: `chart ${chart}` };
}

function byImage(object: Described): Recognised | undefined {
  for (const image of object.images) {
    const role = theOne(BY_IMAGE.get(repositoryName(image)), object);
    if (role) return { role, by: `image ${image}` };
  }
  return undefined;
}

/** By the name, or by what is behind the name of a release. */
function byName(name: string): Recognised | undefined {
  for (let at = 0; at >= 0; at = name.indexOf("-", at) + 1 || -1) {
    const role = BY_NAME.get(at === 0 ? name : name.slice(at))?.[0];
    if (role) return { role, by: `name ${name}` };
  }
  return undefined;
}

/** A label may lie; an image that is known to do something else shows it. */
function doubtOf(role: Role, images: readonly string[]): { doubt?: string } {
  const known = images.map((image) => BY_IMAGE.get(repositoryName(image)) ?? []);
  const other = images.find((_, index) => (known[index] ?? []).length > 0);
  return other === undefined || known.some((roles) => roles.includes(role))
    ? {}
    : { doubt: `image ${other}` };
}

/** Whether a workload is this one of those that share a sign. */
function isTheOne({ also = [], ends }: Signs, { name, labels }: Described): boolean {
  if (also.length === 0 && ends === undefined) return true;
  return (ends !== undefined && name.endsWith(ends)) ||
    also.some((label) => {
      const [key, value] = typeof label === "string" ? ["app.kubernetes.io/name", label] : label;
      return own(labels, key) === value;
    });
}

/** Many workloads run the same image, so most names were seen before. */
const namesByImage = new Map<string, string>();
const MOST_IMAGES = 10_000;

/** `nessie` of `ghcr.io/projectnessie/nessie:0.104.1@sha256:…`. */
function repositoryName(image: string): string {
  const known = namesByImage.get(image);
  if (known !== undefined) return known;
  const digest = image.indexOf("@");
  const path = digest < 0 ? image : image.slice(0, digest);
  const last = path.slice(path.lastIndexOf("/") + 1);
  const tag = last.indexOf(":");
  const name = tag < 0 ? last : last.slice(0, tag);
  if (namesByImage.size < MOST_IMAGES) namesByImage.set(image, name);
  return name;
}

/** Whether what this chart makes is the workload that fills the role, and not several of which one does. */
export function isChartOf(chart: string | undefined, role: Role): boolean {
  const { also, ends }: Signs = SIGNS[role];
  return chart !== undefined && !also && !ends && BY_CHART.get(chart)?.includes(role) === true;
}

/** The component that what fills the role belongs to. */
export function componentOfRole(role: Role): string {
  return SIGNS[role].component;
}

/** The roles that fill a broader one. */
export function rolesWithin(broad: NonNullable<Signs["within"]>): Role[] {
  return ALL_ROLES.filter(([, { within }]) => within === broad).map(([role]) => role);
}

/** The port where an object store listens for S3 by default; undefined for every other role. */
export function s3PortOf(role: Role): number | undefined {
  return (SIGNS[role] as Signs).s3Port;
}

/** Whether what fills the role is an Iceberg catalog. */
export function isCatalog(role: Role): boolean {
  return role === "nessie" || otherCatalogTitle(role) !== undefined;
}

/** What a catalog is called that is recognised and not Nessie; undefined for every other role. */
export function otherCatalogTitle(role: Role): string | undefined {
  return (SIGNS[role] as Signs).otherCatalog;
}

/** Whether what fills it is of the lakehouse itself, and not what may serve a whole cluster. */
export function isPartOfLakehouse(role: Role): boolean {
  const { judged, otherCatalog, part }: Signs = SIGNS[role];
  return judged === true || part === true || otherCatalog !== undefined;
}

/** Whether what fills it may have no pod at all: it gets some when there is work, by hand, by an HPA or by KEDA. */
export function mayScaleToZero(role: Role): boolean {
  return (SIGNS[role] as Signs).scalesToZero === true;
}

/** Whether the check of its component says how a workload of this role is. */
export function isJudgedByComponent(role: Role): boolean {
  return (SIGNS[role] as Signs).judged === true;
}
