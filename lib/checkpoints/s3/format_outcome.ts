/** How a look at a file ends early: the store, or a reader, did not do what it must. */
import { failed, type Outcome } from "../../trial.ts";

/** Thrown where it is seen, and caught where outcomes are made. */
export class Deviation extends Error {
  override name = "Deviation";
  constructor(readonly outcome: Outcome) {
    super(outcome.message);
  }
}

export function deviates(reason: string, message: string, more: Partial<Outcome> = {}): never {
  throw new Deviation(failed(reason, message, more));
}

/** The outcome of one look; a Deviation is one, everything else that is thrown passes. */
export async function outcomeOf(look: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Deviation) return error.outcome;
    throw error;
  }
}

/** What a library throws when it cannot read a file whose bytes are known to be right. */
export async function readable<T>(who: string, place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deviation || error.name !== "Error") throw error;
    const [line = ""] = error.message.split("\n");
    deviates("Unreadable", `${who} cannot read a Parquet file that is there byte for byte: ${line}`, {
      evidence: place,
    });
  }
}
