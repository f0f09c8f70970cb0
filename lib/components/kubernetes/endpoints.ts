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
