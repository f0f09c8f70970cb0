/** Who is ready behind a Service. */
import type { World } from "../../engine/model.ts";
import { perWorld } from "../common/mod.ts";
import { endpointSlices, type Pod, pods } from "./kinds.ts";

interface Count {
  ready: number;
  all: number;
}

/** Endpoints of a Service: with two families of addresses each is in two slices, and one that is no pod has no name. */
interface Behind {
  named: Map<string, boolean>;
  unnamed: Map<string, Count>;
}

const behindServices = perWorld((world) => {
  const found = new Map<string, Behind>();
  for (const slice of world.list(endpointSlices)) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    if (!name) continue;
    const key = `${slice.metadata?.namespace ?? ""}/${name}`;
    const behind = found.get(key) ?? { named: new Map(), unnamed: new Map() };
    found.set(key, behind);
    const family = slice.addressType ?? "IPv4";
    const unnamed = behind.unnamed.get(family) ?? { ready: 0, all: 0 };
    for (const { conditions, targetRef } of slice.endpoints ?? []) {
      // Absent means ready, as the EndpointSlice API says.
      const ready = conditions?.ready !== false;
      if (targetRef?.name) {
        const target = `${targetRef.kind}/${targetRef.name}`;
        behind.named.set(target, ready || behind.named.get(target) === true);
        continue;
      }
      unnamed.all++;
      if (ready) unnamed.ready++;
    }
    behind.unnamed.set(family, unnamed);
  }
  return found;
});

const readyByService = perWorld((world) =>
  new Map([...behindServices(world)].map(([key, { named, unnamed }]) => {
    const outside = [...unnamed.values()];
    const most = (count: keyof Count) => Math.max(0, ...outside.map((one) => one[count]));
    const ready = [...named.values()].filter((one) => one).length + most("ready");
    return [key, { ready, all: named.size + most("all") }] as const;
  }))
);

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
