/** Nodes and the pods on them, indexed once: every pod that waits is compared with all of them. */
import type { Cluster, NodeOffer, PlacedPod } from "./types.ts";

/** `pods`: those that run or will, not those that are done. */
export function clusterOf(nodes: readonly NodeOffer[], pods: readonly PlacedPod[]): Cluster {
  const placed = pods.filter(({ node }) => node !== undefined);
  return {
    nodes,
    byName: new Map(nodes.map((node) => [node.name, node])),
    byNode: Map.groupBy(placed, ({ node }) => node ?? ""),
    repelling: placed.filter(({ needs }) => (needs.podAntiAffinity ?? []).length > 0),
  };
}
