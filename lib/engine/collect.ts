/** Reads every source once, side by side, each within its own limit; the only stage that does I/O. */
import { CannotLook } from "./errors.ts";
import type {
  Answer,
  Component,
  Connection,
  DeclaredFile,
  Facts,
  Failure,
  FailureKind,
  ListSource,
  Malformed,
  ProbeSource,
  Source,
  SourceResult,
  World,
} from "./model.ts";
import { isList, isProbe } from "./model.ts";
import { quote } from "../redact/mod.ts";
import { part, ShapeError } from "./decode.ts";
import { cut } from "../untrusted/text.ts";
import { openWorld } from "./world.ts";

/** What collecting needs of a cluster client. */
export interface Reading {
  context: string;
  /** How it is connected to the API server. */
  connection?: Connection;
  /** GETs a path within the client's limit. Throws CannotLook when there was no answer to speak of. */
  get(path: string, options: { metadataOnly?: boolean; raw?: boolean; tail?: number }): Promise<Answer>;
  /** Whether the API server can be asked at all. */
  preflight?(): Promise<{ ok: true } | { ok: false; failure: Failure }>;
}

export interface CollectOptions {
  namespace: string;
  declared?: DeclaredFile;
  now?: () => Date;
}

/** What these components read, each source once, whoever names it. */
export function sourcesOf(components: readonly Component[]): Source[] {
  return [...new Map(components.flatMap((one) => one.sources).map((source) => [source.id, source])).values()];
}

/** The namespace where most parts of the lakehouse run, in the order of the components; undefined when none was found. */
export function homeOf(components: readonly Component[], facts: Facts): string | undefined {
  const world = openWorld(facts, components);
  const [declared] = components.flatMap((component) => component.declaredHome?.(world) ?? []);
  if (declared !== undefined) return declared;
  const homes = components.flatMap((component) => component.home?.(world) ?? []);
  const counts = Map.groupBy(homes, (name) => name);
  return homes.toSorted((a, b) => (counts.get(b)?.length ?? 0) - (counts.get(a)?.length ?? 0))[0];
}

/**
 * Facts of these sources. Never throws for a source that fails: its entry says why. One request goes ahead of the others:
 * it opens the connection that they share, and where nobody can get in, it is the only one.
 */
export async function collect(
  reading: Reading,
  sources: readonly Source[],
  options: CollectOptions,
): Promise<Facts> {
  const facts: Facts = {
    ...emptyFacts(reading.context, options),
    ...reading.connection ? { connections: [reading.connection] } : {},
  };
  if (sources.length === 0) return facts;
  const client = await afterFirstContact(reading);
  const lists = new Map<string, Promise<void>>();
  for (const source of sources) {
    if (!isList(source)) continue;
    lists.set(source.id, readList(client, source).then((result) => void (facts.sources[source.id] = result)));
  }
  // Those that wait for the same lists find their targets in one world, which works out what it is asked for once.
  const together = Map.groupBy(sources.filter(isProbe), ({ after }) => after.map(({ id }) => id).join());
  const probes = [...together.values()].map(async (group) => {
    await Promise.all((group[0]?.after ?? []).map((list) => lists.get(list.id)));
    const world = openWorld(facts);
    await Promise.all(group.map(async (source) => {
      const result = await readProbe(client, source, world);
      if (result) facts.sources[source.id] = result;
    }));
  });
  await Promise.all([...lists.values(), ...probes]);
  return facts;
}

function emptyFacts(context: string, { namespace, declared, now }: CollectOptions): Facts {
  return {
    schema: "lakecheck.facts/v1",
    collectedAt: (now?.() ?? new Date()).toISOString(),
    context,
    namespace,
    ...declared ? { declared } : {},
    sources: {},
  };
}

/** Facts of a run that asks no cluster. */
export function factsWithoutCluster(options: CollectOptions): Facts {
  return { ...emptyFacts("", options), noCluster: true };
}

/** Kinds of failure of a first contact that every other request would come to. */
const NO_WAY_IN: readonly FailureKind[] = ["certificate", "unauthorized", "unreachable", "timeout"];

