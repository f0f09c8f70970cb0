/** What every trial of the Iceberg checkpoint is given: engines, and a namespace of its own on a branch of its own. */
import type { OwnReference, Reference } from "../../clients/nessie/client.ts";
import type { NessieContext } from "../nessie/context.ts";
import type { ScratchRest, WarehouseHome } from "../nessie/iceberg_rest/scratch.ts";
import type { ObjectRef } from "../../engine/model.ts";
import type { Artefacts } from "./artefacts.ts";
import type { Engine } from "./engines/engine.ts";
import type { StatementTimes } from "./times.ts";

/** A branch of this run with the scratch namespace on it, and what its tables are made of. */
export interface Workspace {
  branch: OwnReference;
  /** Its Iceberg REST catalog; all that it makes and deletes lies in the scratch namespace. */
  rest: ScratchRest;
  /** What lies in the store must be what the catalog names. */
  artefacts: Artefacts;
}

/**
 * Everything ends with the checkpoint's signal, with an Interrupted. A trial makes tables in the scratch namespace alone,
 * and begins their names with its own.
 */
export interface IcebergContext {
  nessie: NessieContext;
  engines: readonly Engine[];
  /** One more of the same kind, which the trial closes; CannotLook when it can't be had. */
  another(engine: Engine): Promise<Engine>;
  /** Where scripts run. */
  main: Workspace;
  /** A further one, with the same namespace, from what is at `from`; default: at the head of `main`. */
  fork(purpose: string, from?: Reference): Promise<Workspace>;
  /** Where the scratch namespace lies in the store. */
  home: WarehouseHome;
  times: StatementTimes;
  signal: AbortSignal;
}

/** What trials of tables as a whole speak of, and what explains them stands on. */
export const icebergObject: ObjectRef = { kind: "IcebergTables", name: "catalog" };
