/** What pods need of nodes: a place to run, and the agents that give them a network there. */
import type { Edge, ObjectRef, World } from "../../engine/model.ts";
import type { Cause } from "../../scheduling/mod.ts";
import {
  ageSeconds,
  conditionOf,
  CONNECTION_ERRORS,
  isReady,
  perWorld,
  POD_ERRORS,
  refOf,
  WORKLOAD_ERRORS,
} from "../common/mod.ts";
import { nodes, type Pod } from "./kinds.ts";
import { ownerOf, podsOfConcern } from "./membership.ts";
import { placementOf } from "./placement/cause.ts";

/** What the scheduler says of a node that takes no pods, by the reason that the node is judged with. */
const REFUSALS: readonly [reason: string, words: RegExp][] = [
  ["NodeNotReady", /node\.kubernetes\.io\/(not-ready|unreachable)/],
  ["DiskPressure", /node\.kubernetes\.io\/disk-pressure/],
  ["MemoryPressure", /node\.kubernetes\.io\/memory-pressure/],
  ["PIDPressure", /node\.kubernetes\.io\/pid-pressure/],
  ["NetworkUnavailable", /node\.kubernetes\.io\/network-unavailable/],
  ["Cordoned", /unschedulable/],
];

/** A scheduler looks at a new pod at once. */
const UNSEEN_SECONDS = 60;

/** A placed pod needs its node; one that is not placed needs the scheduler, and the nodes that it says refuse it. */
export function nodeEdges(pod: Pod, world: World): Edge[] {
  const from = refOf("Pod", pod);
  if (pod.spec?.nodeName) {
    const to = { kind: "Node", name: pod.spec.nodeName };
    return [{ from, to, via: "nodeName", explains: POD_ERRORS }];
  }
  const scheduler = { kind: "Lease", namespace: "kube-system", name: "kube-scheduler" };
  const scheduled = conditionOf(pod, "PodScheduled");
  const own = pod.spec?.schedulerName !== undefined;
  // It holds a Lease while it runs. One that looked at the pod is there, with or without.
  const missed = scheduled === undefined && !own &&
    (ageSeconds(world.now, pod.metadata?.creationTimestamp) ?? 0) > UNSEEN_SECONDS;
  const edges: Edge[] = own ? [] : [
    { from, to: scheduler, via: "scheduler", explains: ["NotScheduled"], optional: !missed },
  ];
  if (scheduled?.status !== "False") return edges;
  const cause = placementOf(pod, world);
  if (cause) return [...edges, ...refusing(from, cause)];
  const said = scheduled.message ?? "";
  const because = REFUSALS.filter(([, words]) => words.test(said)).map(([reason]) => reason);
  const untold = /no nodes available|^0\/0 nodes/.test(said);
  if (because.length === 0 && !untold) return edges;
  const explains = ["Unschedulable"];
  for (const node of world.list(nodes)) {
    const to = refOf("Node", node);
    edges.push({ from, to, via: "refused by the scheduler", explains, because, decisive: true });
  }
  edges.push({ from, to: { kind: "Node", name: "*" }, via: "a node", explains, because: ["NoNode"] });
  return edges;
}

/** The nodes are at fault where they would take the pod and no wish of its own stands in the way. */
function refusing(from: ObjectRef, { kind, nodes, choosy }: Cause): Edge[] {
  if (kind !== "cordon" && kind !== "taint") return [];
  const explains = ["Unschedulable"];
  const via = "refused by the scheduler";
  const any: Edge = { from, to: { kind: "Node", name: "*" }, via: "a node", explains, because: ["NoNode"] };
  const edges = nodes.flatMap(({ node, by }): Edge[] => {
    const taints = by.flatMap((one) => one.kind === "taint" ? `${one.taint.key}` : []).join(" ");
    const because = REFUSALS.filter(([, words]) => words.test(taints)).map(([reason]) => reason);
    // Of several cordoned nodes none is the one.
    if (kind === "cordon" && nodes.length === 1 && !choosy) because.push("Cordoned");
    const to = { kind: "Node", name: node.name };
    return because.length > 0 ? [{ from, to, via, explains, because, decisive: true }] : [];
  });
  return [...edges, any];
}

/** Agents that are not Ready, by node: pods of DaemonSets of the system in the node's own network. */
const unwellAgents = perWorld((world) =>
  Map.groupBy(
    podsOfConcern(world).filter((pod) =>
      pod.spec?.hostNetwork === true && ownerOf(pod)?.kind === "DaemonSet" &&
      /^kube-|-system$/.test(pod.metadata?.namespace ?? "") && !isReady(pod)
    ),
    (pod) => pod.spec?.nodeName ?? "",
  )
);

/** A pod gets its network from the agents on its node; `asks`: whether it asks Services for anything. */
export function agentEdges(pod: Pod, world: World, asks: boolean): Edge[] {
  if (pod.spec?.hostNetwork || !pod.spec?.nodeName) return [];
  const edge = { from: refOf("Pod", pod), via: "network agent of its node", inferred: true };
  const explains = ["SandboxFailed", ...asks ? CONNECTION_ERRORS : []];
  return (unwellAgents(world).get(pod.spec.nodeName) ?? []).map((agent) => {
    const { namespace } = refOf("Pod", agent);
    const set = { kind: "DaemonSet", namespace, name: ownerOf(agent)?.name ?? "" };
    return { ...edge, to: set, explains, because: WORKLOAD_ERRORS };
  });
}
