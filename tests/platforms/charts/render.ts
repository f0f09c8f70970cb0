/**
 * Makes the manifests of this folder again: what `helm template` makes of published charts, less what no check reads.
 *
 * deno run -A tests/platforms/charts/render.ts HELM MIRRORS [NAME ...]
 *
 * HELM is the program; MIRRORS is a folder with a git directory OWNER+NAME/repo for each repository.
 */
import { load, loadAll } from "js-yaml";
import { stringify } from "yaml";

interface Chart {
  repository: string;
  path: string;
  licence: "Apache-2.0";
  /** What an installation of it says; all else is the chart's default. */
  set?: readonly string[];
}

const DATABASE = "catalog-db";
const HOST = `${DATABASE}-rw`;

/** Name of the file and of the release: the chart. A default that ends in `latest` stays one. */
export const CHARTS: Readonly<Record<string, Chart>> = {
  nessie: {
    repository: "projectnessie/nessie",
    path: "helm/nessie",
    licence: "Apache-2.0",
    set: [
      "versionStoreType=JDBC2",
      `jdbc.jdbcUrl=jdbc:postgresql://${HOST}:5432/app`,
      `jdbc.secret.name=${DATABASE}-app`,
      "catalog.enabled=true",
      "catalog.iceberg.defaultWarehouse=lake",
      "catalog.iceberg.warehouses[0].name=lake",
      "catalog.iceberg.warehouses[0].location=s3://lake/",
      "catalog.storage.s3.defaultOptions.region=us-east-1",
      "catalog.storage.s3.defaultOptions.endpoint=http://STORE/",
      "catalog.storage.s3.defaultOptions.accessKeySecret.name=lake-s3",
      "catalog.storage.s3.defaultOptions.accessKeySecret.awsAccessKeyId=access",
      "catalog.storage.s3.defaultOptions.accessKeySecret.awsSecretAccessKey=secret",
    ],
  },
  polaris: {
    repository: "apache/polaris",
    path: "helm/polaris",
    licence: "Apache-2.0",
    set: [
      "persistence.type=relational-jdbc",
      `persistence.relationalJdbc.secret.name=${DATABASE}-app`,
      "persistence.relationalJdbc.secret.jdbcUrl=jdbc-uri",
      "storage.secret.name=lake-s3",
      "storage.secret.awsAccessKeyId=access",
      "storage.secret.awsSecretAccessKey=secret",
      "extraEnv[0].name=AWS_ENDPOINT_URL_S3",
      "extraEnv[0].value=http://STORE/",
    ],
  },
  lakekeeper: {
    repository: "lakekeeper/lakekeeper-charts",
    path: "charts/lakekeeper",
    licence: "Apache-2.0",
    set: [
      "postgresql.enabled=false",
      `externalDatabase.host_read=${DATABASE}-r`,
      `externalDatabase.host_write=${HOST}`,
      `externalDatabase.userSecret=${DATABASE}-app`,
      "externalDatabase.userSecretKey=username",
      `externalDatabase.passwordSecret=${DATABASE}-app`,
      "externalDatabase.passwordSecretKey=password",
    ],
  },
  "gravitino-iceberg-rest-server": {
    repository: "apache/gravitino",
    path: "dev/charts/gravitino-iceberg-rest-server",
    licence: "Apache-2.0",
  },
  trino: {
    repository: "trinodb/charts",
    path: "charts/trino",
    licence: "Apache-2.0",
    set: [
      "catalogs.lake=connector.name=iceberg\niceberg.catalog.type=rest\niceberg.rest-catalog.uri=http://CATALOG\ns3.endpoint=http://STORE/",
      "envFrom[0].secretRef.name=lake-s3",
    ],
  },
  "spark-operator": {
    repository: "kubeflow/spark-operator",
    path: "charts/spark-operator-chart",
    licence: "Apache-2.0",
  },
  airflow: {
    repository: "airflow-helm/charts",
    path: "charts/airflow",
    licence: "Apache-2.0",
    set: [
      "postgresql.enabled=false",
      "redis.enabled=false",
      "airflow.executor=KubernetesExecutor",
      "workers.enabled=false",
      "flower.enabled=false",
      "externalDatabase.host=airflow-db-rw",
      "externalDatabase.userSecret=airflow-db-app",
      "externalDatabase.userSecretKey=username",
      "externalDatabase.passwordSecret=airflow-db-app",
      "externalDatabase.passwordSecretKey=password",
    ],
  },
  seaweedfs: {
    repository: "seaweedfs/seaweedfs",
    path: "k8s/charts/seaweedfs",
    licence: "Apache-2.0",
    set: ["s3.enabled=true"],
  },
  versitygw: {
    repository: "versity/versitygw",
    path: "chart",
    licence: "Apache-2.0",
    set: ["auth.existingSecret=versitygw-root"],
  },
  ozone: { repository: "apache/ozone-helm-charts", path: "charts/ozone", licence: "Apache-2.0" },
  "cloudnative-pg": {
    repository: "cloudnative-pg/charts",
    path: "charts/cloudnative-pg",
    licence: "Apache-2.0",
  },
  "external-secrets": {
    repository: "external-secrets/external-secrets",
    path: "deploy/charts/external-secrets",
    licence: "Apache-2.0",
  },
  "argo-cd": { repository: "argoproj/argo-helm", path: "charts/argo-cd", licence: "Apache-2.0" },
  prometheus: {
    repository: "prometheus-community/helm-charts",
    path: "charts/prometheus",
    licence: "Apache-2.0",
  },
};

