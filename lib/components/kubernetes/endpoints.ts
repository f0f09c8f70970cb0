/** Who is ready behind a Service. */
import type { World } from "../../engine/model.ts";
import { perWorld } from "../common/mod.ts";
import { endpointSlices } from "./kinds.ts";

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

const addressesByService = perWorld((world) => {
  const all = new Map<string, string[]>();
  for (const slice of world.list(endpointSlices)) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    const found = (slice.endpoints ?? []).flatMap(({ addresses = [] }) => addresses);
    if (!name || found.length === 0) continue;
    const key = `${slice.metadata?.namespace ?? ""}/${name}`;
    all.set(key, [...all.get(key) ?? [], ...found]);
  }
  return all;
});

/** The addresses behind a Service of which nothing says whose they are: somebody wrote them. */
export function addressesOf(world: World, namespace: string, name: string): readonly string[] {
  return addressesByService(world).get(`${namespace}/${name}`) ?? [];
}
