/** Cluster DNS: whoever asks another by name needs it. */
import type { Edge, ObjectRef } from "../../engine/model.ts";

export const CLUSTER_DNS = {
  kind: "Service",
  namespace: "kube-system",
  name: "kube-dns",
} satisfies ObjectRef;

/** `from` asks somebody by name, or its controller does so for it. */
export function dnsEdge(from: ObjectRef, explains: Edge["explains"]): Edge {
  const because = ["NoEndpoints", "Missing"];
  return { from, to: CLUSTER_DNS, via: "DNS", explains, because, inferred: true, optional: true };
}
