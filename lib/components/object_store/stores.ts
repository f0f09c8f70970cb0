/** The object stores of this cluster, Rook's and others, each with the Service where it speaks S3. */
import { type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { type Role, rolesWithin, s3PortOf } from "../../platform/mod.ts";
import { own } from "../../untrusted/lookup.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { type Filler, filling, type HttpPort, portOf, type Service, services } from "../kubernetes/mod.ts";
import { cephObjectStores, gatewayOf } from "../rook_ceph/mod.ts";

export interface ObjectStore {
  /** What it is: a CephObjectStore, or the workload that serves S3. */
  ref: ObjectRef;
  /** The Service before it, present or absent. */
  gateway: ObjectRef;
  /** Where its S3 is; absent of Rook's, whose Service has no other port. */
  port?: HttpPort;
}

/** What the port of S3 is called in charts, where it is called after it. */
const PORT_NAMES = ["s3", "s3-api", "s3api", "swfs-s3"];

/** Every object store that is recognised, Rook's first. */
export const objectStores = perWorld((world): ObjectStore[] => [
  ...world.list(cephObjectStores).map((object) => {
    const ref = refOf("CephObjectStore", object);
    return { ref, gateway: gatewayOf(ref) };
  }),
  ...rolesWithin("object-store").flatMap((role) => otherStores(role, world)),
]);

/** The workloads of a release are one store, and it is found behind the first of its Services with a port for S3. */
function otherStores(role: Role, world: World): ObjectStore[] {
  const number = s3PortOf(role);
  if (number === undefined) return [];
  const releases = Map.groupBy(
    filling(world, role),
    ({ ref, object }) =>
      `${ref.namespace}/${own(object.metadata?.labels ?? {}, "app.kubernetes.io/instance") ?? ref.name}`,
  );
  return [...releases.values()].flatMap((workloads) => {
    const found = workloads.flatMap((workload) => servedBy(workload, number, world));
    return found.toSorted((a, b) => rank(a) - rank(b) || (a.gateway.name < b.gateway.name ? -1 : 1)).slice(
      0,
      1,
    );
  });
}

/** Headless Services lead to pods by name; clients use the other one. */
const rank = ({ gateway: { name } }: ObjectStore): number => /-(headless|hl)$/.test(name) ? 1 : 0;

function servedBy({ ref, object }: Filler, number: number, world: World): ObjectStore[] {
  const { metadata, spec } = object.spec?.template ?? {};
  return world.list(services).filter((service) => selects(service, ref.namespace, metadata?.labels ?? {}))
    .flatMap((service) => {
      const port = portOf([service], { names: PORT_NAMES, numbers: [number] }, spec);
      return port ? [{ ref, gateway: refOf("Service", service), port }] : [];
    });
}

function selects(
  { metadata, spec }: Service,
  namespace: string | undefined,
  labels: Record<string, string>,
): boolean {
  const wanted = Object.entries(spec?.selector ?? {});
  return metadata?.namespace === namespace && wanted.length > 0 &&
    wanted.every(([key, value]) => own(labels, key) === value);
}

/** The store behind this Service, if one is. */
export function storeBehind(gateway: ObjectRef, world: World): ObjectStore | undefined {
  return objectStores(world).find((store) => refKey(store.gateway) === refKey(gateway));
}
