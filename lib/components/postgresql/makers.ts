/** What CloudNativePG makes for a cluster. */
import { GONE, isAbsent, type Maker, type ObjectRef, type World } from "../../engine/model.ts";
import { givenSecrets } from "./edges.ts";
import { clusters } from "./kinds.ts";
import { clusterOf } from "./names.ts";

/** The cluster that makes this object, present or absent. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  const to = clusterOf(ref);
  const object = to && world.get(clusters, to.namespace, to.name);
  if (!object) return to && isAbsent(world, to) ? [{ to, via: "made by", inferred: true }] : [];
  if (ref.kind === "Secret" && givenSecrets(object).some(({ name }) => name === ref.name)) return [];
  const explains = ref.kind === "Service" ? [...GONE, "NoEndpoints", "NoAnswer"] : GONE;
  return [{ to, via: "made by", explains, inferred: true }];
}
