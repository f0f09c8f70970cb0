/** The workloads of this cluster by the roles that they fill. */
import { type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { declaration, declaredRole } from "./declared.ts";
import { deployments, statefulSets, type Workload } from "./kinds.ts";
import {
  isBroad,
  isCatalog,
  isJudgedByComponent,
  isPartOfLakehouse,
  mayScaleToZero,
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
  /** What speaks against it. */
  doubt?: string;
}

/** What tells the role of an object that the declaration of the platform names. */
export const DECLARED = "the declaration";

const recognised = perWorld((world) => {
  const named = namedObjects(world);
  return [deployments, statefulSets].flatMap((source) =>
    world.list(source).flatMap((object): Filler[] => {
      const ref = refOf(source.kind, object);
      const role = named.size === 0 ? undefined : named.get(refKey(ref));
      if (role) return [{ role, by: DECLARED, ref, object }];
      const { name = "", labels = {} } = object.metadata ?? {};
      // The first container is what `kubectl` takes for the main one; those beside it have a job of their own.
      const [main] = object.spec?.template?.spec?.containers ?? [];
      const images = main?.image ? [main.image] : [];
      const found = recognise({ name, labels, images });
      return found ? [{ ...found, ref, object }] : [];
    })
  );
});

/** The workloads that the declaration names, with the roles that it gives them. */
function namedObjects(world: World): ReadonlyMap<string, Role> {
  return new Map(
    [...declaration(world)?.roles ?? []].flatMap(([role, { objects }]) =>
      isBroad(role) ? [] : objects.map((ref) => [refKey(ref), role] as const)
    ),
  );
}

const byRole = perWorld((world) => {
  const groups = Map.groupBy(recognised(world), ({ role }) => role);
  return new Map([...groups].map(([role, all]) => [role, chosen(role, all, world)]));
});

/** What is declared; where nothing is, what is recognised. */
function chosen(role: Role, all: readonly Filler[], world: World): readonly Filler[] {
  const said = declaredRole(world, role);
  if (said?.need === "absent") return [];
  if (said && said.objects.length > 0) return all.filter(({ by }) => by === DECLARED);
  const catalogs = isCatalog(role) ? declaredRole(world, "catalog") : undefined;
  if (catalogs?.need === "absent") return [];
  if (catalogs && catalogs.objects.length > 0) {
    const keys = new Set(catalogs.objects.map(refKey));
    return all.filter(({ ref }) => keys.has(refKey(ref)));
  }
  return isPartOfLakehouse(role) ? own(all, world) : all;
}

/** The workloads that bear the signs of a role, also where it is declared absent. */
export function bearers(world: World, role: Role): readonly Filler[] {
  return recognised(world).filter((filler) => filler.role === role);
}

/** A part in the platform's own namespace is the platform's; those elsewhere are then of other tenants. */
function own(all: readonly Filler[], world: World): readonly Filler[] {
  const here = all.filter(({ ref }) => ref.namespace === world.namespace);
  return here.length > 0 ? here : all;
}

/** The workloads that fill a role: a part of the lakehouse in the platform's own namespace, if one is there. */
export function filling(world: World, role: Role): readonly Filler[] {
  return byRole(world).get(role) ?? [];
}

/** Whether the declaration names what fills it, or says that nothing does. */
function isSettled(world: World, role: Role): boolean {
  const said = [declaredRole(world, role), isCatalog(role) ? declaredRole(world, "catalog") : undefined];
  return said.some((one) => one !== undefined && (one.need === "absent" || one.objects.length > 0));
}

/** Those that would fill it in another namespace, and are not taken because one is in the platform's own. */
export function fillingElsewhere(world: World, role: Role): readonly Filler[] {
  if (isSettled(world, role)) return [];
  const taken = new Set(filling(world, role));
  return bearers(world, role).filter((one) => !taken.has(one));
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

const sleepers = perWorld((world) =>
  new Set(
    allFillers(world).filter(({ role, object }) => mayScaleToZero(role) && object.spec?.replicas === 0)
      .map(({ object }) => object),
  )
);

/** Whether it is scaled to zero and may be: the workers of an engine that gets more of them when there is work. */
export function isAsleep(object: Workload, world: World): boolean {
  return sleepers(world).has(object);
}

/** The Deployments that fill one of these roles. */
export function deploymentsOf(world: World, ...roles: Role[]): ObjectRef[] {
  return roles.flatMap((role) => filling(world, role)).map(({ ref }) => ref)
    .filter(({ kind }) => kind === "Deployment");
}
