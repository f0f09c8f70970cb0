/** The databases of the platform: in its namespaces, and where its configuration leads. */
import { isAbsent, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { allFillers, type Filler, filling, platformNamespaces, servicesNamed } from "../kubernetes/mod.ts";
import { type Cluster, clusters } from "./kinds.ts";
import { clusterOf } from "./names.ts";

/** The Services that the configuration of these workloads names. */
function servicesLedTo(fillers: readonly Filler[], world: World): ObjectRef[] {
  return fillers.flatMap(({ ref, object }) =>
    servicesNamed(object.spec?.template?.spec, ref.namespace ?? "", world).map(({ to }) => to)
  );
}

/** Those that the configuration leads to, by the rule of their Services' names, present or absent. */
const clustersLedTo = perWorld((world): ReadonlyMap<string, ObjectRef> =>
  new Map(
    servicesLedTo(allFillers(world), world).flatMap((service) => {
      const ref = clusterOf(service);
      return ref ? [[refKey(ref), ref]] : [];
    }),
  )
);

/** The clusters in the platform's namespaces, and those that the configuration of its parts leads to. */
export const platformClusters = perWorld((world): Cluster[] =>
  world.list(clusters).filter((object) =>
    platformNamespaces(world).has(object.metadata?.namespace ?? "") ||
    clustersLedTo(world).has(refKey(refOf("Cluster", object)))
  )
);

/** Clusters that do not exist, as their Services do not, although the configuration of a catalog leads there. */
export function missingClusters(world: World): ObjectRef[] {
  const gone = servicesLedTo(filling(world, "nessie"), world).filter((service) => isAbsent(world, service));
  const refs = gone.flatMap((service) => clusterOf(service) ?? []).filter((ref) => isAbsent(world, ref));
  return [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
}
