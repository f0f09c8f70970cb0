/** Tries all capabilities in a scratch namespace on a scratch branch, which its maker takes back. */
import { type RunOptions, runTrials } from "../../checkpoint.ts";
import type { CapabilityRecord } from "./capabilities.ts";
import { capabilities } from "./capabilities_report.ts";
import { type Objects, openYard, sweepObjects } from "./capabilities_yard.ts";
import type { NessieContext } from "./context.ts";
import { placeOf } from "../../iceberg/location.ts";

/** The store of the warehouse; both absent when there is no key for it. */
export interface StoreOfWarehouse {
  objects?: Objects;
  /** Not bound to the signal. */
  undoObjects?: Objects;
}

/**
 * Gives the records of `nessie.capabilities`. CannotLook when no scratch branch can be made; Interrupted when the signal
 * was aborted. The objects that the catalog wrote are removed when the scratch scope ends.
 */
export async function tryCapabilities(
  context: NessieContext,
  store: StoreOfWarehouse,
  options: RunOptions,
): Promise<CapabilityRecord[]> {
  const { scratch, wanted } = context;
  const warehouse = "why" in wanted ? undefined : wanted.defaultWarehouse;
  const swept = oldObjects(context, store.undoObjects);
  if (swept) scratch.undo("objects that earlier runs left in the warehouse", swept);
  const { name: branch } = await context.makeBranch("capabilities");
  const rest = context.iceberg(warehouse === undefined ? branch : `${branch}|${warehouse}`);
  const yard = openYard({ scratch, rest, branch, ...warehouse === undefined ? {} : { warehouse }, ...store });
  // What a capability adds to its outcome stands in its record.
  return await runTrials(capabilities, yard, options) as CapabilityRecord[];
}

/** What removes the objects of runs that were killed, below the default warehouse; undefined where that is not known. */
function oldObjects(
  { wanted }: NessieContext,
  objects: Objects | undefined,
): (() => Promise<void>) | undefined {
  if ("why" in wanted || !objects) return undefined;
  const home = wanted.warehouses.find(({ name }) => name === wanted.defaultWarehouse)?.location;
  const place = placeOf(home ?? "");
  if (!place) return undefined;
  const { bucket, key } = place;
  const base = key === "" || key.endsWith("/") ? key : `${key}/`;
  return async () => void await sweepObjects(bucket, base, objects, new Date());
}
