/** The workloads of this cluster by the roles that they fill. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { deployments, statefulSets, type Workload } from "./kinds.ts";
import { isJudgedByComponent, recognise, type Role } from "../../platform/mod.ts";

export interface Filler {
  role: Role;
  ref: ObjectRef;
  object: Workload;
  /** What told the role: `label app.kubernetes.io/name=nessie`. */
  by: string;
}

/** Every workload that fills a role. */
export const allFillers = perWorld((world) =>
  [deployments, statefulSets].flatMap((source) =>
    world.list(source).flatMap((object): Filler[] => {
      const { name = "", labels = {} } = object.metadata ?? {};
      const images = (object.spec?.template?.spec?.containers ?? []).flatMap(({ image }) => image ?? []);
      const found = recognise({ name, labels, images });
      return found ? [{ ...found, ref: refOf(source.kind, object), object }] : [];
    })
  )
);

const byRole = perWorld((world) => Map.groupBy(allFillers(world), ({ role }) => role));

const judgedByComponent = perWorld((world) =>
  new Set(allFillers(world).filter(({ role }) => isJudgedByComponent(role)).map(({ object }) => object))
);

/** The namespaces of the lakehouse itself: the one that was asked for, and those where its parts run. */
export const platformNamespaces = perWorld((world): ReadonlySet<string> =>
  new Set([
    world.namespace,
    ...allFillers(world).flatMap(({ role, ref }) => isJudgedByComponent(role) ? ref.namespace ?? [] : []),
  ])
);

/** Whether the check of its component says how this workload is. */
export function isSaidByComponent(object: Workload, world: World): boolean {
  return judgedByComponent(world).has(object);
}

/** The workloads that fill a role, wherever they are; those of the platform's own namespace first. */
export function filling(world: World, role: Role): Filler[] {
  const elsewhere = ({ ref }: Filler) => ref.namespace === world.namespace ? 0 : 1;
  return (byRole(world).get(role) ?? []).toSorted((a, b) => elsewhere(a) - elsewhere(b));
}

/** The Deployments that fill one of these roles. */
export function deploymentsOf(world: World, ...roles: Role[]): ObjectRef[] {
  return roles.flatMap((role) => filling(world, role)).map(({ ref }) => ref)
    .filter(({ kind }) => kind === "Deployment");
}
