/** The Nessie checkpoint: how it gets its clients and its scratch references, and what it tries, an area after the other. */
import { type Area, type Checkpoint, type Service, trialArea } from "../../checkpoint/run_checkpoint.ts";
import { skipped } from "../../checkpoint/trial.ts";
import { note } from "../../cli/terminal.ts";
import { connectionsOf } from "../../clients/kubernetes/service_connection.ts";
import type { Reference } from "../../clients/nessie/client.ts";
import type { Asked } from "../../command.ts";
import { loadFacts } from "../../disk/facts_file.ts";
import { openWorld } from "../../engine/world.ts";
import { CannotLook } from "../../engine/errors.ts";
import type { Facts, Failure, World } from "../../engine/model.ts";
import type { LoadRecord } from "../../load/rows.ts";
import type { NessieContext } from "./context.ts";
import { type Wanted, wantedOf } from "./flags.ts";
import { capabilityRecords } from "./iceberg_rest/mod.ts";
import { capabilities as tried } from "./iceberg_rest/report.ts";
import { tryCapabilities } from "./iceberg_rest/run.ts";
import { walk } from "./integrity/mod.ts";
import { integrityRecords, integrityTotals, nessieIntegrityTotals } from "./integrity/records.ts";
import { joined, nessieShard, shardText, together } from "./integrity/shards/mod.ts";
import { readState } from "./integrity/state.ts";
import { integrityWords, nessieIntegrity } from "./integrity/words.ts";
import { latencyWords, measureLatency } from "./performance/latency.ts";
import { measureLoad } from "./performance/load.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { reported } from "./report.ts";
import { beginRun, type CatalogRun, endRun } from "./scratch/catalog_run.ts";
import { SCRATCH } from "./scratch/own_reference.ts";
import { type Catalog, contextOf, openCatalog, setupRecord } from "./setup/mod.ts";
import { openWarehouse, type WarehouseStore } from "./setup/warehouse_store.ts";
import { storageTrials } from "./storage/mod.ts";
import { restarted } from "./storage/restarting.ts";
import { restartWords } from "./storage/restart.ts";
import { tryStorage } from "./storage/run.ts";
import { apiTrials, behaviourTrials, cleanWords } from "./trials.ts";
import { judgeRejection } from "./trying.ts";

interface CatalogService extends Service {
  asked: Asked;
  world: World;
  catalog: Catalog;
  /** The object store of its warehouse; or why there is no way to it, which is told where objects are looked at. */
  warehouse: Promise<WarehouseStore | { failure: Failure }>;
}

interface Context extends NessieContext {
  service: CatalogService;
  startedAt: Date;
  /** Absent: it walks through a part of the tables, and makes nothing. */
  run?: CatalogRun;
}

export const nessieCheckpoint: Checkpoint<Wanted, CatalogService, Context> = {
  what: "the catalog",
  components: reported,
  async wanted(asked) {
    const wanted = await wantedOf(asked);
    if (wanted.resume !== undefined && !asked.given.has("facts")) await readState(wanted.resume);
    return wanted;
  },
  open,
  async setUp(scratch, service, { shard }) {
    const { catalog, world } = service;
    const startedAt = new Date();
    if (shard) {
      return { ...contextOf(catalog, scratch, world), service, startedAt };
    }
    const run = await beginRun(catalog, scratch, world);
    return { ...run.context, service, startedAt, run };
  },
  areas: (wanted) =>
    wanted.shard ? [setup, othersSkipped(`--shard ${shardText(wanted.shard)}`), integrity(wanted)] : [
      setup,
      // Alone: what else is under way would be measured with it.
      latency,
      trialArea(nessieTrials, [...behaviourTrials, ...apiTrials], judgeRejection),
      storage,
      capabilities,
      integrity(wanted),
      load(wanted),
    ],
  replayed,
  clean: {
    source: nessieTrials,
    words: cleanWords,
    outcomes: ({ run }, leftovers) =>
      run ? endRun(run, leftovers) : [skipped("a shard of the walk makes nothing")],
  },
  last: ({ restart }) => ({ sources: [nessieTrials], ...restart ? { run: restarting } : {} }),
  // A run takes half a minute, with --load two; a walk through many tables may take longer.
  limits: () => ({ trialMs: 60_000, undoMs: 10_000, expectedMs: 15 * 60_000, concurrency: 4 }),
};

const setup: Area<Context> = {
  sources: [nessieSetup],
  run: async (context) => ({ [nessieSetup.id]: [await setupRecord(context)] }),
};

/** A shard walks and does nothing else: of several shards each would try the same. */
const othersSkipped = (asked: string): Area<Context> => ({
  sources: [nessieTrials, nessiePerformance, capabilityRecords],
  run() {
    const skip = (all: readonly { id: string }[]) =>
      all.map(({ id }) => ({
        ...skipped(`not tried: ${asked} follows tables only`),
        trial: id,
        durationMs: 0,
      }));
    return Promise.resolve({
      [nessieTrials.id]: skip([latencyWords, ...behaviourTrials, ...apiTrials, ...storageTrials]),
      [nessiePerformance.id]: [],
      [capabilityRecords.id]: skip(tried),
    });
  },
});

/** Of the facts of one shard and those of all others: what one walk would have left. UsageError. */
async function replayed(facts: Facts, { join }: Wanted): Promise<Facts> {
  if (!join) return facts;
  const shardIn = (from: string, one: Facts) => ({ from, record: openWorld(one).records(nessieShard).at(0) });
  const others = await Promise.all(join.map(async (path) => shardIn(path, await loadFacts(path))));
  const walked = joined(together([shardIn("--facts", facts), ...others]));
  return {
    ...facts,
    sources: {
      ...facts.sources,
      [nessieIntegrity.id]: { ok: true, items: integrityRecords(walked) },
      [nessieIntegrityTotals.id]: { ok: true, items: [integrityTotals(walked)] },
      [nessieShard.id]: { ok: true, items: [] },
    },
  };
}

