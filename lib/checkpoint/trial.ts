/**
 * A trial is one thing that a checkpoint tries for real, with what it means when it fails. Trying makes
 * records, which are facts; what is made of them here is pure, so that a checkpoint can be replayed like any report.
 */
import type {
  Check,
  Judgement,
  ObjectRef,
  Reader,
  RecordSource,
  ShellCommand,
  Status,
  World,
} from "../engine/model.ts";
import {
  atMost,
  list,
  matching,
  num,
  obj,
  objectRef,
  oneOf,
  ShapeError,
  str,
  text,
  via,
  whole,
} from "../engine/decode.ts";

/** `passed`: it is as it should be. `failed`: it is not. `unknown`: it could not be tried. `skipped`: it does not apply. */
export type TrialResult = "passed" | "failed" | "skipped" | "unknown";

/** How a trial ended, as its `run` says it. */
export interface Outcome {
  result: TrialResult;
  /** One PascalCase word, stable across releases: `SilentlyIgnored`, `WrongBytes`. */
  reason: string;
  /** One sentence: what happened, and why that matters here. No secret. */
  message: string;
  observed?: string;
  expected?: string;
  /** The request or the place it was read from: `PUT with If-None-Match: *`. */
  evidence?: string;
  /** Most useful first. */
  next?: NextStep[];
  /** Default: the object of the checkpoint. */
  object?: ObjectRef;
  /** Instead of the trial's weight, of a `failed` outcome. */
  status?: Status;
}

/** A next step as it stands in the facts: which, and with what values; whoever reads it makes the command. */
export interface NextStep {
  step: string;
  values: string[];
}

/** An outcome with the trial it is of. A trial that looked at many objects has many records. */
export interface TrialRecord extends Outcome {
  trial: string;
  durationMs: number;
}

/** A record as checks see it: read, and with commands. */
export type SeenRecord = Omit<TrialRecord, "next"> & { next?: ShellCommand[] };

const steps = atMost(20, list(whole({ step: text(100), values: atMost(10, list(str)) })));

/** In facts of older releases what passed is called `held`. */
const result = via(
  oneOf("passed", "held", "failed", "skipped", "unknown"),
  (text): TrialResult => text === "held" ? "passed" : text,
);

/** `SilentlyIgnored`: a reason of a report. */
const reason = matching(/^[A-Z][A-Za-z0-9]{0,63}$/);

/**
 * Reads records of trials. Of one that can't be read its trial is told, as `unknown`. `commandOf` knows the steps of the
 * checkpoints; one that it does not know is left out.
 */
export function trialReader(commandOf: (step: NextStep) => ShellCommand | undefined): Reader<SeenRecord> {
  const read = whole({
    trial: text(100, 1),
    durationMs: num,
    result,
    reason,
    message: text(4000, 1),
  }, {
    observed: text(2000),
    expected: text(2000),
    evidence: text(2000),
    next: via(steps, (all) => all.flatMap((step) => commandOf(step) ?? [])),
    object: objectRef,
    status: oneOf("critical", "warning"),
  });
  const named = obj({ trial: text(100, 1) });
  return (value) => {
    try {
      return read(value);
    } catch (error) {
      const { trial } = named(value) ?? {};
      if (!(error instanceof ShapeError) || trial === undefined) throw error;
      const message =
        `what the facts say of this is not understood: its record${error.path} ${error.problem}`;
      return { trial, durationMs: 0, result: "unknown", reason: "Malformed", message };
    }
  };
}

/** What a trial is, without how it is carried out. */
export interface TrialWords {
  /** Stable, with its area before the dot: `s3.put-get`. */
  id: string;
  title: string;
  /** One paragraph for docs/checks.md: what is tried, and what it means when it fails. */
  explain: string;
  /** What a `failed` outcome comes to. */
  weight: "critical" | "warning";
}

/** A trial as it is carried out. `C` is what the checkpoint gives it: clients, its scratch scope. */
export interface Trial<C> extends TrialWords {
  /** Ids of trials that must have passed; else this one is skipped and says so. */
  needs?: readonly string[];
  /**
   * Tries it; `expect` (expect.ts) ends it as failed. What it makes it registers with the scratch scope before or right
   * after making it. CannotLook becomes `unknown`; any other error is a bug and ends the checkpoint, after cleaning up.
   */
  run(context: C): Outcome | Outcome[] | Promise<Outcome | Outcome[]>;
}

export const passed = (message: string, more: Partial<Outcome> = {}): Outcome => ({
  result: "passed",
  reason: "Holds",
  message,
  ...more,
});

export const failed = (reason: string, message: string, more: Partial<Outcome> = {}): Outcome => ({
  result: "failed",
  reason,
  message,
  ...more,
});

/** It could not be tried. */
export const unknown = (reason: string, message: string, more: Partial<Outcome> = {}): Outcome => ({
  result: "unknown",
  reason,
  message,
  ...more,
});

export const skipped = (message: string, more: Partial<Outcome> = {}): Outcome => ({
  result: "skipped",
  reason: "NotApplicable",
  message,
  ...more,
});

const STATUS: Record<Exclude<TrialResult, "failed">, Status> = {
  passed: "ok",
  skipped: "skipped",
  unknown: "unknown",
};

/** The checks that judge what these trials left in the facts; one that was not tried is `unknown`. */
export function trialChecks(
  source: RecordSource<SeenRecord>,
  trials: readonly TrialWords[],
  object: (world: World) => ObjectRef,
): Check[] {
  return trials.map((trial): Check => ({
    id: trial.id,
    title: trial.title,
    explain: trial.explain,
    needs: [source],
    object,
    run(world) {
      const records = world.records(source).filter((record) => record.trial === trial.id);
      if (records.length === 0) {
        return [{ status: "unknown", reason: "NotTried", message: `${trial.title}: not tried` }];
      }
      return records.map((record) => judged(record, trial));
    },
  }));
}

function judged(record: SeenRecord, trial: TrialWords): Judgement & { object?: ObjectRef } {
  const { trial: _id, durationMs: _ms, result, status, ...words } = record;
  return { ...words, status: result === "failed" ? status ?? trial.weight : STATUS[result] };
}
