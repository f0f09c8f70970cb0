/** Cluster DNS: whoever asks another by name needs it. */
import type { Edge, ObjectRef, World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { services } from "./kinds.ts";
import { DNS_NAMESPACES, isClusterDns, USUAL_DNS } from "../../platform/mod.ts";

/** The Service of cluster DNS; where it usually is when there is none. */
export const clusterDns = perWorld((world): ObjectRef => {
  const found = world.list(services).filter(({ metadata, spec }) =>
    DNS_NAMESPACES.has(metadata?.namespace ?? "") && isClusterDns({
      name: metadata?.name ?? "",
      namespace: metadata?.namespace ?? "",
      selector: spec?.selector ?? {},
      ports: (spec?.ports ?? []).flatMap(({ port }) => port ?? []),
    })
  ).map((service) => refOf("Service", service));
  return found.find(({ name }) => name === USUAL_DNS.name) ?? found[0] ?? USUAL_DNS;
});

/** `from` asks somebody by name, or its controller does so for it. */
export function dnsEdge(from: ObjectRef, world: World, explains: Edge["explains"]): Edge {
  const because = ["NoEndpoints", "Missing"];
  return { from, to: clusterDns(world), via: "DNS", explains, because, inferred: true, optional: true };
}
