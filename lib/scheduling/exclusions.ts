/** Everything that keeps a pod from one node. */
import { own } from "../untrusted/lookup.ts";
import { matchesLabels, matchesNodeSelector, matchesNodeTerms, tolerates } from "./matching.ts";
import type { Cluster, NodeOffer, PlacedPod, PodTerm, Taint } from "./types.ts";

export type Exclusion =
  | { kind: "selector" }
  | { kind: "affinity" }
  | { kind: "volume"; name: string }
  | { kind: "cordon" }
  | { kind: "taint"; taint: Taint }
  | { kind: "pod-affinity"; term: PodTerm }
  | { kind: "anti-affinity"; term: PodTerm; by: "own" | "theirs" }
  | { kind: "ports"; port: number }
  | { kind: "resources"; resource: string; wanted: number; free: number; all: number };

/** A cordoned node bears this taint, too. */
const CORDON = "node.kubernetes.io/unschedulable";
const HARD = new Set(["NoSchedule", "NoExecute"]);

/** What keeps the pod from the node, in the order in which the scheduler asks. Empty: nothing that is known. */
export function exclusionsOf(pod: PlacedPod, node: NodeOffer, cluster: Cluster): Exclusion[] {
  const { needs } = pod;
  const found: Exclusion[] = [];
  const tolerations = needs.tolerations ?? [];
  const isCordoned = node.unschedulable || node.taints?.some(({ key }) => key === CORDON);
  if (isCordoned && !tolerates(tolerations, { key: CORDON, effect: "NoSchedule" })) {
    found.push({ kind: "cordon" });
  }
  for (const taint of node.taints ?? []) {
    if (taint.key === CORDON || !HARD.has(taint.effect ?? "") || tolerates(tolerations, taint)) continue;
    found.push({ kind: "taint", taint });
  }
  if (!matchesNodeSelector(needs, node)) found.push({ kind: "selector" });
  if (!matchesNodeTerms(needs.nodeTerms, node)) found.push({ kind: "affinity" });
  const far = needs.volumes?.find(({ terms }) => !matchesNodeTerms(terms, node));
  if (far) found.push({ kind: "volume", name: far.name });
  return [...found, ...missingRoom(pod, node, cluster), ...amongPods(pod, node, cluster)];
}

function missingRoom({ needs }: PlacedPod, node: NodeOffer, { byNode }: Cluster): Exclusion[] {
  const here = byNode.get(node.name) ?? [];
  const taken = new Set(here.flatMap((other) => other.needs.hostPorts ?? []));
  const port = needs.hostPorts?.find((one) => taken.has(one));
  const found: Exclusion[] = port === undefined ? [] : [{ kind: "ports", port }];
  for (const [resource, wanted] of Object.entries({ pods: 1, ...needs.requests })) {
    const all = node.allocatable?.[resource];
    if (all === undefined || wanted <= 0) continue;
    const used = resource === "pods"
      ? here.length
      : here.reduce((sum, other) => sum + (other.needs.requests?.[resource] ?? 0), 0);
    if (used + wanted > all) found.push({ kind: "resources", resource, wanted, free: all - used, all });
  }
  return found;
}

function amongPods(pod: PlacedPod, node: NodeOffer, cluster: Cluster): Exclusion[] {
  const found: Exclusion[] = [];
  for (const term of pod.needs.podAffinity ?? []) {
    // The first of a group that wants to be together may run anywhere.
    const first = meant(term, pod, pod) &&
      ![...cluster.byNode.values()].flat().some((other) => meant(term, pod, other));
    if (!first && !neighbours(term, node, cluster).some((other) => meant(term, pod, other))) {
      found.push({ kind: "pod-affinity", term });
    }
  }
  const mine = pod.needs.podAntiAffinity?.find((term) =>
    neighbours(term, node, cluster).some((other) => meant(term, pod, other))
  );
  if (mine) return [...found, { kind: "anti-affinity", term: mine, by: "own" }];
  for (const other of cluster.repelling) {
    const theirs = other.needs.podAntiAffinity?.find((term) =>
      meant(term, other, pod) && inOnePlace(term, node, other, cluster)
    );
    if (!theirs) continue;
    found.push({ kind: "anti-affinity", term: theirs, by: "theirs" });
    break;
  }
  return found;
}

/** Whether `other` is one that the term of `asking` speaks of. */
function meant(term: PodTerm, asking: PlacedPod, other: PlacedPod): boolean {
  const namespaces = term.namespaces ?? [];
  const inScope = term.namespaceSelector !== undefined ||
    (namespaces.length > 0 ? namespaces.includes(other.namespace) : other.namespace === asking.namespace);
  return inScope && matchesLabels(term.labelSelector, other.labels);
}

function placeOf({ topologyKey = "" }: PodTerm, node: NodeOffer | undefined): string | undefined {
  return own(node?.labels, topologyKey);
}

function inOnePlace(term: PodTerm, node: NodeOffer, other: PlacedPod, { byName }: Cluster): boolean {
  const place = placeOf(term, node);
  return place !== undefined && place === placeOf(term, byName.get(other.node ?? ""));
}

/** The pods in the node's place: on it alone, or in its zone. */
function neighbours(term: PodTerm, node: NodeOffer, { nodes, byNode }: Cluster): PlacedPod[] {
  const place = placeOf(term, node);
  if (place === undefined) return [];
  return nodes.filter((one) => placeOf(term, one) === place).flatMap(({ name }) => byNode.get(name) ?? []);
}
