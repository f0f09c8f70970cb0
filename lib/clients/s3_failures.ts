/** Turns what stands between S3 and an answer into words with a next step. Pure. */
import { CannotLook, Interrupted } from "../errors.ts";
import type { S3Talk } from "./s3.ts";

/**
 * What the SDK or fetch threw, as CannotLook with words, or as Interrupted. An error that is neither an answer of a
 * server nor a failed connection is a bug and is thrown.
 */
export function s3Trouble(error: unknown, _talk: S3Talk): CannotLook | Interrupted {
  if (error instanceof CannotLook || error instanceof Interrupted) return error;
  throw error;
}

/** Status and code of an answer that S3 gave instead of what was asked for: 412, `PreconditionFailed`. */
export function s3Answer(error: unknown): { status: number; code: string; message: string } | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { httpStatusCode = 0 } = error.$metadata as { httpStatusCode?: number };
  return { status: httpStatusCode, code: error.name, message: error.message };
}
