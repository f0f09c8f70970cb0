/** Carries the S3 checkpoint out: finds the store, tries everything in a scratch place, takes it back, and records. */
import { inScratch, type Leftover, leftoverOutcome, runTrials } from "../../checkpoint/run.ts";
import type { Asked } from "../../command.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import { CannotLook, UsageError } from "../../engine/errors.ts";
import { durationMs } from "../../cli/flags.ts";
import type { Connection, Facts, Failure, SourceResult, World } from "../../engine/model.ts";
import { note, progress } from "../../cli/terminal.ts";
import type { Trial, TrialRecord } from "../../checkpoint/trial.ts";
import { openWorld } from "../../engine/world.ts";
import { givenAddress } from "../../checkpoint/given_address.ts";
import { checkBaseline } from "../../load/baseline.ts";
import { credentialOutcomes } from "./setup/credentials.ts";
import { formatTrials } from "./parquet/mod.ts";
import type { TableLocation } from "./lifecycle/rules.ts";
import { tablesOfNessie } from "./lifecycle/tables.ts";
import { dialectOf, dialectTrials } from "./compatibility/mod.ts";
import { opsTrials } from "./operations/mod.ts";
import { measureStore, type PerformanceAsked, performanceAsked, s3Performance } from "./performance/mod.ts";
import { s3Dialect, s3Setup, s3Trials } from "./records.ts";
import { lifecycleTrials } from "./report.ts";
import {
  clientsOf,
  openStore,
  type S3Setup,
  setUp,
  setupRecord,
  type Store,
  type Wanted,
} from "./setup/mod.ts";
import { settingsOf } from "./client_config/mod.ts";
import { clientFiles } from "./client_config/files.ts";
import { checkDirectory, writeFiles } from "./client_config/write.ts";
import { warehouseOf } from "./setup/facts.ts";
import { removalStep } from "./scratch/places.ts";
import { cleanWords, setupTrials } from "./setup/trials.ts";

/** Longest time of one trial; the lifecycle trial may be given more. */
const TRIAL_MS = 60_000;
/** Time for all of them; ten seconds are usual. */
const TRIALS_MS = 10 * 60_000;
/** Longest time for taking back one thing. */
const UNDO_MS = 15_000;
const CONCURRENCY = 8;

/** Adds to the facts what was tried; of facts from a file it adds nothing. UsageError, Interrupted. */
export async function testStore(facts: Facts, asked: Asked): Promise<Facts> {
  const wanted = await wantedOf(asked);
  const baseline = performanceAsked(asked.given)?.baseline;
  if (baseline !== undefined && !asked.given.has("facts")) await checkBaseline(baseline);
  const directory = asked.given.get("write-client-config");
  if (directory !== undefined) await checkDirectory(directory);
  const seen = asked.given.has("facts") ? facts : withMore(facts, await recorded(facts, asked, wanted));
  if (directory !== undefined) await writeSettings(directory, openWorld(seen));
  return seen;
}

async function writeSettings(directory: string, world: World): Promise<void> {
  const [setup] = world.records(s3Setup);
  const dialect = world.records(s3Dialect);
  if (!setup || dialect.length === 0) {
    note(`No settings were written to ${directory}: it is not known how the store speaks S3.`);
    return;
  }
  const written = await writeFiles(directory, clientFiles(setup, settingsOf(setup, dialect)));
  note(`Settings for clients are in ${directory}: ${written.join(", ")}.`);
}

type Sources = Record<string, SourceResult>;

function withMore(facts: Facts, { sources, connections }: Recorded): Facts {
  return {
    ...facts,
    sources: { ...facts.sources, ...sources },
    connections: [...facts.connections ?? [], ...connections],
  };
}

interface Recorded {
  sources: Sources;
  connections: Connection[];
}

async function recorded(facts: Facts, asked: Asked, wanted: Wanted): Promise<Recorded> {
  const world = openWorld(facts);
  const measuring = performanceAsked(asked.given);
  let store: Store;
  try {
    store = await openStore(world, asked, wanted);
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return { sources: notReached(error.failure, measuring !== undefined), connections: [] };
  }
  const connections = connectionsOf("the object store", store.connection);
  try {
    const setup = items(s3Setup.id, [setupRecord(store, warehouseOf(world))]);
    const unmeasured = measuring ? {} : items(s3Performance.id, []);
    if (!store.chosen) {
      return { sources: { ...setup, ...items(s3Trials.id, withoutKeys(store)), ...unmeasured }, connections };
    }
    const { records, measured } = await tryAll(world, asked, wanted, store, measuring);
    const { dialect, others } = dialectOf(records);
    const tried = { ...items(s3Trials.id, others), ...items(s3Dialect.id, dialect) };
    return { sources: { ...setup, ...tried, ...measured }, connections };
  } catch (error) {
    // A store in which no place could be made is told in a report, too.
    if (!(error instanceof CannotLook)) throw error;
    return { sources: notReached(error.failure, measuring !== undefined), connections };
  } finally {
    await store.close();
  }
}

const items = (id: string, all: unknown[]): Sources => ({ [id]: { ok: true, items: all } });

function notReached(failure: Failure, measuring: boolean): Sources {
  const lost = [s3Setup.id, s3Trials.id, s3Dialect.id, ...measuring ? [s3Performance.id] : []];
  return {
    ...Object.fromEntries(lost.map((id) => [id, { ok: false, failure }])),
    ...measuring ? {} : items(s3Performance.id, []),
  };
}

