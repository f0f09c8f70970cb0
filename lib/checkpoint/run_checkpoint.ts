/**
 * The one runner of checkpoints. A checkpoint says what it tries and how it gets its clients; opening, the scratch scope,
 * progress, records, cleaning up and what is left over are the runner's.
 */
import { note, progress } from "../cli/terminal.ts";
import type { Asked } from "../command.ts";
import { CannotLook } from "../engine/errors.ts";
import type { Component, Connection, Facts, SourceResult, World } from "../engine/model.ts";
import { openWorld } from "../engine/world.ts";
import { type RunOptions, runTrials } from "./run_trials.ts";
import { inScratch, type Leftover, type Scratch } from "./scratch.ts";
import type { Outcome, Trial, TrialRecord, TrialWords } from "./trial.ts";

/** Records by the id of their source. */
export type Records = Record<string, readonly unknown[]>;

/** What is tried, found and reached. */
export interface Service {
  /** For people, after the service's name: `through a port-forward to Pod a/b`. */
  words: string;
  signal: AbortSignal;
  /** Why nothing can be tried although the service answers: the records of that, in place of all others. */
  untried?: Records;
  /** What the run went over; asked when it is over. */
  connections(): Connection[];
  close(): Promise<void>;
}

/** Things that are tried with the same clients, after all that stands before it. */
export interface Area<C> {
  /** Where its records go; each has failed when `run` throws CannotLook. */
  sources: readonly { id: string }[];
  /** Absent: nobody asked for it, and it leaves no records. */
  run?(context: C, trying: Trying): Promise<Records>;
}

export interface Trying {
  /** Gives records in the order of the trials. */
  trials<T>(trials: readonly Trial<T>[], context: T, judge?: RunOptions["judge"]): Promise<TrialRecord[]>;
  /** Says on a terminal what is being done just now. */
  say(line: string): void;
}

export interface Limits {
  /** Longest time of one trial, in ms. */
  trialMs: number;
  /** Longest time for cleaning up one thing, in ms. */
  undoMs: number;
  /** How long the run should take, in ms: what its marker promises to others. */
  expectedMs: number;
  /** Trials at a time. */
  concurrency: number;
}

/** `W`: what was asked for; `S`: the service; `C`: what trials are given. */
export interface Checkpoint<W, S extends Service, C> {
  /** For people: `the object store`. */
  what: string;
  components(): readonly Component[];
  /** What was asked for, checked as far as it can be without asking the service. UsageError. */
  wanted(asked: Asked): Promise<W>;
  /** CannotLook when there is no service, no way to it, or nobody who answers. */
  open(world: World, asked: Asked, wanted: W): Promise<S>;
  /** Makes the scratch place, removes those of runs that are over, and gives trials what they need. */
  setUp(scratch: Scratch, service: S, wanted: W): Promise<C>;
  areas(wanted: W): readonly Area<C>[];
  /** What is said of cleaning up, when that is over. */
  clean: {
    source: { id: string };
    words: TrialWords;
    outcomes(context: C, leftovers: readonly Leftover[]): Outcome[] | Promise<Outcome[]>;
  };
  /** What is tried after everything was cleaned up, with a scratch scope of its own. */
  last?(wanted: W): Area<S>;
  limits(wanted: W): Limits;
  /** What is added to facts that come from a file. */
  replayed?(facts: Facts, wanted: W): Promise<Facts>;
  /** What is done with the facts, those of a file too. */
  finish?(world: World, wanted: W): Promise<void>;
}

/** An area of nothing but trials, all records of which go to one source. */
export function trialArea<C>(
  source: { id: string },
  trials: readonly Trial<C>[],
  judge?: RunOptions["judge"],
): Area<C> {
  return {
    sources: [source],
    run: async (context, trying) => ({ [source.id]: await trying.trials(trials, context, judge) }),
  };
}

/**
 * Adds to the facts what was tried; of facts from a file nothing is tried. `lead` stands before each line that says what is
 * being done. UsageError, Interrupted.
 */
export async function runCheckpoint<W, S extends Service, C>(
  checkpoint: Checkpoint<W, S, C>,
  facts: Facts,
  asked: Asked,
  lead: () => string = () => "",
): Promise<Facts> {
  const wanted = await checkpoint.wanted(asked);
  const all = !asked.given.has("facts")
    ? await withRecords(checkpoint, facts, asked, { wanted, lead })
    : await checkpoint.replayed?.(facts, wanted) ?? facts;
  await checkpoint.finish?.(openWorld(all), wanted);
  return all;
}

type Sources = Record<string, SourceResult>;

