/** `--load`: commits and reads a second by concurrency, on a scratch branch of their own; and from when on it is saturated. */
import { CannotLook } from "../../../engine/errors.ts";
import { errorBodyOf, type Key, type Reference } from "../../../clients/nessie/client.ts";
import {
  failed,
  type Outcome,
  passed,
  type TrialRecord,
  type TrialWords,
} from "../../../checkpoint/trial.ts";
import { byOperation, saturationOf } from "../../../load/saturation.ts";
import type { Operation, RequestError } from "../../../load/generator.ts";
import { type Cell, measure } from "../../../load/measure.ts";
import { loadBaseline, saveBaseline, type Subject, unfit } from "../../../load/baseline.ts";
import { nessiePerformance } from "../records.ts";
import type { CellWords, LoadRecord, LoadRow } from "../../../load/rows.ts";
import type { NessieContext } from "../context.ts";
import { commit, furnish, marker, namespace, put, tableAt } from "../trying.ts";

export const loadWords: TrialWords = {
  id: "nessie.load",
  title: "Metadata under load",
  weight: "warning",
  explain:
    "Asked for with --load: one to many workers read entries, contents and the branch, and commit tables of their own, to one " +
    "branch and each to a branch of its own. None of these operations may fail. From which number of workers on more of them only " +
    "wait longer is told, not judged.",
};

const STEPS = [1, 2, 4, 8, 16, 32];
const ROUNDS = 3;
/** Fewer can't tell one row of many from chance. */
const COMPARED_ROUNDS = 9;
/** Raised when the same catalog would give other numbers because of how it is measured. */
const METHOD = 1;
const TOTAL_MS = 60_000;
/** A commit to a branch that others commit to is tried again so often. */
const ATTEMPTS = 100;

interface Place {
  keys: readonly Key[];
  branch: Reference;
  /** One for each worker that may write. */
  branches: readonly Reference[];
}

/** Rows of `nessie.performance`, and what they come to. Interrupted when the signal was aborted. */
export async function measureLoad(
  context: NessieContext,
  say: (line: string) => void,
  { totalMs = TOTAL_MS, steps = STEPS, save, baseline }: {
    totalMs?: number;
    steps?: readonly number[];
    /** Files: where the measurements are kept, and what they are compared with. */
    save?: string;
    baseline?: string;
  } = {},
): Promise<{ rows: LoadRow[]; missed: CellWords[]; records: TrialRecord[]; more?: LoadRecord[] }> {
  const started = performance.now();
  const { head, keys } = await furnish(context, "load");
  const most = Math.max(...steps);
  const branches = await Promise.all(
    Array.from({ length: most }, (_, i) => context.makeBranch(`load-${i}`, head)),
  );
  const place: Place = {
    keys: keys.slice(1),
    branch: await commit(context, head, "a namespace to write to", [namespace("load")]),
    branches,
  };
  const cells = operations(context, place).flatMap(({ name, run, weight }) =>
    steps.map((concurrency): Cell => ({ operation: name, bytes: 0, concurrency, run, weight }))
  );
  const subject: Subject = {
    of: nessiePerformance.id,
    store: context.connection.url,
    way: context.connection.how,
    method: METHOD,
    cells,
  };
  const before = baseline === undefined ? undefined : await loadBaseline(baseline, subject);
  const startedAt = new Date().toISOString();
  const { rows, missed } = await measure(cells, {
    rounds: save === undefined && !before ? ROUNDS : COMPARED_ROUNDS,
    totalMs,
    timeoutMs: context.timeoutMs + 1000,
    signal: context.signal,
    say,
  });
  const why = save === undefined ? undefined : unfit(rows, missed);
  if (save !== undefined && !why) await saveBaseline(save, subject, rows, startedAt);
  const durationMs = Math.round(performance.now() - started);
  return {
    rows,
    missed,
    records: loadOutcomes(rows).map((one) => ({ ...one, trial: loadWords.id, durationMs })),
    more: [...before ? [before] : [], ...why ? [{ kind: "unsaved" as const, why }] : []],
  };
}

function operations(
  context: NessieContext,
  place: Place,
): { name: string; run: Operation; weight: number }[] {
  const { nessie } = context;
  const { keys, branch, branches } = place;
  let n = 0;
  const free = [...branches];
  const read = (ask: (i: number) => Promise<unknown>): Operation => async (i) => {
    await ask(i);
    return 0;
  };
  return [
    { name: "read branch", weight: 1, run: read(() => nessie.reference(branch.name)) },
    { name: "read entries", weight: 1, run: read(() => nessie.page("entries", { at: branch.name })) },
    {
      name: "read content",
      weight: 1,
      run: read((i) => nessie.contents(branch.name, [keys[i % keys.length] ?? []])),
    },
    {
      name: "commit, own branch",
      weight: 2,
      // One commit after the other on a branch that nobody else writes to.
      async run() {
        const own = free.pop();
        if (!own) throw new Error("more workers than branches");
        let after = own;
        try {
          after = await commit(context, own, "load", [put(["shop", `l${n++}`], tableAt(1n))]);
          return 0;
        } catch (error) {
          after = await nessie.reference(own.name).catch(() => own);
          return refusedWith(error);
        } finally {
          free.push(after);
        }
      },
    },
    {
      name: "commit, one branch",
      weight: 2,
      run: async () => await commitShared(context, branch, `s${n++}`),
    },
  ];
}

async function commitShared(
  context: NessieContext,
  branch: Reference,
  name: string,
): Promise<number | RequestError> {
  for (let attempt = 1;; attempt++) {
    try {
      // The namespace's own commit: no writer has changed what is put here since.
      await context.nessie.commit(branch.name, branch.hash, `${marker(context)}: load`, [
        put(["load", name], tableAt(1n)),
      ]);
      return 0;
    } catch (error) {
      if (errorBodyOf(error)?.code !== "REFERENCE_CONFLICT" || attempt === ATTEMPTS) {
        return refusedWith(error);
      }
    }
  }
}

function refusedWith(error: unknown): RequestError {
  const said = errorBodyOf(error);
  if (said) return { kind: said.code, words: said.message };
  if (error instanceof CannotLook) return { kind: error.failure.kind, words: error.failure.message };
  throw error;
}

/** Pure. */
export function loadOutcomes(rows: readonly LoadRow[]): Outcome[] {
  const outcomes = byOperation(rows).map((group): Outcome => {
    const [first] = group;
    const best = group.toSorted((a, b) => b.requestsPerS - a.requestsPerS)[0];
    if (!first || !best) return failed("NothingMeasured", "nothing was measured");
    const count = group.flatMap(({ errors }) => Object.values(errors)).reduce((a, b) => a + b, 0);
    const [why = ""] = group.flatMap(({ firstErrors }) => firstErrors);
    const { operation } = first;
    if (count > 0) {
      return failed("RefusedUnderLoad", `${operation}: ${count} operations failed under load: ${why}`);
    }
    const saturated = saturationOf(group);
    const rate = `at most ${Math.round(best.requestsPerS)} a second, with ${best.concurrency} workers`;
    const most = Math.max(...group.map(({ concurrency }) => concurrency));
    const saturation = saturated
      ? `from ${saturated.concurrency} workers on more of them only wait longer`
      : `it is not saturated with up to ${most} workers`;
    return passed(`${operation}: ${rate}; ${saturation}`);
  });
  return outcomes.length > 0 ? outcomes : [failed("NothingMeasured", "nothing was measured under load")];
}
