/**
 * What does not exist, and who would have made it. Each component says what of its kinds makes an object (`makers`); here
 * is decided which objects are asked about, and which makers are missed themselves.
 */
import type { Component, Edge, Finding, Maker, ObjectRef, World } from "../model.ts";
import { definitionOf, GONE, isAbsent, refKey } from "../model.ts";
import { isNotInstalled } from "../unread/failure_reason.ts";

/**
 * Edges to the makers of whatever was judged, and of whatever is needed and is not known to be there; and on to the makers
 * of makers that are not there either.
 */
export function makerEdges(
  components: readonly Component[],
  world: World,
  needed: readonly ObjectRef[],
  findings: readonly Finding[],
): Edge[] {
  const makersOf = askingOnce(components, world);
  const edges: Edge[] = [];
  const asked = new Set<string>();
  const open = [
    ...findings.map(({ object }) => object),
    ...needed.filter((ref) => world.presence(ref) !== "present"),
  ];
  for (let ref = open.pop(); ref; ref = open.pop()) {
    const from = ref;
    if (asked.has(refKey(from))) continue;
    asked.add(refKey(from));
    const definition = definitionOfLost(from, world);
    if (definition) edges.push({ from, to: definition, via: "kind", explains: GONE });
    for (const maker of makersOf(from)) {
      // What a maker that is there knows proves missed another that knows it, and none of which only a name speaks.
      const missed = !isAbsent(world, maker.to) || wasMade(maker.to) || !maker.inferred && wasMade(from);
      edges.push({ optional: !missed, explains: GONE, ...maker, from });
      if (isAbsent(world, maker.to)) open.push(maker.to);
    }
  }
  return edges;

  /** A maker that is there knows the object: it was there once, too. A rule of names alone may be wrong. */
  function wasMade(ref: ObjectRef): boolean {
    return makersOf(ref).some(({ to, inferred }) => !inferred && !isAbsent(world, to));
  }
}

function askingOnce(components: readonly Component[], world: World): (ref: ObjectRef) => readonly Maker[] {
  const known = new Map<string, readonly Maker[]>();
  return (ref) => {
    const key = refKey(ref);
    const makers = known.get(key) ??
      components.flatMap((component) => component.makers?.(ref, world) ?? []);
    known.set(key, makers);
    return makers;
  };
}

/** Objects of a kind that is not served are gone with its definition. */
function definitionOfLost({ kind }: ObjectRef, world: World): ObjectRef | undefined {
  const source = world.kinds.get(kind);
  const failure = source && world.failure(source);
  return failure && isNotInstalled(source, failure) ? definitionOf(source) : undefined;
}
