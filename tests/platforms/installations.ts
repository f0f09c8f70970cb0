/** Platforms of published charts, as people put them together, and what is broken in each. */
import {
  database,
  type Ill,
  type Installation,
  keyOf,
  type KubeObject,
  release,
  secret,
  service,
  the,
  without,
} from "./installed.ts";

/** The parts that faults are tried on, as `Kind namespace/name`. */
export interface Platform {
  objects: KubeObject[];
  catalog: string;
  /** Absent: the object store is elsewhere. */
  store?: string;
  /** Absent: the catalog keeps all in memory, as its chart does by default. */
  database?: string;
  /** Who cannot work without the database, by its configuration. */
  onDatabase?: string[];
  /** What the catalog cannot start without. */
  secret?: string;
  /** The roles that must be told, and who fills them. */
  roles: Readonly<Record<string, string>>;
}

const S3_KEYS = ["access", "secret"];

/** MinIO as its chart makes it, whose licence does not let its files stand here. */
const minio = (namespace: string, name: string): KubeObject[] => [
  ...service("StatefulSet", namespace, name, {
    image: "quay.io/minio/minio:RELEASE.2024-12-18T13-15-44Z",
    labels: { app: "minio", release: name },
    ports: { http: 9000, console: 9001 },
  }),
  ...service("Deployment", namespace, `${name}-mirror`, { image: "quay.io/minio/mc:latest", ports: {} })
    .filter(({ kind }) => kind === "Deployment"),
];

const versitygw = async (namespace: string): Promise<KubeObject[]> => [
  ...await release("versitygw", namespace),
  secret(namespace, "versitygw-root", "rootAccessKeyId", "rootSecretAccessKey"),
];

const operator = () => release("cloudnative-pg", "cnpg-system");

/** A catalog with its database and its keys to the object store at `host`. */
const catalog = async (chart: string, namespace: string, host: string): Promise<KubeObject[]> => [
  ...await release(chart, namespace, { "//STORE": `//${host}` }),
  ...database(namespace, "catalog-db"),
  secret(namespace, "lake-s3", ...S3_KEYS),
];

const trino = async (namespace: string, rest: string, store: string): Promise<KubeObject[]> => [
  ...await release("trino", namespace, { "//STORE": `//${store}`, "//CATALOG": `//${rest}` }),
];

const airflow = async (namespace: string): Promise<KubeObject[]> => [
  ...await release("airflow", namespace),
  ...database(namespace, "airflow-db"),
];

const argoCd = async (): Promise<KubeObject[]> => [
  ...await release("argo-cd", "argocd"),
  secret("argocd", "argocd-redis", "auth"),
];

const withDatabase = (namespace: string, chart: string) => ({
  catalog: `Deployment ${namespace}/${chart}`,
  database: `Cluster ${namespace}/catalog-db`,
  onDatabase: [`Deployment ${namespace}/${chart}`],
  secret: `Secret ${namespace}/lake-s3`,
});

/** Its chart cuts off the name of a release that is called as the chart is. */
const GRAVITINO = "Deployment lake/gravitino-iceberg-rest-server-gravitino-iceberg-rest-server-hel";

