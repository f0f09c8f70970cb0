/** Where a pod may run: the scheduler's filters over plain data, and which of them keeps a pod from every node. */
export { type Cause, causeOf, type ConstraintKind, type Excluded } from "./cause.ts";
export { clusterOf } from "./cluster.ts";
export { type Exclusion, exclusionsOf } from "./exclusions.ts";
export { allowed, matchesLabels, tolerates } from "./matching.ts";
export { formatQuantity, parseQuantity } from "./quantity.ts";
export type { Cluster, NodeOffer, PlacedPod, PodNeeds } from "./types.ts";
