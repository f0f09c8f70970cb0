/** The images of the lab: their names as the manifests write them, and what is in them. */

/** One layer of an image. The big ones are shared between images. */
export type LayerSpec =
  /** Debian with PostgreSQL, Ceph, Java 17, Python and curl. */
  | { readonly kind: "debian" }
  /** What a single static binary wants around it: users, certificates, /tmp. */
  | { readonly kind: "static" }
  /** Spark in /opt/spark. */
  | { readonly kind: "spark" }
  /** Java 25 in /opt/java and Nessie in /deployments. */
  | { readonly kind: "nessie" }
  /** Deno in /usr/local/bin. */
  | { readonly kind: "deno" }
  /** A program that `part` builds to `from` below the cache, and links to it. Paths without leading slash. */
  | {
    readonly kind: "program";
    readonly part: string;
    readonly from: string;
    readonly to: string;
    readonly links?: Readonly<Record<string, string>>;
  }
  /** `lab/images/SOURCE` as /app. */
  | { readonly kind: "app"; readonly source: string };

/** One image. What a manifest gives (command, args, user) goes before what is here. */
export type ImageSpec = {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  /** What it stands in for, if it is not the thing itself: one sentence for people. */
  readonly standIn?: string;
};

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const debian: LayerSpec = { kind: "debian" };
const fixed: LayerSpec = { kind: "static" };

/** Stand-in servers in Deno: `lab/images/standins` on the common layers; `main` is the file that is run. */
function standIn(name: string, main: string, sentence: string): ImageSpec {
  return {
    name,
    layers: [debian, { kind: "deno" }, { kind: "app", source: "standins" }],
    entrypoint: ["/usr/local/bin/deno", "run", "--no-prompt", "--no-remote", "--allow-all", `/app/${main}`],
    env: { PATH, DENO_DIR: "/tmp/deno", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    workingDir: "/app",
    standIn: sentence,
  };
}

function controller(name: string, version: string): ImageSpec {
  return {
    name: `ghcr.io/fluxcd/${name}:${version}`,
    layers: [fixed, { kind: "program", part: name, from: `bin/${name}`, to: `usr/local/bin/${name}` }],
    entrypoint: [`/usr/local/bin/${name}`],
    user: "65534:65534",
  };
}

/** Every image that the lab's registry serves. */
export const images: readonly ImageSpec[] = [
  {
    name: "registry.k8s.io/pause:3.10",
    layers: [{ kind: "program", part: "pause", from: "bin/pause", to: "pause" }],
    entrypoint: ["/pause"],
    user: "65535:65535",
  },
  {
    name: "registry.k8s.io/coredns/coredns:v1.12.1",
    layers: [fixed, { kind: "program", part: "coredns", from: "bin/coredns", to: "coredns" }],
    entrypoint: ["/coredns"],
    user: "65532:65532",
  },
  controller("source-controller", "v1.7.0"),
  controller("kustomize-controller", "v1.6.0"),
  controller("helm-controller", "v1.4.0"),
  {
    name: "oci.external-secrets.io/external-secrets/external-secrets:v0.17.0",
    layers: [fixed, {
      kind: "program",
      part: "external-secrets",
      from: "bin/external-secrets",
      to: "bin/external-secrets",
    }],
    entrypoint: ["/bin/external-secrets"],
    user: "65534:65534",
  },
  {
    name: "ghcr.io/cloudnative-pg/cloudnative-pg:1.26.0",
    layers: [fixed, {
      kind: "program",
      part: "cnpg",
      from: "bin/cnpg-manager",
      to: "operator/manager_amd64",
      links: { manager: "operator/manager_amd64" },
    }],
    entrypoint: ["/manager"],
    user: "65532:65532",
    workingDir: "/",
  },
  {
    name: "ghcr.io/cloudnative-pg/postgresql:15.20",
    layers: [debian],
    env: { PATH: `/usr/lib/postgresql/15/bin:${PATH}`, LANG: "C.UTF-8" },
    user: "26:26",
  },
  {
    name: "quay.io/ceph/ceph:v16.2",
    layers: [debian, { kind: "app", source: "ceph" }],
    env: { PATH, LANG: "C.UTF-8" },
  },
  {
    name: "docker.io/rook/ceph:v1.13.0",
    layers: [debian, { kind: "program", part: "rook", from: "bin/rook", to: "usr/local/bin/rook" }],
    entrypoint: ["/usr/local/bin/rook"],
    env: { PATH, LANG: "C.UTF-8" },
    user: "2016:2016",
  },
  {
    name: "ghcr.io/projectnessie/nessie:0.104.1",
    layers: [debian, { kind: "nessie" }],
    // Not sh: it drops variables whose names have dots, and Nessie's secrets come by such names.
    entrypoint: [
      "/bin/bash",
      "-c",
      "exec /opt/java/bin/java $JAVA_OPTS $JAVA_OPTS_APPEND -jar /deployments/nessie.jar",
    ],
    env: { PATH: `/opt/java/bin:${PATH}`, JAVA_HOME: "/opt/java", LANG: "C.UTF-8" },
    user: "10000:10001",
    workingDir: "/tmp",
    standIn: "Nessie 0.99.0, the newest server on Maven Central, in the place of 0.104.1",
  },
  {
    name: "ghcr.io/lakecheck/spark-iceberg:3.5.9",
    layers: [debian, { kind: "spark" }],
    entrypoint: ["/usr/bin/tini", "-s", "--"],
    env: {
      PATH: `/opt/spark/bin:/opt/spark/sbin:${PATH}`,
      SPARK_HOME: "/opt/spark",
      JAVA_HOME: "/usr/lib/jvm/java-17-openjdk-amd64",
      PYTHONPATH: "/opt/spark/python:/opt/spark/python/lib/py4j-0.10.9.7-src.zip",
      LANG: "C.UTF-8",
    },
    user: "185:0",
    workingDir: "/opt/spark/work-dir",
  },
  standIn(
    "docker.io/1password/connect-api:1.7.3",
    "onepassword/api.ts",
    "a small server that speaks 1Password Connect's published API, in the place of Connect's own image",
  ),
  standIn(
    "docker.io/1password/connect-sync:1.7.3",
    "onepassword/sync.ts",
    "the sync half of the Connect server above: it reads the credentials file and answers /health",
  ),
  standIn(
    "ghcr.io/lakecheck/lab-storage:1",
    "storage/main.ts",
    "directories of the node in the place of Ceph's CSI driver, and the owners of claimed buckets, which Rook 1.13 does not read",
  ),
  standIn(
    "ghcr.io/kubeflow/spark-operator/controller:2.1.0",
    "spark/main.ts",
    "a Deployment that answers health checks, in the place of the Spark operator",
  ),
];
