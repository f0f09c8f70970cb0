/** Tries all capabilities in a scratch namespace on a scratch branch, which its maker takes back. */
import type { Trying } from "../../../checkpoint/run_checkpoint.ts";
import { cannotLook } from "../../../clients/network_errors.ts";
import { type CapabilityRecord, withAnswers } from "./mod.ts";
import { capabilities } from "./report.ts";
import {
  type Objects,
  objectsOf,
  openScratchRest,
  type ScratchRest,
  sweepObjects,
  type SweptObjects,
  type WarehouseHome,
} from "./scratch.ts";
import type { OwnReference } from "../../../clients/nessie/client.ts";
import type { NessieContext } from "../context.ts";
import { placeOf } from "../../../iceberg/location.ts";
import { command } from "../../../untrusted/shell.ts";

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
  { trials }: Pick<Trying, "trials">,
): Promise<CapabilityRecord[]> {
  const { open } = scratchWarehouse(context, store);
  const tried = await open(await context.makeBranch("capabilities"));
  return withAnswers(await trials(capabilities, tried));
}

/** Where the scratch namespace of this run lies, and its Iceberg REST catalog on each branch of this run. */
export interface ScratchWarehouse {
  /** Absent where it is not known where the warehouse is. */
  home?: WarehouseHome;
  warehouse?: string;
  /** Registers the cleaning of the namespace's objects, and marks their place; creates nothing else. CannotLook. */
  open(own: OwnReference): Promise<ScratchRest>;
}

/** Registers that what earlier runs left in the warehouse is removed with this run. */
export function scratchWarehouse(
  context: NessieContext,
  { objects, undoObjects }: StoreOfWarehouse,
): ScratchWarehouse {
  const { scratch, wanted } = context;
  const warehouse = "why" in wanted ? undefined : wanted.defaultWarehouse;
  const home = homeOf(context);
  const known = {
    ...home ? { home } : {},
    ...warehouse === undefined ? {} : { warehouse },
  };
  const given = { ...known, ...objects ? { objects } : {}, ...undoObjects ? { undoObjects } : {} };
  let marking: Promise<string | undefined> | undefined;
  if (home && undoObjects) {
    scratch.undo("objects that earlier runs left in the warehouse", async () => {
      await sweepWarehouse(home, undoObjects, scratch.id, await marking);
    });
  }
  return {
    ...known,
    async open(own) {
      const rest = context.ownIceberg(own, warehouse);
      const opened = openScratchRest({ scratch, rest, branch: own.name, ...given });
      if (home && undoObjects) await (marking ??= undoObjects.mark(scratch, objectsOf(home, scratch.id)));
      return opened;
    },
  };
}

/** Where the default warehouse keeps its namespaces; undefined where that is not known. */
function homeOf({ wanted }: NessieContext): WarehouseHome | undefined {
  if ("why" in wanted) return undefined;
  const home = wanted.warehouses.find(({ name }) => name === wanted.defaultWarehouse)?.location;
  const place = placeOf(home ?? "");
  if (!place) return undefined;
  const { bucket, key } = place;
  return { bucket, base: key === "" || key.endsWith("/") ? key : `${key}/` };
}

/** What another run is removing just now is gone then. */
const LOOK_AGAIN_MS = 1_000;

/** Removes what runs that are over have left. CannotLook, naming what was left alone or could not be removed. */
export async function sweepWarehouse(
  home: WarehouseHome,
  objects: Objects,
  own: string,
  blind: string | undefined,
): Promise<void> {
  const left = (swept: readonly SweptObjects[]) =>
    swept.flatMap((one) => one.state === "unclear" || one.state === "stuck" ? [one] : []);
  let found = left(await sweepObjects(home, objects, own, blind));
  if (found.some(({ state }) => state === "unclear")) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    found = left(await sweepObjects(home, objects, own, blind));
  }
  if (found.length === 0) return;
  const words = found.map(({ bucket, prefix, state, why }) =>
    `s3://${bucket}/${prefix} ${
      state === "stuck" ? `could not be removed: ${why}` : `was left alone: it ${why}`
    }`
  );
  const commands = found.flatMap((one) =>
    one.state === "stuck" && one.listsOthers
      ? []
      : [command`aws s3 rm --recursive s3://${one.bucket}/${one.prefix}`]
  );
  const next = commands.length > 0 ? `. Next: ${commands.join("; ")}` : "";
  throw cannotLook("server-error", `${words.join("; ")}${next}`);
}
