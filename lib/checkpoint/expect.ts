/** The one assertion of trials: what is not as it should be ends its trial, with the outcome that says so. */
import { failed, type Outcome, skipped } from "./trial.ts";

/** An outcome on its way to the end of its trial, where `runTrials`, or `outcomeOf`, takes it. */
export class Ended extends Error {
  override name = "Ended";
  constructor(readonly outcome: Outcome) {
    super(outcome.message);
  }
}

/** The message of an outcome, alone or with what was observed and expected, and where. */
type Told = string | Partial<Outcome> & Pick<Outcome, "message">;

/** Ends the trial as failed unless the condition is true. `more` goes with a message that stands alone. */
export function expect(
  condition: unknown,
  reason: string,
  told: Told,
  more: Partial<Outcome> = {},
): asserts condition {
  if (!condition) fail(reason, told, more);
}

/** Ends the trial as failed. */
export function fail(reason: string, told: Told, more: Partial<Outcome> = {}): never {
  const all = typeof told === "string" ? { message: told, ...more } : { ...told, ...more };
  throw new Ended(failed(reason, all.message, all));
}

/** Ends the trial as one that does not apply. */
export function skip(message: string, more: Partial<Outcome> = {}): never {
  throw new Ended(skipped(message, more));
}

/** The outcome of a part of a trial, also when it was ended; so that the others of the trial's parts go on. */
export async function outcomeOf(part: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await part();
  } catch (error) {
    if (error instanceof Ended) return error.outcome;
    throw error;
  }
}
