/** Of all that keeps a pod from the nodes, what has to change so that it can run. */
import { own } from "../untrusted/lookup.ts";
import { type Exclusion, exclusionsOf } from "./exclusions.ts";
import { allowed } from "./matching.ts";
import type { Cluster, NodeOffer, PlacedPod } from "./types.ts";

export type ConstraintKind = Exclusion["kind"];

export interface Excluded {
  node: NodeOffer;
  by: Exclusion[];
}

export interface Cause {
  kind: ConstraintKind;
  /** The nodes that would take the pod if it were not for this. */
  nodes: Excluded[];
  /** One of them, for its numbers and names. */
  example: Exclusion;
  /** Every other node that was looked at, with what speaks against it. */
  others: Excluded[];
  /** The pod's own wishes leave out nodes that would take it: it need not be the nodes that change. */
  choosy: boolean;
}

/** What a pod asks for itself, and what is meant to be there when it asks. */
const WISHES: ReadonlySet<ConstraintKind> = new Set(["selector", "affinity", "volume"]);

/** Of constraints that exclude as many nodes: what was meant least comes first. */
const ORDER: readonly ConstraintKind[] = [
  "selector",
  "affinity",
  "volume",
  "resources",
  "anti-affinity",
  "pod-affinity",
  "ports",
  "taint",
  "cordon",
];

const CONTROL_PLANE = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/** Nodes of the control plane are not for workloads, where there are others. */
function forWorkloads(nodes: readonly NodeOffer[]): NodeOffer[] {
  const workers = nodes.filter(({ labels }) =>
    !CONTROL_PLANE.some((label) => own(labels, label) !== undefined) &&
    own(labels, "kubernetes.io/role") !== "master"
  );
  return workers.length > 0 ? workers : [...nodes];
}

/**
 * What keeps the pod from running: the constraint without which most of the nodes that it asks for would take it. Where
 * no node is as it asks, its own wishes are the cause. Undefined: some node would take it, as far as is known, or there
 * is none.
 */
export function causeOf(pod: PlacedPod, cluster: Cluster): Cause | undefined {
  const all = cluster.nodes.map((node): Excluded => ({ node, by: exclusionsOf(pod, node, cluster) }));
  if (all.length === 0 || all.some(({ by }) => by.length === 0)) return undefined;
  const workers = new Set(forWorkloads(cluster.nodes));
  const usable = all.filter(({ node }) => workers.has(node));
  const asked = usable.filter(({ node }) => allowed(pod.needs, node));
  if (asked.length === 0) return wishes(usable, all);
  // The fewer constraints a node has, the nearer it is to taking the pod.
  const fewest = Math.min(...asked.map(({ by }) => kindsOf(by).size));
  const nearest = asked.filter(({ by }) => kindsOf(by).size === fewest);
  const kind = mostOf(nearest);
  return kind && made(kind, asked, all, usable.some((one) => !asked.includes(one) && isOpen(one)));
}

const kindsOf = (by: readonly Exclusion[]) => new Set(by.map(({ kind }) => kind));

function isOpen({ by }: Excluded): boolean {
  return by.every(({ kind }) => WISHES.has(kind));
}

/** The kind that most of these nodes have. */
function mostOf(nodes: readonly Excluded[]): ConstraintKind | undefined {
  const counts = new Map<ConstraintKind, number>();
  for (const { by } of nodes) for (const kind of kindsOf(by)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || ORDER.indexOf(a) - ORDER.indexOf(b))[0]?.[0];
}

/** No node is as the pod asks. Where some fit its selector, it is the affinity, and the other way round. */
function wishes(usable: readonly Excluded[], all: readonly Excluded[]): Cause | undefined {
  const kinds = [...WISHES].filter((kind) => usable.every(({ by }) => kindsOf(by).has(kind)));
  const kind = kinds[0] ?? mostOf(usable.map(({ node, by }) => ({
    node,
    by: by.filter((one) => WISHES.has(one.kind)),
  })));
  return kind && made(kind, usable, all, true);
}

function made(
  kind: ConstraintKind,
  asked: readonly Excluded[],
  all: readonly Excluded[],
  choosy: boolean,
): Cause | undefined {
  const nodes = asked.filter(({ by }) => kindsOf(by).has(kind));
  const example = nodes[0]?.by.find((one) => one.kind === kind);
  return example && { kind, nodes, example, others: all.filter((one) => !nodes.includes(one)), choosy };
}
