/** The S3 checkpoint: what it is asked, how it gets its clients and its scratch place, and what it tries. */
import { givenAddress } from "../../checkpoint/given_address.ts";
import { type Area, type Checkpoint, type Records, type Service } from "../../checkpoint/run_checkpoint.ts";
import { type Leftover, leftoverOutcome } from "../../checkpoint/scratch.ts";
import { type Outcome, passed } from "../../checkpoint/trial.ts";
import { durationMs } from "../../cli/flags.ts";
import { note } from "../../cli/terminal.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import type { Asked } from "../../command.ts";
import type { Given } from "../../cli/flags.ts";
import { isBucketName } from "../../components/object_store/mod.ts";
import { UsageError } from "../../engine/errors.ts";
import type { World } from "../../engine/model.ts";
import { checkBaseline } from "../../load/baseline.ts";
import { clientFiles } from "./client_config/files.ts";
import { settingsOf } from "./client_config/mod.ts";
import { checkDirectory, writeFiles } from "./client_config/write.ts";
import { dialectOf, dialectTrials } from "./compatibility/mod.ts";
import { tablesOfNessie } from "./lifecycle/tables.ts";
import { opsTrials } from "./operations/mod.ts";
import { formatTrials } from "./parquet/mod.ts";
import { measureStore, type PerformanceAsked, performanceAsked, s3Performance } from "./performance/mod.ts";
import { s3Dialect, s3Setup, s3Trials } from "./records.ts";
import { lifecycleTrials, reported } from "./report.ts";
import { removalStep } from "./scratch/places.ts";
import { credentialOutcomes } from "./setup/credentials.ts";
import { warehouseOf } from "./setup/facts.ts";
import { givenKeys } from "./setup/given_keys.ts";
import { ENDPOINT_VARIABLE, needsCluster } from "./needs_cluster.ts";
import {
  type Clients,
  clientsOf,
  openStore,
  type S3Setup,
  setUp,
  setupRecord,
  type Store,
  type Wanted as WantedStore,
} from "./setup/mod.ts";
import { cleanWords, setupTrials } from "./setup/trials.ts";

/** Longest time of one trial; the lifecycle trial may be given more. */
const TRIAL_MS = 60_000;
/** Time for all of them; ten seconds are usual. */
const TRIALS_MS = 10 * 60_000;

interface Wanted extends WantedStore {
  measuring?: PerformanceAsked;
  /** Where the settings of clients are written. */
  directory?: string;
}

interface StoreService extends Service {
  store: Store;
  /** Absent: no keys open the store. */
  clients?: Clients;
  /** The catalog's warehouse, as its configuration names it. */
  warehouse?: string;
  tableLocations: S3Setup["tableLocations"];
}

interface Context extends S3Setup {
  warehouse?: string;
}

export const s3Checkpoint: Checkpoint<Wanted, StoreService, Context> = {
  what: "the object store",
  components: reported,
  wanted: wantedOf,
  open,
  async setUp(scratch, { store, clients, warehouse, tableLocations }, { lifecycleWaitMs }) {
    if (!clients) throw new Error("no keys that the store takes");
    const wait = lifecycleWaitMs === undefined ? {} : { lifecycleWaitMs };
    return {
      ...await setUp(scratch, store, clients, { ...wait, tableLocations }),
      ...warehouse ? { warehouse } : {},
    };
  },
  areas: ({ measuring }) => [
    {
      sources: [s3Setup],
      run: ({ store, warehouse }) => Promise.resolve({ [s3Setup.id]: [setupRecord(store, warehouse)] }),
    },
    { sources: [s3Trials, s3Dialect], run: tryAll },
    // Alone on the store, when all trials are over.
    {
      sources: [s3Performance],
      ...measuring
        ? {
          run: async (context, { say }) => ({
            [s3Performance.id]: await measureStore(context, measuring, (line) => say(`measuring, ${line}`)),
          }),
        }
        : {},
    },
  ],
  clean: {
    source: s3Trials,
    words: cleanWords,
    outcomes: ({ endpoint }, leftovers) => cleaned(endpoint, leftovers),
  },
  limits: ({ lifecycleWaitMs = 0, measuring }) => ({
    trialMs: TRIAL_MS + lifecycleWaitMs,
    undoMs: 15_000,
    expectedMs: TRIALS_MS + lifecycleWaitMs + (measuring?.totalMs ?? 0),
    concurrency: 8,
  }),
  finish: async (world, { directory }) => {
    if (directory !== undefined) await writeSettings(directory, world);
  },
};