async function open(world: World, asked: Asked, wanted: Wanted): Promise<CatalogService> {
  const { url, storeCa, noCluster } = wanted;
  const catalog = await openCatalog(world, asked, url);
  const warehouse = noCluster
    ? Promise.resolve({ failure: { kind: "unreachable", message: NO_KEYS } as const })
    : openWarehouse(world, asked, storeCa);
  // It is waited for where objects are looked at.
  warehouse.catch(() => {});
  const connections = connectionsOf("the catalog", catalog.connection);
  return {
    ...{ asked, world, catalog, warehouse, words: catalog.connection.words, signal: catalog.signal },
    connections: () => connections,
    async close() {
      await catalog.close();
      const opened = await warehouse.catch(() => undefined);
      if (!opened || "failure" in opened) return;
      connections.push(...connectionsOf("the object store", opened.session.connection));
      await opened.close();
    },
  };
}

const latency: Area<Context> = {
  sources: [nessieTrials, nessiePerformance],
  async run(context, { say }) {
    const { rows, records } = await measureLatency(context, say);
    return { [nessieTrials.id]: records, [nessiePerformance.id]: rows };
  },
};

/** The commits and reads a second, where they are asked for; and when and where all was measured. */
const load = (wanted: Wanted): Area<Context> => ({
  sources: [nessieTrials, nessiePerformance],
  async run(context, { say }) {
    const { startedAt, connection } = context;
    const { rows, missed, records, more = [] } = wanted.load
      ? await measureLoad(context, say, baselineOf(wanted))
      : { rows: [], missed: [], records: [] };
    const run: LoadRecord = {
      kind: "run",
      startedAt: startedAt.toISOString(),
      tookMs: Date.now() - startedAt.getTime(),
      store: connection.url,
      way: connection.how,
      wayWords: connection.words,
      missed,
    };
    return { [nessieTrials.id]: records, [nessiePerformance.id]: [run, ...rows, ...more] };
  },
});

const baselineOf = ({ saveBaseline: save, baseline }: Wanted) => ({
  ...save === undefined ? {} : { save },
  ...baseline === undefined ? {} : { baseline },
});

const storage: Area<Context> = {
  sources: [nessieTrials],
  async run(context, trying) {
    const { catalog, asked: { cluster, timeoutMs, signal } } = context.service;
    if (catalog.place && catalog.kube) {
      const options = { cluster, timeoutMs, signal };
      const { workload } = catalog.place;
      return { [nessieTrials.id]: await tryStorage(context, workload, catalog.kube, options, trying) };
    }
    const outcome = skipped(
      `where this catalog keeps its data is not known: its address was given (${catalog.given?.flag})`,
    );
    return { [nessieTrials.id]: storageTrials.map(({ id }) => ({ ...outcome, trial: id, durationMs: 0 })) };
  },
};

const capabilities: Area<Context> = {
  sources: [capabilityRecords],
  async run(context, trying) {
    const store = await context.service.warehouse;
    return {
      [capabilityRecords.id]: await tryCapabilities(context, "failure" in store ? {} : store, trying),
    };
  },
};

const NO_KEYS = "no cluster is asked, so the keys of the object store are not known";

const notWalked = {
  [nessieIntegrity.id]: integrityWords.map(({ id }) => ({
    ...skipped(`not looked at: ${NO_KEYS}`),
    trial: id,
    durationMs: 0,
  })),
};

const integrity = (wanted: Wanted): Area<Context> => ({
  sources: [nessieIntegrity, nessieIntegrityTotals, nessieShard],
  ...wanted.integrity
    ? {
      async run(context, { say }) {
        const store = await context.service.warehouse;
        if (wanted.noCluster) return { ...notWalked, [nessieIntegrityTotals.id]: [], [nessieShard.id]: [] };
        if ("failure" in store) throw new CannotLook(store.failure);
        const { sample, limit, resume, shard, memory } = wanted;
        const walked = await walk({
          catalog: { ...context.nessie, references: () => withoutScratch(context.nessie.references()) },
          store: store.reader,
          session: store.session,
          warehouses: "why" in context.wanted
            ? []
            : context.wanted.warehouses.map(({ location }) => location),
          ...{ sample, limit, resume, shard, memory },
          signal: context.signal,
          say: ({ tables, files }) => say(`${tables} tables, ${files} files looked at`),
          note,
        });
        return {
          [nessieIntegrity.id]: integrityRecords(walked, shard),
          [nessieIntegrityTotals.id]: [integrityTotals(walked, shard)],
          [nessieShard.id]: shard ? [{ shard, walked }] : [],
        };
      },
    }
    : {},
});

/** Scratch branches, of this run and of others that are under way, hold pointers to nothing. */
async function* withoutScratch(all: AsyncIterable<Reference>): AsyncGenerator<Reference, void, void> {
  for await (const reference of all) if (!reference.name.startsWith(SCRATCH)) yield reference;
}

/** After all else, for ways to the old pods break. */
const restarting: Area<CatalogService>["run"] = async ({ catalog, asked }, { say }) => {
  const started = performance.now();
  const outcomes = await restarted(catalog, asked, say);
  const durationMs = Math.round(performance.now() - started);
  return { [nessieTrials.id]: outcomes.map((one) => ({ ...one, trial: restartWords.id, durationMs })) };
};
