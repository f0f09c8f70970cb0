/** Who is ready behind a Service. */
import type { World } from "../../engine/model.ts";
import { perWorld } from "../common/mod.ts";
import { endpointSlices } from "./kinds.ts";

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
