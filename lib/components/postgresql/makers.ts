/** What CloudNativePG makes for a cluster: Secrets and Services, by the ends of their names. */
import { GONE, isAbsent, type Maker, type ObjectRef, type World } from "../../engine/model.ts";
import { givenSecrets } from "./edges.ts";
import { clusters } from "./kinds.ts";

const MADE_SECRETS = ["app", "superuser", "ca", "server", "replication"];
const MADE_SERVICES = ["rw", "ro", "r"];

/** The cluster that makes this object, present or absent. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  const to = clusterOf(ref);
  const object = to && world.get(clusters, to.namespace, to.name);
  if (!object) return to && isAbsent(world, to) ? [{ to, via: "made by", inferred: true }] : [];
  if (ref.kind === "Secret" && givenSecrets(object).some(({ name }) => name === ref.name)) return [];
  const explains = ref.kind === "Service" ? [...GONE, "NoEndpoints", "NoAnswer"] : GONE;
  return [{ to, via: "made by", explains, inferred: true }];
}

/** The cluster that should make an absent Secret or Service, by the rule of its name, also when it is gone itself. */
export function clusterOf(ref: ObjectRef): ObjectRef | undefined {
  const ends = ref.kind === "Service" ? MADE_SERVICES : ref.kind === "Secret" ? MADE_SECRETS : [];
  const end = ends.find((word) => ref.name.endsWith(`-${word}`));
  return end
    ? { kind: "Cluster", namespace: ref.namespace, name: ref.name.slice(0, -end.length - 1) }
    : undefined;
}
