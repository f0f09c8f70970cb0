/** Looking for what need not be there to be seen. */
import { CannotLook } from "../engine/errors.ts";
import type { Failure } from "../engine/model.ts";

/** What was looked for; or why one could not look. */
export async function orFailure<T>(looking: Promise<T>): Promise<T | { failure: Failure }> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof CannotLook) return { failure: error.failure };
    throw error;
  }
}
