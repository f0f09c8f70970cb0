/** The Iceberg checkpoint: how it gets its engines and its scratch namespace, and what it tries. */
import { type Area, type Checkpoint, type Service } from "../../checkpoint/run_checkpoint.ts";
import { failed, type Outcome, passed, skipped, unknown } from "../../checkpoint/trial.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import type { Reference } from "../../clients/nessie/client.ts";
import { cannotLook } from "../../clients/network_errors.ts";
import type { Asked } from "../../command.ts";
import { CannotLook } from "../../engine/errors.ts";
import { failureReason } from "../../engine/unread/failure_reason.ts";
import type { Failure, World } from "../../engine/model.ts";
import { isGood, words } from "../nessie/iceberg_rest/replies.ts";
import { scratchWarehouse } from "../nessie/iceberg_rest/run.ts";
import { beginRun, type CatalogRun, endRun } from "../nessie/scratch/catalog_run.ts";
import { type Catalog, openCatalog } from "../nessie/setup/mod.ts";
import { openWarehouse, type WarehouseStore } from "../nessie/setup/warehouse_store.ts";
import { artefactsOf } from "./artefacts.ts";
import type { IcebergContext, Workspace } from "./context.ts";
import { type OpenedEngine, openEngines } from "./engines/open.ts";
import { toldOf } from "./failures.ts";
import { type Wanted, wantedOf } from "./flags.ts";
import { icebergSetup, icebergTimes, icebergTrials, type SetupRecord } from "./records.ts";
import { reported } from "./report.ts";
import { statementTimes } from "./times.ts";
import { cleanWords, engineObject, engineWords, icebergTrialList } from "./trials/mod.ts";

interface IcebergService extends Service {
  asked: Asked;
  world: World;
  catalog: Catalog;
  store: WarehouseStore | { failure: Failure };
  /** What must be closed beside them. */
  engines: OpenedEngine[];
}

interface Context extends IcebergContext {
  run: CatalogRun;
  opened: readonly OpenedEngine[];
  service: IcebergService;
}

/** Longest time of one trial: a cold Spark on a busy machine takes a second a statement. */
const TRIAL_MS = 5 * 60_000;
const EXPECTED_MS = 15 * 60_000;

export const icebergCheckpoint: Checkpoint<Wanted, IcebergService, Context> = {
  what: "tables",
  components: reported,
  wanted: wantedOf,
  open,
  async setUp(scratch, service, wanted) {
    const { catalog, store, world, asked } = service;
    if ("failure" in store) throw new CannotLook(store.failure);
    const run = await beginRun(catalog, scratch, world);
    const { open: openRest, home, warehouse } = scratchWarehouse(run.context, store);
    if (!home) {
      const message =
        "where the catalog's warehouse lies is not known, so nothing could be cleaned up after trying. " +
        "Next: deno task validate:nessie --verbose says what is known of it";
      throw cannotLook("unreachable", message);
    }
    const { nessie, makeBranch } = run.context;
    const workspace = async (purpose: string, from?: Reference): Promise<Workspace> => {
      const branch = await makeBranch(purpose, from);
      const rest = await openRest(branch);
      const artefacts = artefactsOf({ nessie, branch: branch.name, namespace: rest.root, store });
      return { branch, rest, artefacts };
    };
    const main = await workspace("iceberg");
    await createNamespace(main);
    const fork: IcebergContext["fork"] = async (purpose, from) =>
      await workspace(purpose, from ?? await nessie.reference(main.branch.name));
    const setting = {
      ...{ world, asked, catalog, store },
      ...warehouse === undefined ? {} : { warehouse },
      ...wanted.extensions === undefined ? {} : { extensions: wanted.extensions },
    };
    service.engines = await openEngines(wanted.engines, setting);
    const engines = service.engines.flatMap((one) => "engine" in one ? [one.engine] : []);
    const times = statementTimes();
    for (const one of service.engines) if ("engine" in one) times.add(one.name, "open", one.openedMs);
    return {
      another: async ({ name }) => {
        const [one] = await openEngines([name], setting);
        if (one && "engine" in one) return one.engine;
        const why = one && "failure" in one ? one.failure.message : "it does not start again";
        throw cannotLook("unreachable", `${name} could not be opened a second time: ${why}`);
      },
      ...{ nessie: run.context, engines, main, fork, home, times, signal: asked.signal, run, service },
      opened: service.engines,
    };
  },
  areas: (wanted) => [{ sources: [icebergSetup, icebergTrials, icebergTimes], run: tryAll(wanted) }],
  clean: {
    source: icebergTrials,
    words: cleanWords,
    outcomes: ({ run }, leftovers) => endRun(run, leftovers),
  },
  limits: () => ({ trialMs: TRIAL_MS, undoMs: 120_000, expectedMs: EXPECTED_MS, concurrency: 3 }),
};

