/** Facts as checks and edges see them: indexed, typed, and honest about what could not be read. */
import { isList, isRecord } from "./model.ts";
import { part, ShapeError } from "./decode.ts";
import type {
  Facts,
  Failure,
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

/** A view of these facts. Sources that were never asked for answer with a failure of their own. */
export function openWorld(facts: Facts): World {
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
  return {
    now: Date.parse(facts.collectedAt),
    namespace: facts.namespace,
    list: <T>(source: ListSource<T>) => items(source) as T[],
    get: <T>(source: ListSource<T>, namespace: string | undefined, name: string) =>
      index(source).get(`${namespace ?? ""}/${name}`) as T | undefined,
    answers: <T>(source: ProbeSource<T>) => {
      const found = result(source);
      return (found?.ok && "answers" in found ? found.answers : {}) as Record<
        string,
        { status: number; body?: T }
      >;
    },
    records: <T>(source: RecordSource<T>) => recordsOf(source).records as T[],
    failure: (source: Source): Failure | undefined => {
      const found = result(source);
      // A probe that had nothing to ask has no entry; a list always has one, or nobody asked for it.
      if (!found && isList(source)) {
        return { kind: "server-error", message: `the facts hold no list of ${source.kind}` };
      }
      if (!found && isRecord(source)) {
        return { kind: "server-error", message: `the facts hold no ${source.records}` };
      }
      if (found && !found.ok) return found.failure;
      return isRecord(source) ? recordsOf(source).failure : undefined;
    },
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
