/** The one assertion of trials: what is not as it should be ends its trial, with the outcome that says so. */
import { failed, type Outcome, skipped } from "./trial.ts";

/** An outcome on its way to the end of its trial, where `runTrials`, or `outcomeOf`, takes it. */
export class Ended extends Error {
  override name = "Ended";
  constructor(readonly outcome: Outcome) {
    super(outcome.message);
  }
}

/** Ends the trial as failed unless the condition is true. `more`: what was observed and expected, and where. */
export function expect(
  condition: unknown,
  reason: string,
  message: string,
  more: Partial<Outcome> = {},
): asserts condition {
  if (!condition) fail(reason, message, more);
}

/** Ends the trial as failed. */
export function fail(reason: string, message: string, more: Partial<Outcome> = {}): never {
  throw new Ended(failed(reason, message, more));
}

/** Ends the trial as one that does not apply. */
export function skip(message: string, more: Partial<Outcome> = {}): never {
  throw new Ended(skipped(message, more));
}

/** What came of a part of a trial, also when it was ended; so that the others of the trial's parts go on. */
export async function outcomeOf(part: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await part();
  } catch (error) {
    if (error instanceof Ended) return error.outcome;
    throw error;
  }
}
