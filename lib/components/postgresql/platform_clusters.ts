/** The databases of the platform: in its namespaces, and where its configuration leads. */
import { isAbsent, type ObjectRef, refKey, refText, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import {
  allFillers,
  DECLARED,
  declaredRole,
  type Filler,
  filling,
  platformNamespaces,
  servicesNamed,
} from "../kubernetes/mod.ts";
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

/** Those that the declaration of the platform names, present or absent. */
const declaredClusters = (world: World): readonly ObjectRef[] =>
  declaredRole(world, "database")?.objects ?? [];

/** The clusters in the platform's namespaces, and those that its declaration names or the configuration of its parts leads to. */
export const platformClusters = perWorld((world): Cluster[] => {
  const declared = new Set(declaredClusters(world).map(refKey));
  return world.list(clusters).filter((object) => {
    const key = refKey(refOf("Cluster", object));
    return platformNamespaces(world).has(object.metadata?.namespace ?? "") || clustersLedTo(world).has(key) ||
      declared.has(key);
  });
});

/** The databases of the catalog, with what told it. */
export function catalogDatabases(world: World): { ref: ObjectRef; by: string }[] {
  const declared = declaredClusters(world);
  if (declared.length > 0) return declared.map((ref) => ({ ref, by: DECLARED }));
  const led = servicesLedTo(filling(world, "nessie"), world).flatMap((service) => {
    const ref = clusterOf(service);
    return ref ? [{ ref, by: `${refText(service)} in the configuration of the catalog` }] : [];
  });
  const found = led.length > 0 ? led : platformClusters(world).map((object) => ({
    ref: refOf("Cluster", object),
    by: "Cluster in a namespace of the platform",
  }));
  return [...new Map(found.map((one) => [refKey(one.ref), one])).values()];
}

/** Clusters that do not exist, as their Services do not, although the configuration of a catalog leads there. */
export function missingClusters(world: World): ObjectRef[] {
  const gone = servicesLedTo(filling(world, "nessie"), world).filter((service) => isAbsent(world, service));
  const refs = gone.flatMap((service) => clusterOf(service) ?? []).filter((ref) => isAbsent(world, ref));
  return [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
}
