/**
 * What is there in place of an object that is missing: it has the same name elsewhere, or nearly the name, or is the only
 * one of its nature. One sentence for people; no verdict hangs on it.
 */
import { contains, looksLike } from "../../untrusted/edit_distance.ts";
import { memo } from "../memo.ts";
import type { Component, ListSource, ObjectRef, World } from "../model.ts";
import { isAbsent, refKey, refText } from "../model.ts";
import { listed } from "../sentence.ts";

/** More of them tell nothing. */
const MOST_NAMED = 3;

interface Named {
  metadata?: { name?: string; namespace?: string };
}

const refsByKind = memo((world: World) => {
  const known = new Map<string, readonly ObjectRef[]>();
  return (kind: string): readonly ObjectRef[] => {
    const source = world.kinds.get(kind) as ListSource<Named> | undefined;
    const refs = known.get(kind) ?? (source ? world.list(source) : []).map(({ metadata }): ObjectRef => ({
      kind,
      ...metadata?.namespace ? { namespace: metadata.namespace } : {},
      name: metadata?.name ?? "",
    }));
    known.set(kind, refs);
    return refs;
  };
});

/**
 * What is there in place of this object, as a clause; undefined when nothing is, or when it is not known to be missing.
 * `scope` are the platform's namespaces: what other tenants have is no answer. Costs time by the objects of its kind.
 */
export function insteadOf(
  ref: ObjectRef,
  components: readonly Component[],
  world: World,
  scope: ReadonlySet<string>,
): string | undefined {
  const told = components.flatMap((component) => component.instead?.(ref, world) ?? []);
  if (!isAbsent(world, ref)) return told[0];
  const others = refsByKind(world)(ref.kind).filter(({ name, namespace }) =>
    name !== "" && (namespace === ref.namespace || scope.has(namespace ?? ""))
  );
  const here = others.filter(({ namespace }) => namespace === ref.namespace);
  const same = others.filter(({ name }) => name === ref.name);
  if (same.length > 0) {
    const places = same.map(({ namespace }) => namespace ?? "");
    return `${ref.kind} ${ref.name} exists in ${same.length > 1 ? "namespaces" : "namespace"} ${
      listed(places)
    }`;
  }
  return nearly(here.filter(({ name }) => looksLike(name, ref.name))) ??
    nearly(here.filter(({ name }) => contains(name, ref.name))) ??
    told[0] ??
    nearly(others.filter(({ name }) => looksLike(name, ref.name)));
}

function nearly(found: readonly ObjectRef[]): string | undefined {
  if (found.length === 0 || found.length > MOST_NAMED) return undefined;
  const names = found.toSorted((a, b) => refKey(a) < refKey(b) ? -1 : 1).map(refText);
  return `${listed(names)} ${found.length > 1 ? "have" : "has"} nearly that name`;
}
