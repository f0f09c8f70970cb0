/** Facts as checks and edges see them: indexed, typed, and honest about what could not be read. */
import { isList, isRecord, refKey } from "./model.ts";
import { part, ShapeError } from "./decode.ts";
import type {
  Component,
  Facts,
  Failure,
  Judgement,
  KindCheck,
  ListSource,
  ProbeSource,
  RecordSource,
  Source,
  SourceResult,
  World,
} from "./model.ts";

interface Named {
  metadata?: { name?: string; namespace?: string };
}

/**
 * A view of these facts, with the kinds and judges of these components. Sources that were never asked for answer with a
 * failure of their own.
 */
export function openWorld(facts: Facts, components: readonly Component[] = []): World {
  const indexes = new Map<string, Map<string, unknown>>();
  const result = (source: Source): SourceResult | undefined => facts.sources[source.id];
  const read = new Map<string, Records>();
  const recordsOf = (source: RecordSource): Records => {
    const known = read.get(source.id) ?? readRecords(source, items(source));
    read.set(source.id, known);
    return known;
  };
  const items = (source: ListSource | RecordSource): unknown[] => {
    const found = result(source);
    return found?.ok && "items" in found ? found.items : [];
  };
  const index = (source: ListSource): Map<string, unknown> => {
    const known = indexes.get(source.id);
    if (known) return known;
    const made = new Map(items(source).map((item) => [nameKey(item as Named), item]));
    indexes.set(source.id, made);
    return made;
  };
  const get = (source: ListSource, namespace: string | undefined, name: string): unknown =>
    index(source).get(`${namespace ?? ""}/${name}`);
  const failure = (source: Source): Failure | undefined => {
    const found = result(source);
    if (!found) return isRecord(source) || isList(source) ? notAsked(source) : undefined;
    if (!found.ok) return found.failure;
    return isRecord(source) ? recordsOf(source).failure : undefined;
  };
  const kinds = listedKinds(components);
  const malformed = malformedKeys(facts);
  const checks = Map.groupBy(components.flatMap((component) => component.kinds), ({ source }) => source.kind);
  const judge = onceEach();
  const world: World = {
    now: Date.parse(facts.collectedAt),
    namespace: facts.namespace,
    ...facts.declared ? { declared: facts.declared } : {},
    list: <T>(source: ListSource<T>) => items(source) as T[],
    get: <T>(source: ListSource<T>, namespace: string | undefined, name: string) =>
      get(source, namespace, name) as T | undefined,
    answers: <T>(source: ProbeSource<T>) => {
      const found = result(source);
      return (found?.ok && "answers" in found ? found.answers : {}) as Record<
        string,
        { status: number; body?: T }
      >;
    },
    records: <T>(source: RecordSource<T>) => recordsOf(source).records as T[],
    failure,
    kinds,
    presence(ref) {
      const source = kinds.get(ref.kind);
      if (!source) return undefined;
      if (failure(source) || malformed.size > 0 && malformed.has(refKey(ref))) return "unread";
      // A star stands for all of a kind.
      return ref.name === "*" || get(source, ref.namespace, ref.name) !== undefined ? "present" : "absent";
    },
    judge: (check, object) => judge(check, object, world),
    judged: (ref) =>
      (checks.get(ref.kind) ?? []).flatMap((check) => {
        const object = get(check.source, ref.namespace, ref.name);
        return object ? judge(check, object, world) ?? [] : [];
      }),
  };
  return world;
}

/** A probe that had nothing to ask has no entry; a list always has one, or nobody asked for it. */
function notAsked(source: ListSource | RecordSource): Failure {
  if (isRecord(source)) return { kind: "server-error", message: `the facts hold no ${source.records}` };
  if (!source.later) return { kind: "server-error", message: `the facts hold no list of ${source.kind}` };
  const message = `these facts were saved by a release that did not ask for the kind ${source.kind}`;
  return { kind: "not-installed", message };
}

function listedKinds(components: readonly Component[]): Map<string, ListSource> {
  const lists = components.flatMap((component) => component.sources.filter(isList));
  return new Map(lists.toReversed().map((source) => [source.kind, source]));
}

function malformedKeys(facts: Facts): Set<string> {
  return new Set(
    Object.values(facts.sources).flatMap((result) =>
      result.ok && "items" in result ? (result.malformed ?? []).map(({ object }) => refKey(object)) : []
    ),
  );
}

/** Runs each judge once for each object. */
function onceEach(): (check: KindCheck, object: unknown, world: World) => Judgement | undefined {
  const made = new Map<KindCheck, Map<unknown, Judgement | undefined>>();
  return (check, object, world) => {
    const known = made.get(check) ?? new Map<unknown, Judgement | undefined>();
    made.set(check, known);
    if (known.has(object)) return known.get(object);
    known.set(object, undefined);
    try {
      const said = check.judge(object, world);
      known.set(object, said);
      return said;
    } catch (error) {
      known.delete(object);
      throw error;
    }
  };
}

interface Records {
  records: unknown[];
  failure?: Failure;
}

/** Records come from a file as well as from a checkpoint: those that are not what they should be are not known. */
function readRecords(source: RecordSource, items: readonly unknown[]): Records {
  const records: unknown[] = [];
  let failure: Failure | undefined;
  for (const item of items) {
    try {
      const kept = part(source.read, item, "a record of it");
      if (kept !== undefined) records.push(kept);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      failure ??= {
        kind: "malformed",
        message: `the ${source.records} are not understood: ${error.message}`,
      };
    }
  }
  return { records, ...failure ? { failure } : {} };
}

function nameKey(item: Named): string {
  return `${item.metadata?.namespace ?? ""}/${item.metadata?.name ?? ""}`;
}
