/** How a look at a file ends early: the store, or a reader, did not do what it must. */
import { CannotLook, Interrupted } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";
import { failed, type Outcome } from "../../../checkpoint/trial.ts";

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

/** Whatever a library throws at a file whose bytes are known to be right is a Deviation. */
export async function readable<T>(who: string, place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deviation || error instanceof CannotLook || error instanceof Interrupted) {
      throw error;
    }
    const line = quote(error instanceof Error ? error.message : String(error), [], 300);
    deviates("Unreadable", `${who} cannot read a Parquet file that is there byte for byte: ${line}`, {
      evidence: place,
    });
  }
}
