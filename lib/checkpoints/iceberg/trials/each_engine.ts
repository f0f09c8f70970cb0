/** A trial that every engine goes through by itself. */
import { outcomeOf } from "../../../checkpoint/expect.ts";
import { type Outcome, type Trial, type TrialWords, unknown } from "../../../checkpoint/trial.ts";
import { failureReason } from "../../../engine/unread/failure_reason.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { IcebergContext } from "../context.ts";
import { type Engine, EngineError } from "../engines/engine.ts";
import { failureOfEngine } from "../failures.ts";
import { objectOf } from "./session.ts";

/** One outcome for each engine, told of an object of its own; the engines go side by side. */
export function eachEngine(
  words: TrialWords,
  run: (context: IcebergContext, engine: Engine) => Promise<Outcome>,
): Trial<IcebergContext> {
  const name = words.id.replace(/^iceberg\./, "");
  return {
    ...words,
    run: (context) =>
      Promise.all(context.engines.map(async (engine) => ({
        object: objectOf(name, engine),
        ...await ended(() => run(context, engine), engine),
      }))),
  };
}

/** As it ended; what one engine could not do is no end for the others. */
async function ended(trying: () => Promise<Outcome>, engine: Engine): Promise<Outcome> {
  try {
    return await outcomeOf(trying);
  } catch (error) {
    if (error instanceof EngineError) {
      const { reason, message, evidence } = failureOfEngine(error);
      return unknown(reason, `${engine.title} could not be given the branch: ${message}`, { evidence });
    }
    if (!(error instanceof CannotLook)) throw error;
    return unknown(failureReason(error.failure.kind), `${engine.title}: ${error.failure.message}`);
  }
}
