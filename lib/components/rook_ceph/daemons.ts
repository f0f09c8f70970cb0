/** Ceph's daemons, as Rook deploys them. */
import type { World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { deployments } from "../kubernetes/mod.ts";
import { workloadChecks } from "../workloads/mod.ts";

/** Deployments of Ceph's daemons, by Rook's labels. */
export const daemonsOf = perWorld((world) =>
  world.list(deployments).flatMap((object) => {
    const { app, rook_object_store: store } = object.metadata?.labels ?? {};
    const [, type] = app?.match(/^rook-ceph-(mon|mgr|osd|mds|rgw)$/) ?? [];
    return type ? [{ type, store, ref: refOf("Deployment", object) }] : [];
  })
);

/** Whether a daemon of that type, in that namespace, fails: then what it carries is not merely on its way. */
export function daemonFails(
  namespace: string | undefined,
  wanted: (type: string) => boolean,
  world: World,
): boolean {
  return daemonsOf(world).some(({ type, ref }) => {
    const object = world.get(deployments, ref.namespace, ref.name);
    return ref.namespace === namespace && wanted(type) && object !== undefined &&
      world.judge(workloadChecks.Deployment, object)?.status === "critical";
  });
}

/** The daemons that a kind stands on; Ceph's users and pools stand on the others' objects. */
export function carries(kind: string): (type: string) => boolean {
  if (kind === "CephObjectStore") return (type) => type === "rgw";
  if (kind === "CephCluster") return (type) => type !== "rgw";
  return () => false;
}