export const PLATFORMS: Readonly<Record<string, () => Promise<Platform>>> = {
  "Nessie, versitygw and CloudNativePG in one namespace": async () => ({
    ...withDatabase("lake", "nessie"),
    store: "Deployment lake/versitygw",
    objects: [
      ...await release("cloudnative-pg", "lake"),
      ...await catalog("nessie", "lake", "versitygw:7070"),
      ...await versitygw("lake"),
    ],
    roles: { nessie: "Deployment lake/nessie", versitygw: "Deployment lake/versitygw" },
  }),
  "Polaris and MinIO, a namespace for each": async () => ({
    ...withDatabase("polaris", "polaris"),
    store: "StatefulSet minio/minio",
    objects: [
      ...await operator(),
      ...await catalog("polaris", "polaris", "minio.minio.svc.cluster.local:9000"),
      ...minio("minio", "minio"),
    ],
    roles: { polaris: "Deployment polaris/polaris", minio: "StatefulSet minio/minio" },
  }),
  "Lakekeeper, and S3 elsewhere": async () => ({
    ...withDatabase("lakekeeper", "lakekeeper"),
    secret: "Secret lakekeeper/lakekeeper-postgres-encryption",
    objects: [...await operator(), ...await catalog("lakekeeper", "lakekeeper", "")],
    roles: { lakekeeper: "Deployment lakekeeper/lakekeeper" },
  }),
  "Gravitino of default values, and SeaweedFS": async () => ({
    catalog: GRAVITINO,
    store: "Deployment lake/seaweedfs-s3",
    objects: [
      ...await release("gravitino-iceberg-rest-server", "lake"),
      ...await release("seaweedfs", "lake"),
      ...await trino("lake", "gravitino-iceberg-rest-server:9001/iceberg", "seaweedfs-s3:8333"),
      secret("lake", "lake-s3", ...S3_KEYS),
    ],
    roles: {
      gravitino: GRAVITINO,
      seaweedfs: "Deployment lake/seaweedfs-s3",
    },
  }),
  "Nessie and Trino on SeaweedFS": async () => ({
    ...withDatabase("lake", "nessie"),
    store: "Deployment seaweedfs/seaweedfs-s3",
    objects: [
      ...await operator(),
      ...await catalog("nessie", "lake", "seaweedfs-s3.seaweedfs.svc:8333"),
      ...await trino("lake", "nessie:19120/iceberg", "seaweedfs-s3.seaweedfs.svc:8333"),
      ...await release("seaweedfs", "seaweedfs"),
    ],
    roles: {
      "trino-coordinator": "Deployment lake/trino-coordinator",
      "trino-worker": "Deployment lake/trino-worker",
    },
  }),
  "Polaris, Trino and the Spark operator on Ozone, a namespace for each": async () => ({
    ...withDatabase("polaris", "polaris"),
    store: "StatefulSet ozone/ozone-s3g",
    objects: [
      ...await operator(),
      ...await catalog("polaris", "polaris", "ozone-s3g-rest.ozone.svc.cluster.local:9878"),
      ...await trino("trino", "polaris.polaris.svc:8181/api/catalog", "ozone-s3g-rest.ozone.svc:9878"),
      secret("trino", "lake-s3", ...S3_KEYS),
      ...await release("spark-operator", "spark-operator"),
      ...await release("ozone", "ozone"),
    ],
    roles: {
      ozone: "StatefulSet ozone/ozone-s3g",
      "spark-operator": "Deployment spark-operator/spark-operator-controller",
      "trino-coordinator": "Deployment trino/trino-coordinator",
    },
  }),
  "Nessie and Airflow": async () => ({
    ...withDatabase("lake", "nessie"),
    store: "StatefulSet lake/minio",
    objects: [
      ...await operator(),
      ...await catalog("nessie", "lake", "minio:9000"),
      ...minio("lake", "minio"),
      ...await airflow("airflow"),
    ],
    roles: {
      "airflow-scheduler": "Deployment airflow/airflow-scheduler",
      "airflow-api-server": "Deployment airflow/airflow-web",
      "airflow-triggerer": "Deployment airflow/airflow-triggerer",
    },
  }),
  "Lakekeeper and Trino, kept by Argo CD": async () => ({
    ...withDatabase("lake", "lakekeeper"),
    secret: "Secret lake/lakekeeper-config-envs",
    store: "Deployment lake/versitygw",
    objects: [
      ...await operator(),
      ...await catalog("lakekeeper", "lake", ""),
      ...await trino("lake", "lakekeeper:8181/catalog", "versitygw:7070"),
      ...await versitygw("lake"),
      ...await argoCd(),
    ],
    roles: {
      "argocd-application-controller": "StatefulSet argocd/argo-cd-argocd-application-controller",
      "argocd-repo-server": "Deployment argocd/argo-cd-argocd-repo-server",
    },
  }),
  "Nessie with External Secrets and Prometheus": async () => ({
    ...withDatabase("lake", "nessie"),
    objects: [
      ...await operator(),
      ...await catalog("nessie", "lake", "s3.eu-central-1.amazonaws.com"),
      ...await release("external-secrets", "external-secrets"),
      ...await release("prometheus", "monitoring"),
    ],
    roles: {
      "external-secrets": "Deployment external-secrets/external-secrets",
      prometheus: "Deployment monitoring/prometheus-server",
    },
  }),
  "Polaris and Airflow beside each other on versitygw": async () => ({
    ...withDatabase("lake", "polaris"),
    store: "Deployment s3/versitygw",
    objects: [
      ...await operator(),
      ...await catalog("polaris", "lake", "versitygw.s3.svc.cluster.local:7070"),
      ...await versitygw("s3"),
      ...await airflow("lake"),
    ],
    roles: { polaris: "Deployment lake/polaris", "airflow-scheduler": "Deployment lake/airflow-scheduler" },
  }),
  "everything in one namespace": async () => ({
    ...withDatabase("data", "nessie"),
    store: "Deployment data/seaweedfs-s3",
    objects: [
      ...await release("cloudnative-pg", "data"),
      ...await catalog("nessie", "data", "seaweedfs-s3:8333"),
      ...await trino("data", "nessie:19120/iceberg", "seaweedfs-s3:8333"),
      ...await release("seaweedfs", "data"),
      ...await release("spark-operator", "data"),
      ...await release("external-secrets", "data"),
      ...await release("prometheus", "data"),
      ...await airflow("data"),
      ...(await argoCd()).map((one) => ({ ...one, metadata: { ...one.metadata, namespace: "data" } })),
    ],
    roles: {
      nessie: "Deployment data/nessie",
      prometheus: "Deployment data/prometheus-server",
      "argocd-repo-server": "Deployment data/argo-cd-argocd-repo-server",
    },
  }),
};

