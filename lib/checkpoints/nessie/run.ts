/** Carries the Nessie checkpoint out: finds the catalog, tries everything on scratch branches, takes them back. */
import { inScratch, type Scratch } from "../../checkpoint.ts";
import { runTrials } from "../../checkpoint.ts";
import type { Asked } from "../../cli.ts";
import { type Reference } from "../../clients/nessie.ts";
import { nessieApi } from "../../clients/nessie.ts";
import { givenWay } from "../../clients/reach.ts";
import { CannotLook } from "../../errors.ts";
import type { Facts, Failure, SourceResult, World } from "../../model.ts";
import { note, progress } from "../../terminal.ts";
import type { TrialRecord } from "../../trial.ts";
import { openWorld } from "../../world.ts";
import type { LoadRecord, LoadRow } from "../load/rows.ts";
import { cleanRecords, sweep, type Swept } from "./clean.ts";
import { measureLatency } from "./latency.ts";
import { measureLoad } from "./load.ts";
import { nessiePerformance, nessieSetup, nessieTrials } from "./records.ts";
import { type Catalog, contextOf, type GivenUrl, openCatalog, setupRecord } from "./setup.ts";
import { oldLeftovers } from "./sweep.ts";
import { apiTrials, behaviourTrials } from "./trials.ts";
import { marker } from "./trying.ts";
import type { NessieContext } from "./context.ts";

/** Longest time of one trial. */
const TRIAL_MS = 60_000;
/** Longest time for taking back one thing. */
const UNDO_MS = 10_000;
const CONCURRENCY = 4;

type Sources = Record<string, SourceResult>;

/** Adds to the facts what was tried; of facts from a file it adds nothing. UsageError, Interrupted. */
export async function validate(facts: Facts, asked: Asked): Promise<Facts> {
  const given = givenUrl(asked);
  if (asked.given.has("facts")) return facts;
  const world = openWorld(facts);
  return { ...facts, sources: { ...facts.sources, ...await recorded(world, asked, given) } };
}

/** `--url` wins over NESSIE_URL. UsageError when it is none. */
function givenUrl({ given }: Asked): GivenUrl | undefined {
  const asked = given.get("url");
  const url = asked ?? Deno.env.get("NESSIE_URL");
  if (!url) return undefined;
  const flag = asked === undefined ? "NESSIE_URL" : "--url";
  // Whether it is one shows here, before anything is asked of the cluster.
  void givenWay(flag, url).close();
  return { flag, url };
}

async function recorded(world: World, asked: Asked, given: GivenUrl | undefined): Promise<Sources> {
  let catalog: Catalog;
  try {
    catalog = await openCatalog(world, asked, given);
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return notReached(error.failure);
  }
  const say = speaker(catalog.way.words);
  try {
    return await tryAll(world, asked, catalog, say.say);
  } finally {
    say.end();
    await catalog.close();
  }
}

function notReached(failure: Failure): Sources {
  const all = [nessieTrials, nessiePerformance, nessieSetup];
  return Object.fromEntries(all.map(({ id }) => [id, { ok: false, failure }]));
}

/** One line of progress at a time. */
function speaker(words: string): { say: (line: string) => void; end: () => void } {
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

async function tryAll(world: World, asked: Asked, catalog: Catalog, say: Say): Promise<Sources> {
  const { way, timeoutMs, signal, config } = catalog;
  const undo = nessieApi({ way, timeoutMs });
  const started = performance.now();
  let before: Reference | undefined;
  let swept: Swept[] = [];
  let mark = "";
  const { ended, leftovers } = await inScratch(async (scratch: Scratch) => {
    const context = contextOf(catalog, scratch, world);
    mark = marker(context);
    before = await context.nessie.reference(config.defaultBranch);
    swept = await sweep(undo, await oldLeftovers(context.nessie, new Date()));
    return await carriedOut(context, asked, say);
  }, { undoTimeoutMs: UNDO_MS });
  if (ended.status === "rejected") {
    for (const { what, why } of leftovers) note(`could not be taken back: ${what}: ${why}`);
    if (ended.reason instanceof CannotLook) return notReached(ended.reason.failure);
    throw ended.reason;
  }
  const { trials, measured, setup } = ended.value;
  const end = before && { leftovers, swept, before, mark, root: way.url };
  const clean = end ? await cleanRecords(undo, end, performance.now() - started) : [];
  signal.throwIfAborted();
  return {
    ...items(nessieSetup.id, [setup]),
    ...items(nessieTrials.id, [...trials, ...clean]),
    ...items(nessiePerformance.id, measured),
  };
}

const items = (id: string, all: unknown[]): Sources => ({ [id]: { ok: true, items: all } });

interface CarriedOut {
  setup: unknown;
  trials: TrialRecord[];
  measured: LoadRecord[];
}

async function carriedOut(context: NessieContext, asked: Asked, say: Say): Promise<CarriedOut> {
  const { signal } = context;
  const startedAt = new Date();
  const setup = await setupRecord(context);
  // Alone: what else is under way would be measured with it.
  const latency = await measureLatency(context, say);
  const trials = await runTrials([...behaviourTrials, ...apiTrials], context, {
    signal,
    trialTimeoutMs: TRIAL_MS,
    concurrency: CONCURRENCY,
    say: (title, done, of) => say(`${title} (${done + 1} of ${of})`),
  });
  const load = asked.given.has("load") ? await measureLoad(context, say) : undefined;
  const rows: LoadRow[] = [...latency.rows, ...load?.rows ?? []];
  const { way } = context;
  const run = {
    kind: "run" as const,
    startedAt: startedAt.toISOString(),
    tookMs: Date.now() - startedAt.getTime(),
    store: way.url,
    way: way.how,
    wayWords: way.words,
    missed: load?.missed ?? [],
  };
  return { setup, trials: [...latency.records, ...trials, ...load?.records ?? []], measured: [run, ...rows] };
}
