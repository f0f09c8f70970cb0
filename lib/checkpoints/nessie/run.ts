/** Carries the Nessie checkpoint out: finds the catalog, tries everything on scratch branches, takes them back. */
import { inScratch, type RunOptions, runTrials, type Scratch } from "../../checkpoint/run.ts";
import type { Asked } from "../../command.ts";
import { nessieApi, type Reference } from "../../clients/nessie/client.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../engine/errors.ts";
import type { Connection, Facts, Failure, SourceResult, World } from "../../engine/model.ts";
import { note, progress } from "../../cli/terminal.ts";
import type { TrialRecord } from "../../checkpoint/trial.ts";
import { openWorld } from "../../engine/world.ts";
import type { LoadRecord } from "../../load/rows.ts";
import { capabilityRecords } from "./iceberg_rest/mod.ts";
import { tryCapabilities } from "./iceberg_rest/run.ts";
import { cleanRecords } from "./scratch/clean.ts";
import type { NessieContext } from "./context.ts";
import { walk } from "./integrity/mod.ts";
import { integrityRecords, integrityTotals, nessieIntegrityTotals } from "./integrity/records.ts";
import { readState } from "./integrity/state.ts";
import { nessieIntegrity } from "./integrity/words.ts";
import { measureLatency } from "./performance/latency.ts";
import { measureLoad } from "./performance/load.ts";
import { SCRATCH } from "./scratch/own_reference.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { type Catalog, contextOf, openCatalog, setupRecord } from "./setup/mod.ts";
import { restarted } from "./storage/restarting.ts";
import { storageTrials } from "./storage/mod.ts";
import { tryStorage } from "./storage/run.ts";
import { stillUnclear, sweepReferences, type SweepTools, type SweptReference } from "./scratch/sweep.ts";
import { apiTrials, behaviourTrials } from "./trials.ts";
import { marker } from "./trying.ts";
import { openWarehouse, type WarehouseStore } from "./setup/warehouse_store.ts";
import { type Wanted, wantedOf } from "./flags.ts";

/** Longest time of one trial. */
const TRIAL_MS = 60_000;
/** A run takes half a minute, with --load two; a walk through many tables may take longer. */
const EXPECTED_MS = 15 * 60_000;
/** Longest time for taking back one thing. */
const UNDO_MS = 10_000;
const CONCURRENCY = 4;

/** Adds to the facts what was tried; of facts from a file it adds nothing. UsageError, Interrupted. */
export async function validate(facts: Facts, asked: Asked): Promise<Facts> {
  const wanted = await wantedOf(asked);
  if (asked.given.has("facts")) return facts;
  if (wanted.resume !== undefined) await readState(wanted.resume);
  const world = openWorld(facts);
  const connections = [...facts.connections ?? []];
  const sources = await recorded(world, asked, wanted, connections);
  return { ...facts, sources: { ...facts.sources, ...sources }, connections };
}

type Sources = Record<string, SourceResult>;

/** Adds to `connections` what it goes over. */
async function recorded(
  world: World,
  asked: Asked,
  wanted: Wanted,
  connections: Connection[],
): Promise<Sources> {
  let catalog: Catalog;
  try {
    catalog = await openCatalog(world, asked, wanted.url);
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return notReached(error.failure);
  }
  connections.push(...connectionsOf("the catalog", catalog.connection));
  const say = speaker(catalog.connection.words);
  const store = openWarehouse(world, asked);
  // It is waited for where objects are looked at.
  store.catch(() => {});
  try {
    const sources = await tryAll({ world, asked, wanted, catalog, store, say: say.say });
    if (!asked.given.has("restart")) return sources;
    return withMore(sources, await restarted(catalog, world.namespace, asked, say.say));
  } finally {
    say.end();
    await catalog.close();
    const opened = await store.catch(() => undefined);
    if (opened && !("failure" in opened)) {
      connections.push(...connectionsOf("the object store", opened.session.connection));
      await opened.close();
    }
  }
}

