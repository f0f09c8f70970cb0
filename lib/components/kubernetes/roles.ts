/** The workloads of this cluster by the roles that they fill. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { deployments, statefulSets, type Workload } from "./kinds.ts";
import { recognise, type Role } from "../../platform/roles.ts";

export interface Filler {
  role: Role;
  ref: ObjectRef;
  object: Workload;
  /** What told the role: `label app.kubernetes.io/name=nessie`. */
  by: string;
}

const fillers = perWorld((world) => {
  const all = [deployments, statefulSets].flatMap((source) =>
    world.list(source).flatMap((object): Filler[] => {
      const { name = "", labels = {} } = object.metadata ?? {};
      const images = (object.spec?.template?.spec?.containers ?? []).flatMap(({ image }) => image ?? []);
      const found = recognise({ name, labels, images });
      return found ? [{ ...found, ref: refOf(source.kind, object), object }] : [];
    })
  );
  return Map.groupBy(all, ({ role }) => role);
});

/** The workloads that fill a role, wherever they are; those of the platform's own namespace first. */
export function filling(world: World, role: Role): Filler[] {
  const elsewhere = ({ ref }: Filler) => ref.namespace === world.namespace ? 0 : 1;
  return (fillers(world).get(role) ?? []).toSorted((a, b) => elsewhere(a) - elsewhere(b));
}

/** The Deployments that fill one of these roles. */
export function deploymentsOf(world: World, ...roles: Role[]): ObjectRef[] {
  return roles.flatMap((role) => filling(world, role)).map(({ ref }) => ref)
    .filter(({ kind }) => kind === "Deployment");
}
