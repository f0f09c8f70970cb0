/** What CloudNativePG makes for a cluster, by the ends of the names: Secrets and Services. */
import type { ObjectRef } from "../../engine/model.ts";

const MADE_SECRETS = ["app", "superuser", "ca", "server", "replication"];
const MADE_SERVICES = ["rw", "ro", "r"];

/** The cluster that should make an absent Secret or Service, by the rule of its name, also when it is gone itself. */
export function clusterOf(ref: ObjectRef): ObjectRef | undefined {
  const ends = ref.kind === "Service" ? MADE_SERVICES : ref.kind === "Secret" ? MADE_SECRETS : [];
  const end = ends.find((word) => ref.name.endsWith(`-${word}`));
  return end
    ? { kind: "Cluster", namespace: ref.namespace, name: ref.name.slice(0, -end.length - 1) }
    : undefined;
}