/** What waits longest comes first: it is begun first. */
const tryAll: Area<Context>["run"] = async (context, trying) => {
  const trials = [...lifecycleTrials, ...formatTrials, ...opsTrials, ...dialectTrials, ...setupTrials];
  const { dialect, others } = dialectOf(context, await trying.trials(trials, context));
  return { [s3Trials.id]: others, [s3Dialect.id]: dialect };
};

async function open(world: World, asked: Asked, wanted: Wanted): Promise<StoreService> {
  const store = await openStore(world, asked, wanted);
  const clients = store.chosen && await clientsOf(store);
  const warehouse = warehouseOf(world);
  let tables: ReturnType<S3Setup["tableLocations"]> | undefined;
  return {
    ...{ store, warehouse, words: store.connection.words, signal: store.signal },
    ...clients ? { clients } : { untried: withoutKeys(store, warehouse) },
    tableLocations: () =>
      tables ??= needsCluster(asked.given) ? tablesOfNessie(world, asked) : Promise.resolve(undefined),
    connections: () => connectionsOf("the object store", store.connection),
    async close() {
      clients?.destroy();
      await store.close();
    },
  };
}

/** Nobody signs for us: what the keys are worth is all there is to say. */
function withoutKeys(store: Store, warehouse: string | undefined): Records {
  const trials = credentialOutcomes(store.credentials)
    .map((outcome) => ({ ...outcome, trial: "s3.credentials", durationMs: 0 }));
  return { [s3Setup.id]: [setupRecord(store, warehouse)], [s3Trials.id]: trials, [s3Performance.id]: [] };
}

function cleaned(endpoint: string, leftovers: readonly Leftover[]): Outcome[] {
  if (leftovers.length === 0) return [passed("everything that was made is gone again")];
  return leftovers.map((leftover) => {
    const { what, listsOthers } = leftover;
    const bucket = /^bucket (\S+)$/.exec(what)?.[1];
    const [, within, prefix = ""] = /^objects below ([^/]+)\/(.+)$/.exec(what) ?? [];
    const place = bucket ? { bucket, prefix: "" } : within ? { bucket: within, prefix } : undefined;
    return {
      ...leftoverOutcome(leftover),
      ...place && !listsOthers ? { next: [removalStep(endpoint, place)] } : {},
    };
  });
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

async function wantedOf({ given }: Asked): Promise<Wanted> {
  const region = given.get("region") ?? "us-east-1";
  if (!/^[A-Za-z0-9][-A-Za-z0-9_]{0,62}$/.test(region)) {
    throw new UsageError(
      `--region is ${JSON.stringify(region.slice(0, 64))}, which no region can be called.`,
    );
  }
  const endpoint = await givenAddress(given, "endpoint", ENDPOINT_VARIABLE);
  const bucket = bucketOf(given, endpoint);
  const keys = given.has("facts") ? undefined : await givenKeys(given, !needsCluster(given));
  const store = given.get("store");
  const credentials = given.get("credentials");
  const wait = given.get("lifecycle-wait");
  const lifecycleWaitMs = wait === undefined ? undefined : durationMs("lifecycle-wait", wait);
  const measuring = performanceAsked(given);
  if (measuring?.baseline !== undefined && !given.has("facts")) await checkBaseline(measuring.baseline);
  const directory = given.get("write-client-config");
  if (directory !== undefined) await checkDirectory(directory);
  return {
    region,
    ...endpoint ? { endpoint } : {},
    ...bucket === undefined ? {} : { bucket },
    ...keys ? { keys } : {},
    ...store === undefined ? {} : { store },
    ...credentials === undefined ? {} : { credentials },
    ...lifecycleWaitMs === undefined ? {} : { lifecycleWaitMs },
    ...measuring ? { measuring } : {},
    ...directory === undefined ? {} : { directory },
  };
}

/** The bucket that `--bucket` names, of a store that was given. UsageError. */
function bucketOf(given: Given, endpoint: Wanted["endpoint"]): string | undefined {
  const bucket = given.get("bucket");
  if (bucket === undefined) return undefined;
  if (!isBucketName(bucket)) {
    throw new UsageError(
      `--bucket is ${
        JSON.stringify(bucket.slice(0, 64))
      }, which no bucket can be called: 3 to 255 letters, digits, ` +
        "dots, dashes and underscores.",
    );
  }
  if (endpoint?.url !== undefined) return bucket;
  throw new UsageError(
    "--bucket names a bucket of the store at --endpoint, and none was given. Give --endpoint URL, or leave --bucket out.",
  );
}