/** Nobody signs for us: what the keys are worth is all there is to say. */
function withoutKeys(store: Store): TrialRecord[] {
  return credentialOutcomes(store.credentials).map((outcome) => ({
    ...outcome,
    trial: "s3.credentials",
    durationMs: 0,
  }));
}

interface Tried {
  records: TrialRecord[];
  /** The entry of the measurements. */
  measured: Sources;
}

async function tryAll(
  world: World,
  asked: Asked,
  wanted: Wanted,
  store: Store,
  measuring: PerformanceAsked | undefined,
): Promise<Tried> {
  const clients = await clientsOf(store);
  const started = performance.now();
  const line = changingLine();
  try {
    const { ended, leftovers } = await inScratch(async (scratch): Promise<Tried> => {
      line.say(`Trying the object store ${store.connection.words} ...`);
      let tables: Promise<TableLocation[]> | undefined;
      const context = await setUp(scratch, store, clients, {
        ...wanted.lifecycleWaitMs === undefined ? {} : { lifecycleWaitMs: wanted.lifecycleWaitMs },
        tableLocations: () => tables ??= tablesOfNessie(world, asked),
      });
      const records = await runTrials(trials(), context, {
        signal: asked.signal,
        trialTimeoutMs: TRIAL_MS + (wanted.lifecycleWaitMs ?? 0),
        concurrency: CONCURRENCY,
        say: (trial, done, of) => line.say(`Trying the object store: ${done} of ${of}, ${trial} ...`),
      });
      const say = (what: string) => line.say(`Measuring the object store: ${what} ...`);
      return { records, measured: await measured(context, measuring, say) };
    }, { undoTimeoutMs: UNDO_MS, expectedMs: expectedMs(wanted, measuring) });
    if (ended.status === "rejected") {
      for (const { what, why } of leftovers) note(`could not be taken back: ${what}: ${why}`);
      throw ended.reason;
    }
    // Whoever stops it while things are being taken back wants no report any more.
    asked.signal.throwIfAborted();
    const { records, measured: sources } = ended.value;
    const clean = cleanRecords(leftovers, store, performance.now() - started);
    return { records: [...records, ...clean], measured: sources };
  } finally {
    line.end();
    clients.destroy();
  }
}

/** How long the run should take: its trials, and what the flags ask it to wait and to measure. */
export function expectedMs(wanted: Pick<Wanted, "lifecycleWaitMs">, measuring?: { totalMs: number }): number {
  return TRIALS_MS + (wanted.lifecycleWaitMs ?? 0) + (measuring?.totalMs ?? 0);
}

/** Alone on the store, when all trials are over. */
async function measured(
  context: S3Setup,
  asked: PerformanceAsked | undefined,
  say: (what: string) => void,
): Promise<Sources> {
  if (!asked) return items(s3Performance.id, []);
  try {
    return items(s3Performance.id, await measureStore(context, asked, say));
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return { [s3Performance.id]: { ok: false, failure: error.failure } };
  }
}

/** One line on a terminal that says what is being done, in place of what it said before. */
function changingLine(): { say(text: string): void; end(): void } {
  let end = () => {};
  return {
    say(text) {
      end();
      end = progress(text);
    },
    end: () => end(),
  };
}

/** What waits longest comes first: it is begun first. */
function trials(): readonly Trial<S3Setup>[] {
  return [...lifecycleTrials, ...formatTrials, ...opsTrials, ...dialectTrials, ...setupTrials];
}

function cleanRecords(leftovers: readonly Leftover[], store: Store, ms: number): TrialRecord[] {
  const base = { trial: cleanWords.id, durationMs: Math.round(ms) };
  if (leftovers.length === 0) {
    return [{ ...base, result: "held", reason: "Holds", message: "everything that was made is gone again" }];
  }
  return leftovers.map((leftover): TrialRecord => {
    const { what, listsOthers } = leftover;
    const bucket = /^bucket (\S+)$/.exec(what)?.[1];
    const [, within, prefix = ""] = /^objects below ([^/]+)\/(.+)$/.exec(what) ?? [];
    const place = bucket ? { bucket, prefix: "" } : within ? { bucket: within, prefix } : undefined;
    return {
      ...base,
      ...leftoverOutcome(leftover),
      ...place && !listsOthers ? { next: [removalStep(store.connection.url, place)] } : {},
    };
  });
}

/** What was asked, checked. UsageError. */
async function wantedOf({ given }: Asked): Promise<Wanted> {
  const region = given.get("region") ?? "us-east-1";
  if (!/^[A-Za-z0-9][-A-Za-z0-9_]{0,62}$/.test(region)) {
    throw new UsageError(
      `--region is ${JSON.stringify(region.slice(0, 64))}, which no region can be called.`,
    );
  }
  const endpoint = await givenAddress(given, "endpoint", "S3_ENDPOINT");
  const credentials = given.get("credentials");
  const wait = given.get("lifecycle-wait");
  return {
    region,
    ...endpoint ? { endpoint } : {},
    ...credentials === undefined ? {} : { credentials },
    ...wait === undefined ? {} : { lifecycleWaitMs: durationMs("lifecycle-wait", wait) },
  };
}
