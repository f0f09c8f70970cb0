/** Runs trials side by side, each when those it needs have ended. */
import { CannotLook, Interrupted } from "../engine/errors.ts";
import { failureReason } from "../engine/unread/failure_reason.ts";
import { Ended } from "./expect.ts";
import { type Outcome, type Trial, type TrialRecord, unknown } from "./trial.ts";
import { within } from "./within.ts";

export interface RunOptions {
  signal: AbortSignal;
  /** Longest time of one trial. */
  trialTimeoutMs: number;
  /** Trials at a time. */
  concurrency: number;
  /** What an error of a trial says of what was tried; undefined: nothing. Asked before CannotLook becomes `unknown`. */
  judge?: (error: unknown) => Outcome | undefined;
  /** Called before each trial. */
  say?: (trial: string, done: number, of: number) => void;
}

/**
 * Runs trials side by side, each when those it needs have ended; gives records in the order of the table. Throws
 * Interrupted when the signal was aborted, after what was under way has ended.
 */
export async function runTrials<C>(
  trials: readonly Trial<C>[],
  context: C,
  options: RunOptions,
): Promise<TrialRecord[]> {
  const { signal, concurrency, say } = options;
  const records = new Map<string, TrialRecord[]>();
  const waiting = new Set(trials);
  const running = new Map<Trial<C>, Promise<void>>();
  const ready = (trial: Trial<C>) => (trial.needs ?? []).every((id) => records.has(id));
  try {
    while (waiting.size + running.size > 0) {
      signal.throwIfAborted();
      const next = [...waiting].find(ready);
      if (next && running.size < concurrency) {
        waiting.delete(next);
        say?.(next.title, records.size, trials.length);
        const done = tryOne(next, context, records, options).then((made) => {
          records.set(next.id, made);
          running.delete(next);
        });
        running.set(next, done);
      } else if (running.size > 0) await Promise.race(running.values());
      else throw new Error(`trials wait for each other: ${[...waiting].map(({ id }) => id).join(", ")}`);
    }
  } catch (error) {
    await Promise.allSettled(running.values());
    throw signal.aborted ? interruption(signal) : error;
  }
  if (signal.aborted) throw interruption(signal);
  return trials.flatMap(({ id }) => records.get(id) ?? []);
}

function interruption(signal: AbortSignal): Interrupted {
  return signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
}

async function tryOne<C>(
  trial: Trial<C>,
  context: C,
  records: ReadonlyMap<string, TrialRecord[]>,
  options: RunOptions,
): Promise<TrialRecord[]> {
  const started = performance.now();
  const missing = (trial.needs ?? []).find((id) =>
    records.get(id)?.some(({ result }) => result !== "passed")
  );
  const outcomes = missing
    ? [
      {
        result: "skipped",
        reason: "NotReached",
        message: `skipped: prerequisite ${missing} did not pass`,
      } satisfies Outcome,
    ]
    : await outcomesOf(trial, context, options);
  const durationMs = Math.round(performance.now() - started);
  return outcomes.map((outcome) => ({ ...outcome, trial: trial.id, durationMs }));
}

async function outcomesOf<C>(
  trial: Trial<C>,
  context: C,
  { trialTimeoutMs, judge }: RunOptions,
): Promise<Outcome[]> {
  try {
    return [await within((async () => await trial.run(context))(), trialTimeoutMs)].flat();
  } catch (error) {
    if (error instanceof Ended) return [error.outcome];
    const judged = judge?.(error);
    if (judged) return [judged];
    if (!(error instanceof CannotLook)) throw error;
    const { kind, message } = error.failure;
    return [unknown(failureReason(kind), `${trial.title}: ${message}`)];
  }
}
