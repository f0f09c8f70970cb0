/** What the scheduler looks at, as the API has it. Every field may be absent: what is not known excludes nothing. */

export interface Expression {
  key?: string;
  operator?: string;
  values?: string[];
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: Expression[];
}

export interface NodeTerm {
  matchExpressions?: Expression[];
  matchFields?: Expression[];
}

export interface PodTerm {
  labelSelector?: LabelSelector;
  namespaces?: string[];
  /** Which namespaces it means is not looked at. */
  namespaceSelector?: LabelSelector;
  topologyKey?: string;
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}

export interface Taint {
  key?: string;
  value?: string;
  effect?: string;
}

/** A pod's wishes: of its spec what decides where it may run. */
export interface PodNeeds {
  nodeSelector?: Record<string, string>;
  /** What is required; what is only preferred excludes no node. */
  nodeTerms?: NodeTerm[];
  podAffinity?: PodTerm[];
  podAntiAffinity?: PodTerm[];
  tolerations?: Toleration[];
  /** CPU in cores, memory in bytes, by resource. */
  requests?: Record<string, number>;
  hostPorts?: number[];
  /** Volumes that are bound, and the nodes from which each can be reached. */
  volumes?: { name: string; terms: NodeTerm[] }[];
}

export interface NodeOffer {
  name: string;
  labels?: Record<string, string>;
  taints?: Taint[];
  unschedulable?: boolean;
  /** As `requests`; what is not in it is not known. */
  allocatable?: Record<string, number>;
}

/** A pod with its place; without `node` it waits for one. */
export interface PlacedPod {
  namespace: string;
  labels?: Record<string, string>;
  node?: string;
  needs: PodNeeds;
}

export interface Cluster {
  nodes: readonly NodeOffer[];
  byName: ReadonlyMap<string, NodeOffer>;
  /** Pods with a place, by their node. */
  byNode: ReadonlyMap<string, readonly PlacedPod[]>;
  /** Of those, the ones that keep others away. */
  repelling: readonly PlacedPod[];
}