async function open(world: World, asked: Asked, { url }: Wanted): Promise<IcebergService> {
  const catalog = await openCatalog(world, asked, url);
  const connections = connectionsOf("the catalog", catalog.connection);
  try {
    const store = await openWarehouse(world, asked);
    const service: IcebergService = {
      ...{
        asked,
        world,
        catalog,
        store,
        engines: [],
        words: catalog.connection.words,
        signal: catalog.signal,
      },
      connections: () => connections,
      async close() {
        await Promise.all(service.engines.map((one) => "engine" in one ? one.engine.close() : undefined));
        if (!("failure" in store)) {
          connections.push(...connectionsOf("the object store", store.session.connection));
          await store.close();
        }
        await catalog.close();
      },
    };
    return service;
  } catch (error) {
    await catalog.close();
    throw error;
  }
}

/** Another fork of it has the namespace with the branch. */
async function createNamespace({ rest }: Workspace): Promise<void> {
  const reply = await rest.send("POST", "/namespaces", { namespace: [rest.root], properties: {} });
  if (!isGood(reply)) {
    throw cannotLook("server-error", `the scratch namespace could not be made: ${words(reply)}`);
  }
}

const tryAll = ({ named }: Wanted): Area<Context>["run"] => async (context, trying) => {
  const engines = context.opened.map((one) => ({
    ...engineOutcome(one, named),
    object: engineObject(one.name),
    trial: engineWords.id,
    durationMs: Math.round(one.openedMs),
  }));
  const records = context.engines.length > 0 ? await trying.trials(icebergTrialList, context) : [];
  return {
    [icebergSetup.id]: [setupRecord(context)],
    [icebergTrials.id]: [...engines, ...records],
    [icebergTimes.id]: context.times.rows(),
  };
};

function engineOutcome(one: OpenedEngine, named: boolean): Outcome {
  if ("engine" in one) {
    return passed(`${one.title} ${one.engine.version} runs ${one.engine.words}`);
  }
  if ("failure" in one) {
    return unknown(failureReason(one.failure.kind), `${one.title}: ${one.failure.message}`);
  }
  if ("refused" in one) {
    const { reason, message } = one.refused;
    return failed(reason, `${one.title} does not start: ${message}`, toldOf(one.refused));
  }
  return named ? unknown("NoEngine", `${one.title}: ${one.absent}`) : skipped(`${one.title}: ${one.absent}`);
}

function setupRecord({ service: { catalog }, home, main, opened }: Context): SetupRecord {
  const { connection, place } = catalog;
  return {
    url: connection.url,
    words: connection.words,
    ...place ? { service: place.service } : {},
    home: `s3://${home.bucket}/${home.base}${main.rest.root}/`,
    engines: opened.flatMap((one) =>
      "engine" in one
        ? [{
          name: one.name,
          version: one.engine.version,
          words: one.engine.words,
          ...one.pod ? { pod: one.pod } : {},
        }]
        : []
    ),
  };
}