/** The same, or one that answers every request with why there is no way in. */
async function afterFirstContact(client: Reading): Promise<Reading> {
  const met = await client.preflight?.();
  if (!met || met.ok || !NO_WAY_IN.includes(met.failure.kind)) return client;
  const { failure } = met;
  return { context: client.context, get: () => Promise.reject(new CannotLook(failure)) };
}

/**
 * The facts of what these components read. Where nobody has said which namespace is the platform's (`isPlaced`), it is
 * where most of its parts run; `namespace` where none was found.
 */
export async function collectPlatform(
  reading: Reading,
  components: readonly Component[],
  { isPlaced, namespace, declared }: CollectOptions & { isPlaced: boolean },
): Promise<Facts> {
  const facts = await collect(reading, sourcesOf(components), {
    namespace: isPlaced ? namespace : "",
    declared,
  });
  return isPlaced ? facts : { ...facts, namespace: homeOf(components, facts) ?? namespace };
}

/** Turns whatever was thrown into the reason a source has no data. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CannotLook) return error.failure;
  if (error instanceof ShapeError) return { kind: "malformed", message: error.message };
  return {
    kind: "server-error",
    message: quote(error instanceof Error ? error.message : String(error), [], 500),
  };
}

async function readList(client: Reading, source: ListSource): Promise<SourceResult> {
  let failure: Failure | undefined;
  for (const path of [source.path, ...source.fallbacks ?? []]) {
    try {
      const answer = await client.get(path, source.metadataOnly ? { metadataOnly: true } : {});
      return await decodeList(source, answer);
    } catch (error) {
      failure = failureOf(error);
      if (failure.kind !== "not-installed") break;
    }
  }
  return {
    ok: false,
    failure: failure ?? { kind: "not-installed", message: `${source.kind} has no API path` },
  };
}

async function decodeList(source: ListSource, answer: Answer): Promise<SourceResult> {
  const items = (answer.body as { items?: unknown } | undefined)?.items;
  if (!Array.isArray(items)) {
    return { ok: false, failure: { kind: "malformed", message: `the list of ${source.kind} has no items` } };
  }
  await source.prepare?.(items);
  const kept: unknown[] = [];
  const malformed: Malformed[] = [];
  for (const item of items) {
    try {
      const decoded = part(source.read, item, source.kind);
      if (decoded !== undefined) kept.push(decoded);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      malformed.push({ object: nameOf(source.kind, item), message: error.message });
    }
  }
  return malformed.length > 0 ? { ok: true, items: kept, malformed } : { ok: true, items: kept };
}

/** UTF-16 units of a name that is told of an object that is not understood. */
const LONGEST_NAME = 253;

function nameOf(kind: string, item: unknown): { kind: string; namespace?: string; name: string } {
  const metadata = (item as { metadata?: { name?: unknown; namespace?: unknown } } | null)?.metadata;
  const name = typeof metadata?.name === "string" ? cut(metadata.name, LONGEST_NAME) : "(without a name)";
  return typeof metadata?.namespace === "string"
    ? { kind, namespace: cut(metadata.namespace, LONGEST_NAME), name }
    : { kind, name };
}

/**
 * undefined: there was nothing to ask. One target that fails fails the source, for they share their way there, unless
 * they are `apart`: then all must have failed.
 */
async function readProbe(
  client: Reading,
  source: ProbeSource,
  world: World,
): Promise<SourceResult | undefined> {
  try {
    const targets = Object.entries(source.targets(world));
    if (targets.length === 0) return undefined;
    const { tail, apart } = source;
    const asked = targets.map(async ([name, path]) => {
      const answer = await client.get(path, { raw: true, ...tail === undefined ? {} : { tail } });
      return [name, { status: answer.status, ...decodeBody(source, answer.body) }] as const;
    });
    const settled = await Promise.allSettled(asked);
    const answers = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    if (!apart || answers.length === 0) await Promise.all(asked);
    return { ok: true, answers: Object.fromEntries(answers) };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}

/** An error page has another shape than the answer we hoped for; its status says enough. */
function decodeBody(source: ProbeSource, body: unknown): { body?: unknown } {
  try {
    const kept = source.read(body);
    return kept === undefined ? {} : { body: kept };
  } catch (error) {
    if (error instanceof ShapeError) return {};
    throw error;
  }
}
