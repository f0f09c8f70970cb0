/** Whether the platform is well again after a repair, and the nudges that a person would give it meanwhile. */
import { at, condition, type Kube, type KubeObject, text } from "../platform/mod.ts";
import {
  bucketClaim,
  ceph,
  deployment,
  externalSecret,
  FLUX,
  kustomization,
  NESSIE,
  NODE,
  PLATFORM,
  POSTGRES,
  ROOK,
  SECRETS,
  SOURCE,
  STORE,
} from "./objects.ts";
import { hurry, waitingReasons } from "./scene.ts";

/** Namespaces whose pods belong to the platform. */
const NAMESPACES = [PLATFORM, ROOK, SECRETS, FLUX, "cnpg-system", "kube-system"];

/** Deployments that stand with the platform; one that is gone or scaled to zero is as bad as one that fails. */
const DEPLOYMENTS: readonly (readonly [string, string])[] = [
  [SECRETS, "external-secrets"],
  [SECRETS, "onepassword-connect"],
  [ROOK, "rook-ceph-operator"],
  [ROOK, "rook-ceph-mon-a"],
  [ROOK, "rook-ceph-osd-0"],
  [ROOK, "rook-ceph-rgw-storage-a"],
  ["kube-system", "lab-storage"],
  [PLATFORM, "nessie"],
  [PLATFORM, "spark-operator"],
  [PLATFORM, "spark-history-server"],
  [PLATFORM, "spark-client"],
  ["cnpg-system", "cnpg-controller-manager"],
  [FLUX, "source-controller"],
  [FLUX, "kustomize-controller"],
  [FLUX, "helm-controller"],
  ["kube-system", "coredns"],
];

/** One thing that is not well yet: what, and where it can be nudged. */
export interface Unwell {
  what: string;
  path?: string;
}

function unready(object: KubeObject | undefined, path: string, type = "Ready"): Unwell[] {
  const name = path.split("/").slice(-2).join("/");
  if (!object) return [{ what: `${name} is absent` }];
  const found = condition(object, type);
  const current = at(object, "status", "observedGeneration");
  const stale = current !== undefined && current !== object.metadata.generation;
  if (found?.status === "True" && !stale) return [];
  // What is at work is left alone: asking again makes it begin again.
  const idle = found?.status === "False" && !stale;
  return [{
    what: `${name}: ${stale ? "not observed yet" : found?.message || `no ${type}`}`,
    path: idle ? path : undefined,
  }];
}

async function one(kube: Kube, path: string): Promise<Unwell[]> {
  return unready(await kube.get(path), path);
}

async function each(kube: Kube, collection: string): Promise<Unwell[]> {
  return (await kube.list(collection)).flatMap((object) =>
    unready(object, `${collection}/${object.metadata.name}`)
  );
}

function deployed(object: KubeObject | undefined, name: string): Unwell[] {
  const wanted = Number(at(object, "spec", "replicas") ?? 0);
  const status = (field: string) => Number(at(object, "status", field) ?? 0);
  const current = status("observedGeneration") === object?.metadata.generation;
  const settled = current && wanted > 0 && status("readyReplicas") === wanted &&
    status("replicas") === wanted &&
    status("updatedReplicas") === wanted;
  return settled
    ? []
    : [{ what: `Deployment ${name}: ${status("readyReplicas")} of ${wanted} pods are ready` }];
}

async function deployments(kube: Kube): Promise<Unwell[]> {
  const lists = await Promise.all(NAMESPACES.map((namespace) => kube.list(deployment(namespace))));
  const all = new Map(
    NAMESPACES.flatMap((namespace, index) =>
      (lists[index] ?? []).map((object) => [`${namespace}/${object.metadata.name}`, object] as const)
    ),
  );
  return DEPLOYMENTS.flatMap(([namespace, name]) =>
    deployed(all.get(`${namespace}/${name}`), `${namespace}/${name}`)
  );
}

async function flux(kube: Kube): Promise<Unwell[]> {
  const source = await kube.get(SOURCE);
  const revision = text(source, "status", "artifact", "revision");
  const all = await kube.list(kustomization());
  const behind = all.filter((object) => text(object, "status", "lastAppliedRevision") !== revision).map((
    object,
  ) => ({
    what: `Kustomization ${object.metadata.name} has not applied the newest revision`,
    path: kustomization(object.metadata.name),
  }));
  return [
    ...unready(source, SOURCE),
    ...all.flatMap((object) => unready(object, kustomization(object.metadata.name))),
    ...behind,
    ...await one(kube, NESSIE),
  ];
}

async function database(kube: Kube): Promise<Unwell[]> {
  const cluster = await kube.get(POSTGRES);
  const ready = at(cluster, "status", "readyInstances");
  const wanted = at(cluster, "spec", "instances");
  const phase = text(cluster, "status", "phase");
  if (ready === wanted && phase === "Cluster in healthy state") return [];
  return [{ what: `Cluster nessie-postgres: ${ready ?? 0} of ${wanted} instances, ${phase}` }];
}

async function storage(kube: Kube): Promise<Unwell[]> {
  const [cluster, stores, users, claims] = await Promise.all([
    kube.get(ceph("cephclusters", "rook-ceph")),
    kube.list(ceph("cephobjectstores")),
    kube.list(ceph("cephobjectstoreusers")),
    kube.list(bucketClaim()),
  ]);
  const health = text(cluster, "status", "ceph", "health");
  const phases = [...stores, ...users, ...claims].filter((object) =>
    !["Ready", "Bound"].includes(text(object, "status", "phase"))
  );
  return [
    ...health === "HEALTH_OK" ? [] : [{ what: `CephCluster: ${health || "absent"}` }],
    ...stores.length === 0 || users.length === 0 || claims.length < 2
      ? [{ what: "something of Rook's is absent" }]
      : [],
    ...phases.map((object) => ({
      what: `${object.metadata.name}: ${text(object, "status", "phase") || "no phase"}`,
    })),
  ];
}

/** What is not as it should be on a healthy platform. Throws LabError while the API server does not answer. */
export async function unhealthy(kube: Kube): Promise<Unwell[]> {
  const parts = await Promise.all([
    one(kube, NODE),
    flux(kube),
    one(kube, STORE),
    each(kube, externalSecret()),
    deployments(kube),
    database(kube),
    storage(kube),
  ]);
  return parts.flat();
}

/** Pods whose next try the kubelet puts off for minutes. */
const BACKING_OFF = ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull"];

/**
 * Nudges what is not well: controllers look again, and pods in back-off are replaced, each of them once (`replaced` keeps
 * the names). Nothing here hides a fault: a controller that looks again finds what there is.
 */
export async function nudge(kube: Kube, all: readonly Unwell[], replaced: Set<string>): Promise<void> {
  const paths = new Set(
    all.flatMap(({ path }) => path?.includes("external-secrets") || path?.includes("toolkit") ? [path] : []),
  );
  await Promise.all([...paths].map((path) => hurry(kube, path)));
  for (const namespace of NAMESPACES) {
    for (const pod of await kube.list(core(namespace))) {
      const key = text(pod, "metadata", "uid");
      if (replaced.has(key) || !waitingReasons(pod).some((reason) => BACKING_OFF.includes(reason))) continue;
      replaced.add(key);
      await kube.remove(`${core(namespace)}/${pod.metadata.name}`);
    }
  }
}

function core(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}