async function withRecords<W, S extends Service, C>(
  checkpoint: Checkpoint<W, S, C>,
  facts: Facts,
  asked: Asked,
  { wanted, lead }: { wanted: W; lead: () => string },
): Promise<Facts> {
  const connections: Connection[] = [];
  let sources: Sources;
  try {
    const service = await checkpoint.open(openWorld(facts), asked, wanted);
    const line = changingLine();
    try {
      line.say(`${lead()}Trying ${checkpoint.what} ${service.words} ...`);
      sources = service.untried
        ? itemsOf(service.untried)
        : await tried(checkpoint, service, wanted, (what) =>
          line.say(`${lead()}Trying ${checkpoint.what}: ${what} ...`));
    } finally {
      line.end();
      await service.close();
      connections.push(...service.connections());
    }
  } catch (error) {
    // Also of a service in which no scratch place could be made: that is told in a report.
    if (!(error instanceof CannotLook)) throw error;
    sources = checkpoint.areas(wanted).reduce((all, area) => joined(all, lost(area, error)), {});
  }
  return {
    ...facts,
    sources: { ...facts.sources, ...sources },
    connections: [...facts.connections ?? [], ...connections],
  };
}

const itemsOf = (records: Records): Sources =>
  Object.fromEntries(Object.entries(records).map(([id, items]) => [id, { ok: true, items: [...items] }]));

function lost<C>({ sources, run }: Area<C>, { failure }: CannotLook): Sources {
  return Object.fromEntries(
    sources.map(({ id }) => [id, run ? { ok: false, failure } : { ok: true, items: [] }]),
  );
}

/** Both; records of one source stand together, and it has failed when one of its areas has. */
function joined(some: Sources, more: Sources): Sources {
  const all = { ...some };
  for (const [id, found] of Object.entries(more)) {
    const before = all[id];
    if (before?.ok === false) continue;
    const both = before && "items" in before && found.ok && "items" in found;
    all[id] = both ? { ok: true, items: [...before.items, ...found.items] } : found;
  }
  return all;
}

async function tried<W, S extends Service, C>(
  checkpoint: Checkpoint<W, S, C>,
  service: S,
  wanted: W,
  say: Trying["say"],
): Promise<Sources> {
  const { clean } = checkpoint;
  const { trialMs, undoMs, expectedMs, concurrency } = checkpoint.limits(wanted);
  const { signal } = service;
  const options: RunOptions = {
    signal,
    trialTimeoutMs: trialMs,
    concurrency,
    say: (title, done, of) => say(`${title} (${done + 1} of ${of})`),
  };
  const trying: Trying = {
    trials: (trials, context, judge) => runTrials(trials, context, { ...options, ...judge ? { judge } : {} }),
    say,
  };
  const started = performance.now();
  const { value: { context, sources }, leftovers } = await cleanedUp(async (scratch) => {
    const context = await checkpoint.setUp(scratch, service, wanted);
    let sources: Sources = {};
    for (const area of checkpoint.areas(wanted)) {
      sources = joined(sources, await areaTried(area, context, trying));
    }
    return { context, sources };
  }, { undoTimeoutMs: undoMs, expectedMs });
  // Whoever stops it while it cleans up wants no report any more.
  signal.throwIfAborted();
  const durationMs = Math.round(performance.now() - started);
  const outcomes = await clean.outcomes(context, leftovers);
  const records = outcomes.map((outcome) => ({ ...outcome, trial: clean.words.id, durationMs }));
  const all = joined(sources, itemsOf({ [clean.source.id]: records }));
  const last = checkpoint.last?.(wanted);
  return last ? joined(all, await areaTried(last, service, trying)) : all;
}

async function areaTried<C>(area: Area<C>, context: C, trying: Trying): Promise<Sources> {
  try {
    return itemsOf(
      await area.run?.(context, trying) ?? Object.fromEntries(area.sources.map(({ id }) => [id, []])),
    );
  } catch (error) {
    if (error instanceof CannotLook) return lost(area, error);
    throw error;
  }
}

/** What `use` gives, and what could not be cleaned up after it. What it throws is thrown when that was said. */
export async function cleanedUp<T>(
  use: (scratch: Scratch) => Promise<T>,
  options: Parameters<typeof inScratch>[1],
): Promise<{ value: T; leftovers: Leftover[] }> {
  const { ended, leftovers } = await inScratch(use, options);
  if (ended.status === "fulfilled") return { value: ended.value, leftovers };
  for (const { what, why } of leftovers) note(`${what} could not be cleaned up: ${why}`);
  throw ended.reason;
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
