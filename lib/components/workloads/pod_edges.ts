/** What pods and workload templates need: Secrets, ConfigMaps, claims, accounts, images, nodes, Services. */
import type { Edge, ObjectRef, World } from "../../engine/model.ts";
import {
  agentEdges,
  daemonSets,
  deployments,
  dnsEdge,
  isOurs,
  nodeEdges,
  type Pod,
  podsOf,
  podsOfConcern,
  servicesNamed,
  statefulSets,
  wantsOf,
  workloadOf,
} from "../kubernetes/mod.ts";
import {
  CONFIG_ERRORS,
  CONNECTION_ERRORS,
  CREATION_ERRORS,
  IMAGE_ERRORS,
  isReady,
  mentionEdges,
  PLACEMENT_ERRORS,
  POD_ERRORS,
  type PodSpec,
  refOf,
  SERVICE_ERRORS,
  WORKLOAD_ERRORS,
} from "../common/mod.ts";
import { blamesOthers } from "./log_signals.ts";
import { creationError, isShort } from "./readiness.ts";

/** Workloads whose pods are made from one template. */
const TEMPLATED = [
  ["Deployment", deployments],
  ["StatefulSet", statefulSets],
  ["DaemonSet", daemonSets],
] as const;

/** Edges of every pod, and of the templates of workloads that have no pods to speak for them. */
export function podEdges(world: World): Edge[] {
  const edges = podsOfConcern(world).flatMap((pod) => edgesOfPod(pod, world));
  for (const [kind, source] of TEMPLATED) {
    for (const workload of world.list(source)) {
      const namespace = workload.metadata?.namespace ?? "";
      const from = refOf(kind, workload);
      const own = podsOf(world, kind, namespace, from.name);
      for (const pod of own) {
        if (isReady(pod)) continue;
        const to = refOf("Pod", pod);
        edges.push({ from, to, via: "its pods", explains: WORKLOAD_ERRORS, because: POD_ERRORS });
        // Pods that all fail alike fail because of what they are made from, unless something they need explains it.
        edges.push({
          from: to,
          to: from,
          via: "its template",
          explains: POD_ERRORS,
          because: WORKLOAD_ERRORS,
        });
      }
      if (own.length > 0 && own.every(isReady) && !isOurs(workload, world)) continue;
      edges.push(...makingEdges(from, isShort(kind, workload, world), workload.spec?.template?.spec));
      edges.push(...mentionEdges(from, creationError(kind, workload, world), ["FailedCreate"]));
      if (own.length === 0) edges.push(...templateEdges(from, namespace, workload.spec?.template?.spec));
    }
  }
  return edges;
}

/** Who makes pods needs its controller and the account they run as; pods that exist fail for other reasons. */
export function makingEdges(from: ObjectRef, short: boolean, spec: PodSpec | undefined): Edge[] {
  const explains = short ? CREATION_ERRORS : ["FailedCreate", "NotObserved"];
  const controller = { kind: "Lease", namespace: "kube-system", name: "kube-controller-manager" };
  const edges: Edge[] = [{ from, to: controller, via: "controller", explains, optional: true }];
  const account = spec?.serviceAccountName;
  if (account) {
    const to = { kind: "ServiceAccount", namespace: from.namespace, name: account };
    edges.push({ from, to, via: "serviceAccountName", explains });
  }
  return edges;
}

/** Without pods there is no symptom to explain yet, but what is absent shows. */
function templateEdges(from: ObjectRef, namespace: string, spec: PodSpec | undefined): Edge[] {
  return wantsOf(spec).filter((want) => !want.optional).map((want) => ({
    from,
    to: { kind: want.kind, namespace, name: want.name },
    via: want.via,
    explains: [],
  }));
}

/** A pod that is done needs nothing any more. */
function edgesOfPod(pod: Pod, world: World): Edge[] {
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return [];
  const from = refOf("Pod", pod);
  const namespace = pod.metadata?.namespace ?? "";
  const edges: Edge[] = wantsOf(pod.spec).map((want) => ({
    from,
    to: { kind: want.kind, namespace, name: want.name },
    via: want.via,
    explains: CONFIG_ERRORS,
    optional: want.optional,
  }));
  for (const volume of pod.spec?.volumes ?? []) {
    const name = volume.persistentVolumeClaim?.claimName;
    if (!name) continue;
    const to = { kind: "PersistentVolumeClaim", namespace, name };
    edges.push({ from, to, via: "volume", explains: [...PLACEMENT_ERRORS, ...CONFIG_ERRORS] });
  }
  edges.push(...nodeEdges(pod, world));
  const images = isReady(pod) ? [] : [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []];
  for (const { image } of images) {
    if (image) edges.push({ from, to: { kind: "Image", name: image }, via: "image", explains: IMAGE_ERRORS });
  }
  return [...edges, ...askingEdges(pod, world)];
}

/** The Services that a pod asks, and what carries its questions there. */
function askingEdges(pod: Pod, world: World): Edge[] {
  const from = refOf("Pod", pod);
  const named = servicesOf(pod, world);
  // A log that tells of something else than of others that do not answer acquits them.
  const explains = blamesOthers(pod, world) ? CONNECTION_ERRORS : [];
  const edges: Edge[] = named.map(({ to, via }) => ({
    from,
    to,
    via,
    explains,
    because: SERVICE_ERRORS,
    inferred: true,
    // A name in the configuration of a pod that is well is not missed.
    optional: isReady(pod) || explains.length === 0,
  }));
  const asks = named.length > 0 && explains.length > 0;
  if (asks) edges.push(dnsEdge(from, world, explains));
  return [...edges, ...agentEdges(pod, world, asks)];
}

/** The Services that a pod's environment, arguments and ConfigMaps name, except those it is itself behind. */
export function servicesOf(pod: Pod, world: World): { to: ObjectRef; via: string; port?: number }[] {
  const named = servicesNamed(pod.spec, pod.metadata?.namespace ?? "", world);
  if (named.length === 0) return named;
  const own = workloadOf(pod, world)?.name;
  return named.filter(({ to }) => to.name !== own);
}
