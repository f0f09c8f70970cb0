/** Who is ready behind a Service. */
import type { World } from "../../engine/model.ts";
import { perWorld } from "../common/mod.ts";
import { endpointSlices, type Pod, pods } from "./kinds.ts";

const readyByService = perWorld((world) => {
  const counts = new Map<string, { ready: number; all: number }>();
  for (const slice of world.list(endpointSlices)) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    if (!name) continue;
    const key = `${slice.metadata?.namespace ?? ""}/${name}`;
    const count = counts.get(key) ?? { ready: 0, all: 0 };
    for (const endpoint of slice.endpoints ?? []) {
      count.all++;
      // Absent means ready, as the EndpointSlice API says.
      if (endpoint.conditions?.ready !== false) count.ready++;
    }
    counts.set(key, count);
  }
  return counts;
});

/** How many endpoints of a Service are ready, of how many. */
export function endpointsOf(world: World, namespace: string, name: string): { ready: number; all: number } {
  return readyByService(world).get(`${namespace}/${name}`) ?? { ready: 0, all: 0 };
}

interface Given {
  address: string;
  ports: readonly { name?: string; port?: number }[];
}

const givenByService = perWorld((world) => {
  const all = new Map<string, Given[]>();
  for (const slice of world.list(endpointSlices)) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    const addresses = (slice.endpoints ?? []).flatMap(({ addresses = [] }) => addresses);
    if (!name || addresses.length === 0) continue;
    const key = `${slice.metadata?.namespace ?? ""}/${name}`;
    const found = addresses.map((address): Given => ({ address, ports: slice.ports ?? [] }));
    all.set(key, [...all.get(key) ?? [], ...found]);
  }
  return all;
});

/** The endpoints of a Service of which nothing says whose address it is: somebody wrote them. */
export function givenEndpoints(world: World, namespace: string, name: string): readonly Given[] {
  return givenByService(world).get(`${namespace}/${name}`) ?? [];
}

const podsByAddress = perWorld((world) => {
  const running = world.list(pods).filter(({ status }) => status?.phase !== "Succeeded" && status?.podIP);
  return Map.groupBy(running, ({ status }) => status?.podIP ?? "");
});

/**
 * The pods whose addresses a Service was given, with the ports of the endpoint. An address that several pods have, as on
 * their node's network, is nobody's.
 */
export function podsGiven(
  world: World,
  namespace: string,
  name: string,
): { pod: Pod; ports: Given["ports"] }[] {
  return givenEndpoints(world, namespace, name).flatMap(({ address, ports }) => {
    const [pod, ...others] = podsByAddress(world).get(address) ?? [];
    return pod && others.length === 0 ? [{ pod, ports }] : [];
  });
}
