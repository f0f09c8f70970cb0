/** Whether a database is just changing its primary, which is no fault although nobody can write meanwhile. */
import type { World } from "../../engine/model.ts";
import { ageSeconds } from "../common/mod.ts";
import type { Cluster } from "./kinds.ts";
import { platformClusters } from "./platform_clusters.ts";

/** After another instance was chosen, labels, endpoints and open connections follow within this time. */
const CHANGE_SECONDS = 60;

/** Whether another primary was asked for a moment ago, of a cluster that existed before. */
export function isChangingPrimary(object: Cluster, world: World): boolean {
  const asked = ageSeconds(world.now, object.status?.targetPrimaryTimestamp);
  return asked !== undefined && asked < CHANGE_SECONDS && !object.metadata?.deletionTimestamp;
}

/** The cluster of the platform that is just changing its primary, if one is. */
export function changingCluster(world: World): string | undefined {
  return platformClusters(world).find((object) => isChangingPrimary(object, world))?.metadata?.name;
}
