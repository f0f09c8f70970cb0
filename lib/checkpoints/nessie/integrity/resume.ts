/** Keeps a walk's tally in the order of the catalog, however its tables come to an end, and writes it down now and then. */
import type { Reference } from "../../../clients/nessie/client.ts";
import { emptyState, outdated, readState, type WalkState, writeState } from "./state.ts";
import { type Shard, shardText } from "./shards/shard.ts";
import type { Tally } from "./tally.ts";

/** For a line of progress. */
export interface Progressed {
  tables: number;
  /** Of this run. */
  files: number;
  findings: number;
  /** The table that was done last. */
  last: string;
  elapsedMs: number;
}

export interface Resumable {
  state: WalkState;
  /** The first entry that is not done yet. */
  from: number;
  /** Waits while this entry is further than so many from the first that is not done. */
  near(index: number, window: number): Promise<void>;
  /** An entry is done; what it gave is added once all before it are. */
  done(index: number, name: string | undefined, apply: (tally: Tally) => void): Promise<void>;
  progress(files: number, elapsedMs: number): Progressed;
  save(finished: boolean): Promise<void>;
}

/** How often the state is written. */
const SAVE_MS = 5000;

/** Begins where an earlier walk came to, if that walk can be gone on with; says so, or why not. */
export async function openState(
  references: readonly Reference[],
  { resume, sample, seed, shard, note }: {
    resume?: string;
    sample?: number;
    seed?: number;
    shard?: Shard;
    note?: (line: string) => void;
  },
): Promise<Resumable> {
  const now = {
    references: references.map(({ name, hash }) => ({ name, hash })),
    ...{ sample, seed },
    ...shard ? { shard: shardText(shard) } : {},
  };
  const before = resume === undefined ? undefined : await readState(resume);
  const why = before && outdated(before, now);
  if (before && why) note?.(`${resume} is not gone on with: ${why}. The walk starts anew.`);
  if (before && !why) note?.(`Going on after ${before.done} entries, the last ${before.last ?? "unknown"}.`);
  const state: WalkState = before && !why ? before : {
    ...emptyState(now),
    ...sample === undefined ? {} : { seed: seed ?? Math.floor(Math.random() * 2 ** 31) },
  };
  return keeping(state, resume);
}

function keeping(state: WalkState, path: string | undefined): Resumable {
  const early = new Map<number, { name?: string; apply: (tally: Tally) => void }>();
  let waiting: (() => void)[] = [];
  let saved = performance.now();
  const save = async (finished: boolean) => {
    if (path === undefined) return;
    saved = performance.now();
    await writeState(path, { ...state, finished });
  };
  return {
    state,
    from: state.done,
    async near(index, window) {
      while (index - state.done > window) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async done(index, name, apply) {
      early.set(index, { ...name === undefined ? {} : { name }, apply });
      for (let next = early.get(state.done); next; next = early.get(state.done)) {
        early.delete(state.done);
        next.apply(state.tally);
        state.last = next.name ?? state.last;
        state.done++;
      }
      const awake = waiting;
      waiting = [];
      for (const resolve of awake) resolve();
      if (performance.now() - saved > SAVE_MS) await save(false);
    },
    progress: (files, elapsedMs) => ({
      tables: state.tally.tables + state.tally.views,
      files,
      findings: state.tally.findings.length,
      last: state.last ?? "",
      elapsedMs,
    }),
    save,
  };
}
