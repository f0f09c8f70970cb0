/** A run in a catalog from its first look to its last: scratch references of earlier runs go first, its own go last. */
import { orFailure } from "../../../checkpoint/look.ts";
import type { Leftover, Scratch } from "../../../checkpoint/scratch.ts";
import type { Outcome } from "../../../checkpoint/trial.ts";
import { nessieApi, type Reference } from "../../../clients/nessie/client.ts";
import type { Failure, World } from "../../../engine/model.ts";
import type { NessieContext } from "../context.ts";
import { type Catalog, contextOf } from "../setup/mod.ts";
import { marker } from "../trying.ts";
import { cleanOutcomes } from "./clean.ts";
import { stillUnclear, sweepReferences, type SweepTools, type SweptReference } from "./sweep.ts";

export interface CatalogRun {
  context: NessieContext;
  /** The default branch as it was at the beginning. */
  before: Reference;
  tools: SweepTools;
  /** References of other runs, and what became of each; or why they could not be seen. */
  swept: SweptReference[] | { failure: Failure };
}

/** CannotLook when the catalog has no default branch, or takes no marker. */
export async function beginRun(catalog: Catalog, scratch: Scratch, world: World): Promise<CatalogRun> {
  const context = contextOf(catalog, scratch, world);
  const { nessie, undoNessie, config } = context;
  const before = await nessie.reference(config.defaultBranch);
  const tools: SweepTools = { api: nessie, undo: undoNessie, now: await context.marked(), own: scratch.id };
  return { context, before, tools, swept: await orFailure(sweepReferences(tools)) };
}

/** What is said of cleaning up, when that is over. */
export async function endRun(run: CatalogRun, leftovers: readonly Leftover[]): Promise<Outcome[]> {
  const { context, swept, tools, before } = run;
  const { connection, timeoutMs } = context;
  const seen = "failure" in swept ? [] : swept;
  const again = await orFailure(stillUnclear(tools, seen));
  const unclear = "failure" in again ? seen.filter(({ state }) => state === "unclear") : again;
  const unseen = "failure" in swept ? { unseen: swept.failure.message } : {};
  const ended = {
    leftovers,
    swept: seen,
    unclear,
    ...unseen,
    before,
    mark: marker(context),
    root: connection.url,
  };
  // Over a client that is not bound to the signal.
  return await cleanOutcomes(nessieApi({ connection, timeoutMs }), ended);
}