export interface Fault {
  /** Whether the platform has what would break. */
  applies(platform: Platform): boolean;
  /** Breaks the platform. Returns the root that must be named. */
  break(platform: Platform, installation: Installation): string;
}

/** The name of an image or of a Secret stands in every text that an object has. */
const mentions = (object: KubeObject, name: string) => JSON.stringify(object.spec).includes(`"${name}"`);

function sicken({ objects, ill }: Installation, why: Ill, is: (workload: KubeObject) => boolean): void {
  for (const one of objects) {
    if (["Deployment", "StatefulSet"].includes(one.kind) && is(one)) ill.set(keyOf(one), why);
  }
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  "a Secret is missing": {
    applies: ({ secret }) => secret !== undefined,
    break({ secret = "" }, installation) {
      const { metadata: { namespace, name } } = the(installation, secret);
      without(installation, secret);
      const why = { waiting: "CreateContainerConfigError", message: `secret "${name}" not found` };
      sicken(installation, why, (one) => one.metadata.namespace === namespace && mentions(one, name));
      return `${secret} Missing`;
    },
  },
  "the gateway is down": {
    applies: ({ store }) => store !== undefined,
    break({ store = "" }, installation) {
      the(installation, store).spec.replicas = 0;
      return `${store} ScaledToZero`;
    },
  },
  "the database is down": {
    applies: ({ database }) => database !== undefined,
    break({ database = "", onDatabase = [] }, installation) {
      const cluster = the(installation, database);
      cluster.metadata.annotations = { "cnpg.io/hibernation": "on" };
      const type = "cnpg.io/hibernation";
      cluster.status.conditions.push({ type, status: "True", reason: "Hibernated" });
      cluster.status.readyInstances = 0;
      const pod = `Pod ${cluster.metadata.namespace}/${cluster.metadata.name}-1`;
      without(installation, pod);
      const log = "Connection to catalog-db-rw:5432 refused. Check that the hostname and port are correct";
      sicken(installation, { log }, (one) => onDatabase.includes(keyOf(one)));
      return `${database} Hibernated`;
    },
  },
  "an image is wrong": {
    applies: () => true,
    break({ catalog }, installation) {
      const [container] = the(installation, catalog).spec.template.spec.containers;
      container.image = `${container.image}-typo`;
      const message = `Back-off pulling image "${container.image}": ErrImagePull: not found`;
      const why = { waiting: "ImagePullBackOff", message };
      sicken(installation, why, (one) => keyOf(one) === catalog);
      return `Image ${container.image} ImagePullFailed`;
    },
  },
  "a policy cuts the catalog off": {
    applies: ({ database }) => database !== undefined,
    break({ catalog }, installation) {
      const { metadata: { namespace }, spec } = the(installation, catalog);
      installation.objects.push({
        kind: "NetworkPolicy",
        metadata: { name: "catalog", namespace },
        spec: {
          podSelector: { matchLabels: spec.template.metadata.labels },
          policyTypes: ["Egress"],
          egress: [{ ports: [{ port: 53, protocol: "UDP" }] }],
        },
      });
      const log = "java.net.SocketTimeoutException: connect timed out";
      sicken(installation, { log }, (one) => keyOf(one) === catalog);
      return `NetworkPolicy ${namespace}/catalog NetworkPolicyDenies`;
    },
  },
};