type Value = Record<string, unknown>;

const KINDS = new Set([
  "Deployment",
  "StatefulSet",
  "Service",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "PersistentVolumeClaim",
  "NetworkPolicy",
]);

/** What no check reads: it would be most of the text. */
const UNREAD = new Set([
  "annotations",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "resources",
  "securityContext",
  "affinity",
  "lifecycle",
  "command",
  "volumeMounts",
  "topologySpreadConstraints",
  "tolerations",
  "strategy",
  "updateStrategy",
  "imagePullPolicy",
  "terminationGracePeriodSeconds",
  "revisionHistoryLimit",
  "dnsPolicy",
  "dnsConfig",
  "fieldRef",
]);

/** Of a text only the lines that name a host or a bucket. */
const telling = (text: string) => text.split("\n").filter((line) => /:\/\/|\.svc/.test(line)).join("\n");

const isOptional = (item: { valueFrom?: { configMapKeyRef?: { optional?: boolean } } } | null) =>
  item?.valueFrom?.configMapKeyRef?.optional === true;

/** Many that may be absent are like a few of them. */
const MOST_OPTIONAL = 3;

function lean(value: unknown): unknown {
  if (typeof value === "string") return value.length > 200 ? telling(value).slice(0, 2000) : value;
  if (Array.isArray(value)) {
    let optional = 0;
    return value.filter((one) => !isOptional(one) || ++optional <= MOST_OPTIONAL).map(lean);
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !UNREAD.has(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, lean(inner)]));
}

const mapped = (data: unknown, of: (text: string) => string) =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, of(String(text))]));

function kept(object: Value): Value[] {
  const { kind, metadata: { annotations } } = object as {
    kind: string;
    metadata: { annotations?: Record<string, string> };
  };
  // What a hook makes stays, unless it is a test or says otherwise.
  const isGone = annotations?.["helm.sh/hook"]?.includes("test") ||
    annotations?.["helm.sh/hook-delete-policy"]?.includes("hook-succeeded");
  if (!KINDS.has(kind) || isGone) return [];
  const { data, stringData, binaryData: _, ...rest } = object;
  if (kind === "ConfigMap") return [{ ...lean(rest) as Value, data: mapped(data, telling) }];
  if (kind === "Secret") {
    return [{
      ...lean(rest) as Value,
      data: mapped({ ...data as Value, ...stringData as Value }, () => ""),
    }];
  }
  return [lean(rest) as Value];
}

async function run(program: string, ...args: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** The folder of a chart as its repository has it; charts that it may bring along are left out. */
async function unpacked(mirrors: string, { repository, path }: Chart): Promise<string> {
  const folder = await Deno.makeTempDir();
  const archive = `${folder}/chart.tar`;
  const git = `${mirrors}/${repository.replace("/", "+")}/repo`;
  await run("git", `--git-dir=${git}`, "archive", `--output=${archive}`, "HEAD", path);
  await run("tar", "-xf", archive, "-C", folder, "--exclude=LICENSE");
  const meta = `${folder}/${path}/Chart.yaml`;
  const { dependencies: _, ...chart } = load(await Deno.readTextFile(meta)) as Value;
  await Deno.writeTextFile(meta, stringify(chart));
  await Deno.remove(`${folder}/${path}/Chart.lock`).catch(() => {});
  return `${folder}/${path}`;
}

async function render(helm: string, mirrors: string, name: string, chart: Chart): Promise<void> {
  const folder = await unpacked(mirrors, chart);
  const { version } = load(await Deno.readTextFile(`${folder}/Chart.yaml`)) as { version: string };
  const values = (chart.set ?? []).flatMap((
    one,
  ) => ["--set", one.replaceAll("\\", "\\\\").replaceAll(",", "\\,")]);
  const text = await run(helm, "template", "--kube-version", "1.33.0", name, folder, ...values);
  const objects = (loadAll(new TextDecoder().decode(text)) as (Value | null)[]).flatMap((one) =>
    one ? kept(one) : []
  );
  const head =
    `# Chart ${name} ${version} of https://github.com/${chart.repository} (${chart.path}), ${chart.licence}; made by render.ts`;
  const documents = objects.map((one) => stringify(one, { aliasDuplicateObjects: false, lineWidth: 0 }));
  await Deno.writeTextFile(new URL(`${name}.yaml`, import.meta.url), `${head}\n${documents.join("---\n")}`);
}

if (import.meta.main) {
  const [helm = "", mirrors = "", ...names] = Deno.args;
  for (const [name, chart] of Object.entries(CHARTS)) {
    if (names.length === 0 || names.includes(name)) await render(helm, mirrors, name, chart);
  }
}