/** The same with further records of trials; as it is when there are none. */
function withMore(sources: Sources, more: readonly TrialRecord[]): Sources {
  const { id } = nessieTrials;
  const found = sources[id];
  return found?.ok && "items" in found ? { ...sources, ...items(id, [...found.items, ...more]) } : sources;
}

const SOURCES = [
  nessieTrials,
  nessiePerformance,
  nessieSetup,
  capabilityRecords,
  nessieIntegrity,
  nessieIntegrityTotals,
];

function notReached(failure: Failure): Sources {
  return Object.fromEntries(SOURCES.map(({ id }) => [id, { ok: false, failure }]));
}

/** One line of progress at a time. */
function speaker(words: string): { say: Say; end: () => void } {
  let done = progress(`Trying the catalog ${words} ...`);
  return {
    say(line) {
      done();
      done = progress(`Trying the catalog: ${line} ...`);
    },
    end: () => done(),
  };
}

type Say = (line: string) => void;

interface Job {
  world: World;
  asked: Asked;
  wanted: Wanted;
  catalog: Catalog;
  store: Promise<WarehouseStore | { failure: Failure }>;
  say: Say;
}

async function tryAll(job: Job): Promise<Sources> {
  const { connection, timeoutMs, signal, config } = job.catalog;
  const undo = nessieApi({ connection, timeoutMs });
  const started = performance.now();
  let before: Reference | undefined;
  let tools: SweepTools | undefined;
  let swept: SweptReference[] = [];
  let blind: string | undefined;
  let mark = "";
  const { ended, leftovers } = await inScratch(async (scratch: Scratch) => {
    const context = contextOf(job.catalog, scratch, job.world);
    mark = marker(context);
    before = await context.nessie.reference(config.defaultBranch);
    const now = await context.marked();
    tools = { api: context.nessie, undo, now, own: scratch.id };
    const seen = await orWhy(sweepReferences(tools));
    if ("why" in seen) blind = seen.why;
    else swept = seen.value;
    return await carriedOut(context, job);
  }, { undoTimeoutMs: UNDO_MS, expectedMs: EXPECTED_MS });
  if (ended.status === "rejected") {
    for (const { what, why } of leftovers) note(`could not be taken back: ${what}: ${why}`);
    if (ended.reason instanceof CannotLook) return notReached(ended.reason.failure);
    throw ended.reason;
  }
  const { trials, ...sources } = ended.value;
  const again = tools ? await orWhy(stillUnclear(tools, swept)) : { value: [] };
  const unclear = "why" in again ? swept.filter(({ state }) => state === "unclear") : again.value;
  const unseen = blind === undefined ? {} : { unseen: blind };
  const end = before && { leftovers, swept, unclear, ...unseen, before, mark, root: connection.url };
  const clean = end ? await cleanRecords(undo, end, performance.now() - started) : [];
  signal.throwIfAborted();
  return { ...sources, ...items(nessieTrials.id, [...trials, ...clean]) };
}

async function orWhy<T>(looking: Promise<T>): Promise<{ value: T } | { why: string }> {
  try {
    return { value: await looking };
  } catch (error) {
    if (error instanceof CannotLook) return { why: error.failure.message };
    throw error;
  }
}

const items = (id: string, all: unknown[]): Sources => ({ [id]: { ok: true, items: all } });

