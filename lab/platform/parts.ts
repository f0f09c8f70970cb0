/** The parts of the platform for `lab:status` and the documentation: what each is, and what takes whose place. */
import type { LabPart } from "../cluster/mod.ts";
import type { LabContext } from "../context.ts";
import { type Layout, layoutOf, placed } from "../layout.ts";
import { at, condition, connectKube, type Kube, type KubeObject, text } from "./kube.ts";

/** One row of the table. */
export interface PartSpec {
  name: string;
  kind: string;
  version: string;
  /** Path of the object that tells its state. */
  path: string;
  /** What takes its place, and why; undefined for the real thing. */
  standIn?: string;
}

const deployment = (namespace: string, name: string) =>
  `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
const rook = (kind: string, name: string) => `/apis/ceph.rook.io/v1/namespaces/rook-ceph/${kind}/${name}`;

/** Every part of the platform, in the order in which they stand on each other. */
export const platformTable: readonly PartSpec[] = [
  {
    name: "Flux source-controller",
    kind: "GitOps",
    version: "1.7.0",
    path: deployment("flux-system", "source-controller"),
  },
  {
    name: "Flux kustomize-controller",
    kind: "GitOps",
    version: "1.6.0",
    path: deployment("flux-system", "kustomize-controller"),
  },
  {
    name: "Flux helm-controller",
    kind: "GitOps",
    version: "1.4.0",
    path: deployment("flux-system", "helm-controller"),
  },
  {
    name: "External Secrets",
    kind: "secrets",
    version: "0.17.0",
    path: deployment("external-secrets", "external-secrets"),
  },
  {
    name: "1Password Connect",
    kind: "secrets",
    version: "API 1.7.3",
    path: deployment("external-secrets", "onepassword-connect"),
    standIn:
      "a small server that speaks Connect's published API, and behind it the process 1password.com, which serves a file of the " +
      "lab in the place of 1Password's own; both are proprietary",
  },
  {
    name: "CloudNativePG operator",
    kind: "database",
    version: "1.26.0",
    path: deployment("cnpg-system", "cnpg-controller-manager"),
  },
  {
    name: "PostgreSQL cluster nessie-postgres",
    kind: "database",
    version: "15",
    path: "/apis/postgresql.cnpg.io/v1/namespaces/data-platform/clusters/nessie-postgres",
  },
  {
    name: "Rook operator",
    kind: "storage",
    version: "1.13.0",
    path: deployment("rook-ceph", "rook-ceph-operator"),
  },
  {
    name: "Ceph cluster",
    kind: "storage",
    version: "16.2",
    path: rook("cephclusters", "rook-ceph"),
    standIn:
      "a real Ceph, but its daemons are Deployments of the lab: Rook 1.13 makes none of this version, so it connects to a cluster " +
      "that is not its own, as to one outside Kubernetes",
  },
  { name: "Ceph object store", kind: "storage", version: "16.2", path: rook("cephobjectstores", "storage") },
  {
    name: "S3 user iceberg",
    kind: "storage",
    version: "16.2",
    path: rook("cephobjectstoreusers", "iceberg"),
  },
  {
    name: "volumes of ceph-block",
    kind: "storage",
    version: "-",
    path: "/apis/storage.k8s.io/v1/storageclasses/ceph-block",
    standIn: "directories of the node; block devices need Ceph's CSI driver and the rbd kernel module",
  },
  {
    name: "owners of claimed buckets",
    kind: "storage",
    version: "-",
    path: deployment("kube-system", "lab-storage"),
    standIn: "a bucket policy for the user that a claim names; Rook reads bucketOwner from 1.17",
  },
  {
    name: "Nessie",
    kind: "catalog",
    version: "0.99.0 for 0.104.1",
    path: deployment("data-platform", "nessie"),
    standIn: "a real Nessie, but 0.99.0: the newest server on Maven Central",
  },
  {
    name: "Spark history server",
    kind: "Spark",
    version: "3.5.9",
    path: deployment("data-platform", "spark-history-server"),
  },
  {
    name: "Spark client",
    kind: "Spark",
    version: "3.5.9",
    path: deployment("data-platform", "spark-client"),
  },
  {
    name: "Spark operator",
    kind: "Spark",
    version: "API v1beta2",
    path: deployment("data-platform", "spark-operator"),
    standIn:
      "two replicas that elect a leader and answer health checks, and run no applications; the operator can't be had",
  },
];

function state(object: KubeObject | undefined): { state: string; ready: boolean } {
  if (!object) return { state: "absent", ready: false };
  const replicas = at(object, "spec", "replicas");
  if (object.kind === "Deployment" || typeof replicas === "number") {
    const ready = text(object, "status", "readyReplicas") || "0";
    return { state: `${ready}/${replicas} ready`, ready: Number(ready) === replicas && replicas !== 0 };
  }
  const instances = at(object, "spec", "instances");
  if (typeof instances === "number") {
    const ready = Number(text(object, "status", "readyInstances") || 0);
    return { state: `${ready}/${instances} ready`, ready: ready === instances };
  }
  const health = text(object, "status", "ceph", "health");
  const phase = text(object, "status", "phase") || condition(object, "Ready")?.reason || "there";
  const ready = phase === "there" ||
    (/^(Ready|Connected)$/.test(phase) && (health === "" || health === "HEALTH_OK"));
  return { state: health === "" ? phase : `${phase}, ${health}`, ready };
}

async function readPart(kube: Kube, spec: PartSpec, layout: Layout): Promise<LabPart> {
  const { name, kind, version, standIn } = spec;
  const base = { name, kind, version, real: standIn === undefined, note: standIn };
  try {
    return { ...base, ...state(await kube.get(placed(spec.path, layout))) };
  } catch {
    return { ...base, state: "unknown", ready: false };
  }
}

/** The parts with their state now; `unknown` where the API server does not answer. Never throws. */
export async function platformParts(ctx: LabContext): Promise<LabPart[]> {
  let kube: Kube;
  try {
    kube = connectKube(ctx);
  } catch {
    return platformTable.map(({ name, kind, version, standIn }) => ({
      name,
      kind,
      version,
      real: standIn === undefined,
      note: standIn,
      state: "unknown",
      ready: false,
    }));
  }
  try {
    return await Promise.all(platformTable.map((spec) => readPart(kube, spec, layoutOf(ctx))));
  } finally {
    kube.close();
  }
}
