/**
 * Which references may be deleted: those that this run has made, and those of a run whose marker says that it is over. Only
 * this file makes an OwnReference (lint: nessie-own-reference).
 */
import type { Scratch } from "../../../checkpoint/scratch.ts";
import type { OwnReference, Reference } from "../../../clients/nessie/client.ts";
import { type ExpiredRun, RUN_ID } from "../../../checkpoint/scratch_marker.ts";

/** Of names that this checkpoint gives. A name proves nothing: see the marker. */
export const SCRATCH = "lakecheck-scratch-";

const NAME = new RegExp(`^${SCRATCH}(${RUN_ID})(?:-[a-z0-9-]+)?$`);

/** The id of the run in the name of a scratch reference; undefined for every other name. */
export function runOf(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

export const referenceName = (run: string, purpose: string): string => `${SCRATCH}${run}-${purpose}`;

const NONE: ReadonlySet<string> = new Set();

/**
 * The reference as one that may be deleted. `made`: further names that this run has given. Throws for one that is not of
 * that run.
 */
export function ownReference(
  reference: Reference,
  of: Pick<Scratch, "id" | "undo"> | ExpiredRun,
  made = NONE,
): OwnReference {
  if (runOf(reference.name) !== of.id && !made.has(reference.name)) {
    throw new Error(`${reference.name} is no scratch reference of run ${of.id}`);
  }
  return reference as OwnReference;
}
