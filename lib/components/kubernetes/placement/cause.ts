/** Why a pod that waits for a node gets none: its wishes compared with the nodes and pods there are. */
import type { World } from "../../../engine/model.ts";
import {
  type Cause,
  causeOf,
  type Cluster,
  clusterOf,
  type NodeOffer,
  parseQuantity,
  type PlacedPod,
  type PodNeeds,
} from "../../../scheduling/mod.ts";
import { perWorld, type PodSpec } from "../../common/mod.ts";
import { type Node, nodes, persistentVolumeClaims, persistentVolumes, type Pod, pods } from "../kinds.ts";
import { ownerOf } from "../membership.ts";

/** Only made where a pod waits for a node. */
const cluster = perWorld((world): Cluster =>
  clusterOf(
    world.list(nodes).map(offerOf),
    world.list(pods).filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
      .map((pod) => placed(pod, world)),
  )
);

const known = perWorld(() => new Map<string, { cause: Cause | undefined }>());

/** What keeps the pod from every node; undefined when that is not known. Pods of one template have one cause. */
export function placementOf(pod: Pod, world: World): Cause | undefined {
  const owner = ownerOf(pod);
  const key = `${pod.metadata?.namespace} ${owner ? `${owner.kind} ${owner.name}` : pod.metadata?.name}`;
  const found = known(world).get(key) ?? { cause: causeOf(placed(pod, world), cluster(world)) };
  known(world).set(key, found);
  return found.cause;
}

function offerOf(node: Node): NodeOffer {
  return {
    name: node.metadata?.name ?? "",
    labels: node.metadata?.labels,
    taints: node.spec?.taints,
    unschedulable: node.spec?.unschedulable,
    allocatable: amountsOf(node.status?.allocatable),
  };
}

function placed(pod: Pod, world: World): PlacedPod {
  const { namespace = "", labels } = pod.metadata ?? {};
  return { namespace, labels, node: pod.spec?.nodeName, needs: needsOf(pod.spec, namespace, world) };
}

function needsOf(spec: PodSpec | undefined, namespace: string, world: World): PodNeeds {
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return {
    nodeSelector: spec?.nodeSelector,
    nodeTerms: nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    podAffinity: podAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
    podAntiAffinity: podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
    tolerations: spec?.tolerations,
    requests: requestsOf(spec),
    hostPorts: (spec?.containers ?? []).flatMap(({ ports = [] }) =>
      ports.flatMap(({ hostPort }) => hostPort ? [hostPort] : [])
    ),
    ...spec?.nodeName ? {} : { volumes: volumesOf(spec, namespace, world) },
  };
}

type Amounts = Record<string, string | number>;

function amountsOf(amounts: Amounts | undefined): Record<string, number> {
  return Object.fromEntries(
    Object.entries(amounts ?? {}).flatMap(([resource, amount]) => {
      const value = parseQuantity(amount);
      return value === undefined ? [] : [[resource, value]];
    }),
  );
}

/** Containers side by side; an init container runs alone before them, so that only the largest counts. */
function requestsOf(spec: PodSpec | undefined): Record<string, number> {
  const sum = new Map<string, number>();
  const each = (containers: PodSpec["containers"], join: (known: number, value: number) => number) => {
    for (const { resources } of containers ?? []) {
      for (const [resource, value] of Object.entries(amountsOf(resources?.requests))) {
        sum.set(resource, join(sum.get(resource) ?? 0, value));
      }
    }
  };
  each(spec?.containers, (known, value) => known + value);
  each(spec?.initContainers, (known, value) => Math.max(known, value));
  return Object.fromEntries(sum);
}

/** From where the volumes of its claims can be reached. */
function volumesOf(spec: PodSpec | undefined, namespace: string, world: World): PodNeeds["volumes"] {
  return (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const claim = world.get(persistentVolumeClaims, namespace, persistentVolumeClaim?.claimName ?? "");
    const name = claim?.spec?.volumeName;
    const terms = name && world.get(persistentVolumes, undefined, name)?.spec?.nodeAffinity?.required
      ?.nodeSelectorTerms;
    return terms ? [{ name, terms }] : [];
  });
}
