/** The workloads of this cluster by the roles that they fill. */
import type { ObjectRef, World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { deployments, statefulSets, type Workload } from "./kinds.ts";
import {
  isJudgedByComponent,
  isPartOfLakehouse,
  otherCatalogTitle,
  recognise,
  type Role,
} from "../../platform/mod.ts";

export interface Filler {
  role: Role;
  ref: ObjectRef;
  object: Workload;
  /** What told the role: `label app.kubernetes.io/name=nessie`. */
  by: string;
}

const recognised = perWorld((world) =>
  [deployments, statefulSets].flatMap((source) =>
    world.list(source).flatMap((object): Filler[] => {
      const { name = "", labels = {} } = object.metadata ?? {};
      // The first container is what `kubectl` takes for the main one; those beside it have a job of their own.
      const [main] = object.spec?.template?.spec?.containers ?? [];
      const images = main?.image ? [main.image] : [];
      const found = recognise({ name, labels, images });
      return found ? [{ ...found, ref: refOf(source.kind, object), object }] : [];
    })
  )
);

const byRole = perWorld((world) => {
  const groups = Map.groupBy(recognised(world), ({ role }) => role);
  return new Map([...groups].map(([role, all]) => [role, isPartOfLakehouse(role) ? own(all, world) : all]));
});

/** A part in the platform's own namespace is the platform's; those elsewhere are then of other tenants. */
function own(all: readonly Filler[], world: World): readonly Filler[] {
  const here = all.filter(({ ref }) => ref.namespace === world.namespace);
  return here.length > 0 ? here : all;
}

/** The workloads that fill a role: a part of the lakehouse in the platform's own namespace, if one is there. */
export function filling(world: World, role: Role): readonly Filler[] {
  return byRole(world).get(role) ?? [];
}

/** Every workload that fills a role of this platform. */
export const allFillers = perWorld((world) => [...byRole(world).values()].flat());

const parts = perWorld((world) => allFillers(world).filter(({ role }) => isPartOfLakehouse(role)));

/** Iceberg catalogs that are not Nessie, with what each is called. */
export const otherCatalogs = perWorld((world) =>
  allFillers(world).flatMap(({ role, ref }) => {
    const title = otherCatalogTitle(role);
    return title === undefined ? [] : [{ title, ref }];
  })
);

/** The namespaces of the lakehouse itself: the one that was asked for, and those where its parts run. */
export const platformNamespaces = perWorld((world): ReadonlySet<string> =>
  new Set([world.namespace, ...parts(world).flatMap(({ ref }) => ref.namespace ?? [])])
);

const partObjects = perWorld((world) =>
  new Set(parts(world).filter(({ role }) => isJudgedByComponent(role)).map(({ object }) => object))
);

/** Whether the check of its component says how this workload is. */
export function isSaidByComponent(object: Workload, world: World): boolean {
  return partObjects(world).has(object);
}

/** The Deployments that fill one of these roles. */
export function deploymentsOf(world: World, ...roles: Role[]): ObjectRef[] {
  return roles.flatMap((role) => filling(world, role)).map(({ ref }) => ref)
    .filter(({ kind }) => kind === "Deployment");
}