/** Everything that is tried, a part after the other; `trials` are put together with what is said at the end. */
async function carriedOut(context: NessieContext, job: Job): Promise<Sources & { trials: TrialRecord[] }> {
  const { asked, wanted, say } = job;
  const { signal } = context;
  const options: RunOptions = {
    signal,
    trialTimeoutMs: TRIAL_MS,
    concurrency: CONCURRENCY,
    say: (title, done, of) => say(`${title} (${done + 1} of ${of})`),
  };
  const startedAt = new Date();
  const setup = await setupRecord(context);
  // Alone: what else is under way would be measured with it.
  const latency = await measureLatency(context, say);
  const trials = await runTrials([...behaviourTrials, ...apiTrials], context, options);
  const storage = await storageOf(context, job, options);
  const store = await job.store;
  const capabilities = await capabilitiesOf(context, store, options);
  const integrity = wanted.integrity ? await integrityOf(context, job, store) : integrityItems([], []);
  const load = asked.given.has("load") ? await measureLoad(context, say) : undefined;
  const run: LoadRecord = {
    kind: "run",
    startedAt: startedAt.toISOString(),
    tookMs: Date.now() - startedAt.getTime(),
    store: context.connection.url,
    way: context.connection.how,
    wayWords: context.connection.words,
    missed: load?.missed ?? [],
  };
  return {
    ...items(nessieSetup.id, [setup]),
    ...items(nessiePerformance.id, [run, ...latency.rows, ...load?.rows ?? []]),
    ...capabilities,
    ...integrity,
    trials: [...latency.records, ...trials, ...storage, ...load?.records ?? []],
  } as Sources & { trials: TrialRecord[] };
}

async function storageOf(
  context: NessieContext,
  { asked, catalog }: Job,
  options: RunOptions,
): Promise<TrialRecord[]> {
  const { kubeconfig, context: name, timeoutMs, signal } = asked;
  if (!catalog.given) {
    return await tryStorage(context, catalog.kube, { kubeconfig, context: name, timeoutMs, signal }, options);
  }
  const message =
    `where this catalog keeps its data is not known: its address was given (${catalog.given.flag})`;
  return storageTrials.map(({ id }) => ({
    trial: id,
    durationMs: 0,
    result: "skipped",
    reason: "NotApplicable",
    message,
  }));
}

async function capabilitiesOf(
  context: NessieContext,
  store: WarehouseStore | { failure: Failure },
  options: RunOptions,
): Promise<Sources> {
  const { id } = capabilityRecords;
  const given = "failure" in store ? {} : { objects: store.objects, undoObjects: store.undoObjects };
  try {
    return items(id, await tryCapabilities(context, given, options));
  } catch (error) {
    if (error instanceof CannotLook) return { [id]: { ok: false, failure: error.failure } };
    throw error;
  }
}

const integrityItems = (found: unknown[], totals: unknown[]): Sources => ({
  ...items(nessieIntegrity.id, found),
  ...items(nessieIntegrityTotals.id, totals),
});

async function integrityOf(
  context: NessieContext,
  { wanted, say }: Job,
  store: WarehouseStore | { failure: Failure },
): Promise<Sources> {
  const not = (failure: Failure): Sources =>
    Object.fromEntries(
      [nessieIntegrity, nessieIntegrityTotals].map(({ id }) => [id, { ok: false, failure }]),
    );
  if ("failure" in store) return not(store.failure);
  const { sample, limit, resume } = wanted;
  try {
    const walked = await walk({
      catalog: { ...context.nessie, references: () => withoutScratch(context.nessie.references()) },
      store: store.reader,
      session: store.session,
      warehouses: "why" in context.wanted ? [] : context.wanted.warehouses.map(({ location }) => location),
      ...{ sample, limit, resume },
      signal: context.signal,
      say: ({ tables, files }) => say(`${tables} tables, ${files} files looked at`),
      note,
    });
    return integrityItems(integrityRecords(walked), [integrityTotals(walked)]);
  } catch (error) {
    if (error instanceof CannotLook) return not(error.failure);
    throw error;
  }
}

/** Scratch branches, of this run and of others that are under way, hold pointers to nothing. */
async function* withoutScratch(all: AsyncIterable<Reference>): AsyncGenerator<Reference, void, void> {
  for await (const reference of all) if (!reference.name.startsWith(SCRATCH)) yield reference;
}
