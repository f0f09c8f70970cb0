/** Which component an object belongs to, and which pods a workload has. */
import type { World } from "../../engine/model.ts";
import { isReady, perWorld } from "../common/mod.ts";
import { type Pod, pods, replicaSets } from "./kinds.ts";
import { allFillers, platformNamespaces } from "./roles.ts";
import { componentOf, componentOfRole } from "../../platform/mod.ts";

interface Described {
  metadata?: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    ownerReferences?: { kind?: string; name?: string; controller?: boolean }[];
  };
}

/** The component that an object belongs to; `workloads` when it is none that we know. */
export function placeOf(object: Described, world: World): string {
  const { name = "", namespace = "", labels } = object.metadata ?? {};
  const isDatabase = labels?.["cnpg.io/cluster"] !== undefined || ownerOf(object)?.kind === "Cluster";
  if (isDatabase) return "postgresql";
  const near = partsByNamespace(world).get(namespace) ?? new Map<string, string>();
  return componentOf(name, namespace, world.namespace, near) ?? "workloads";
}

/** The components of the parts that were found, by namespace and name. */
const partsByNamespace = perWorld((world) => {
  const groups = Map.groupBy(allFillers(world), ({ ref }) => ref.namespace ?? "");
  return new Map([...groups].map(([namespace, all]) => {
    return [namespace, new Map(all.map(({ role, ref }) => [ref.name, componentOfRole(role)]))];
  }));
});

/** Whether an object is of the platform or of what it stands on, and not of another tenant of the cluster. */
export function isOurs(object: Described, world: World): boolean {
  return platformNamespaces(world).has(object.metadata?.namespace ?? "") ||
    placeOf(object, world) !== "workloads";
}

export interface Owner {
  kind: string;
  name: string;
}

/** The object that controls this one, or the first owner. */
export function ownerOf(object: Described): Owner | undefined {
  const owners = object.metadata?.ownerReferences ?? [];
  const owner = owners.find((entry) => entry.controller) ?? owners[0];
  return owner?.kind && owner.name ? { kind: owner.kind, name: owner.name } : undefined;
}

const known = perWorld(() => new WeakMap<Pod, { owner: Owner | undefined }>());

/** The workload a pod belongs to: its Deployment rather than its ReplicaSet. */
export function workloadOf(pod: Pod, world: World): Owner | undefined {
  const found = known(world).get(pod) ?? { owner: findWorkload(pod, world) };
  known(world).set(pod, found);
  return found.owner;
}

function findWorkload(pod: Pod, world: World): Owner | undefined {
  const owner = ownerOf(pod);
  if (owner?.kind !== "ReplicaSet") return owner;
  const set = world.get(replicaSets, pod.metadata?.namespace, owner.name);
  return (set && ownerOf(set)) ?? deploymentByName(owner);
}

/** When ReplicaSets cannot be listed, their names still say whose they are: NAME-HASH. */
function deploymentByName(set: Owner): Owner {
  const cut = set.name.lastIndexOf("-");
  return cut > 0 ? { kind: "Deployment", name: set.name.slice(0, cut) } : set;
}

const byNamespace = perWorld((world) =>
  Map.groupBy(world.list(pods), (pod) => pod.metadata?.namespace ?? "")
);

/** The pods of a namespace. */
export function podsIn(world: World, namespace: string): Pod[] {
  return byNamespace(world).get(namespace) ?? [];
}

const byWorkload = perWorld(() => new Map<string, Map<string, Pod[]>>());

/** The pods of a workload. */
export function podsOf(world: World, kind: string, namespace: string, name: string): Pod[] {
  const namespaces = byWorkload(world);
  const index = namespaces.get(namespace) ?? Map.groupBy(podsIn(world, namespace), (pod) => {
    const owner = workloadOf(pod, world);
    return owner ? `${owner.kind}/${owner.name}` : "";
  });
  namespaces.set(namespace, index);
  return index.get(`${kind}/${name}`) ?? [];
}

/** The platform's pods, and all that are unwell: what a well pod of another tenant needs is nobody's concern here. */
export const podsOfConcern = perWorld((world) =>
  world.list(pods).filter((pod) => !isReady(pod) || isOurs(pod, world))
);
