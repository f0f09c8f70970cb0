/** What Applications hold: which objects are theirs, which of those are gone or fail, and which Applications are the platform's. */
import { isAbsent, type ListSource, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { allFillers, platformNamespaces } from "../kubernetes/mod.ts";
import { componentOfRole } from "../../platform/mod.ts";
import { type Application, applications, type Resource } from "./kinds.ts";

/** What tools of GitOps run in serves everybody, and says of nothing whose it is. */
const SHARED = new Set(["argo-cd", "flux"]);

/** Whether it is applied to this cluster, and not to another that the same Argo CD keeps. */
export function isHere({ spec }: Application): boolean {
  const { server, name } = spec?.destination ?? {};
  return name === undefined
    ? server === undefined || /^https:\/\/kubernetes\.default\.svc(\.|:|\/|$)/.test(server)
    : name === "in-cluster";
}

/** The objects that it holds in this cluster. */
export function resourcesOf(object: Application): readonly Resource[] {
  return isHere(object) ? object.status?.resources ?? [] : [];
}

/** Those of which it is known whether they exist, and that should. */
export function wantedBy(object: Application): ObjectRef[] {
  return resourcesOf(object).filter(({ listed, leaving }) => listed && !leaving).map(({ ref }) => ref);
}

/** Objects that it holds and that do not exist. */
export function absentOf(object: Application, world: World): ObjectRef[] {
  return wantedBy(object).filter((ref) => isAbsent(world, ref));
}

/** Objects that it holds and that have failed. */
export function failingIn(object: Application, world: World): ObjectRef[] {
  return wantedBy(object).filter((ref) => world.judged(ref).some(({ status }) => status === "critical"));
}

/** Which Applications hold an object, by its key. */
export const applicationsOf = perWorld((world) => {
  const found = new Map<string, ObjectRef[]>();
  for (const object of world.list(applications)) {
    for (const ref of wantedBy(object)) {
      const key = refKey(ref);
      found.set(key, [...found.get(key) ?? [], refOf("Application", object)]);
    }
  }
  return found;
});

const heldKinds = perWorld((world) =>
  new Set(world.list(applications).flatMap((object) => wantedBy(object).map(({ kind }) => kind)))
);

/** Whether some Application holds objects of this kind: the platform uses it. */
export function holdsKind(world: World, source: ListSource): boolean {
  return heldKinds(world).has(source.kind);
}

const namespaces = perWorld((world): ReadonlySet<string> => {
  const parts = allFillers(world).filter(({ role }) => !SHARED.has(componentOfRole(role)));
  return new Set([...platformNamespaces(world), ...parts.flatMap(({ ref }) => ref.namespace ?? [])]);
});

const concerns = perWorld((world) => {
  const known = new Map<string, boolean>();
  const ask = (object: Application): boolean => {
    const key = refKey(refOf("Application", object));
    const told = known.get(key);
    if (told !== undefined) return told;
    // What holds itself is asked once.
    known.set(key, false);
    const { namespace } = object.spec?.destination ?? {};
    const own = isHere(object) && (namespaces(world).has(namespace ?? "") ||
      resourcesOf(object).some(({ ref }) => {
        if (ref.kind !== "Application") return namespaces(world).has(ref.namespace ?? "");
        const child = world.get(applications, ref.namespace, ref.name);
        return child !== undefined && ask(child);
      }));
    known.set(key, own);
    return own;
  };
  return ask;
});

/** Whether it applies something to where the platform runs: one Argo CD often keeps what is of many. */
export function isOfPlatform(object: Application, world: World): boolean {
  return concerns(world)(object);
}

/** The platform's Applications. */
export const platformApplications = perWorld((world) =>
  world.list(applications).filter((object) => isOfPlatform(object, world))
);
