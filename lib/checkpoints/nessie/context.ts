/** What every trial of the Nessie checkpoint is given: clients of one catalog, and a place of its own in it. */
import type { Scratch } from "../../checkpoint.ts";
import type { IcebergRest } from "../../clients/iceberg_rest.ts";
import type { NessieApi, NessieConfig, Reference } from "../../clients/nessie.ts";
import type { Way } from "../../clients/reach.ts";
import type { ObjectRef, World } from "../../model.ts";
import type { Management } from "./management.ts";
import type { WantedCatalog } from "./wanted.ts";

/**
 * Everything but what is named `undo...` ends with the checkpoint's signal, with an Interrupted. A trial commits only to
 * branches that `makeBranch` gave it, never to the default branch.
 */
export interface NessieContext {
  scratch: Scratch;
  /** The facts of the cluster. */
  world: World;
  way: Way;
  nessie: NessieApi;
  /** For undoing only: outlives the signal. */
  undoNessie: NessieApi;
  /** The Iceberg REST catalog at a reference: `main`, `main@HASH`, a scratch branch. */
  iceberg(prefix: string): IcebergRest;
  /** For undoing only: outlives the signal. */
  undoIceberg(prefix: string): IcebergRest;
  config: NessieConfig;
  /** The management port; or why it is not asked. */
  management: Management | { why: string };
  /** What the Deployment and its configuration ask for; or why that is not known. */
  wanted: WantedCatalog | { why: string };
  /** The catalog's replicas that are Ready; 0 when an address was given. */
  replicas: number;
  /**
   * Makes a scratch branch, `lakecheck-scratch-ID-PURPOSE`, from the default branch (or from a commit), already
   * registered for undoing.
   */
  makeBranch(purpose: string, from?: Reference): Promise<Reference>;
  /** The same for a tag. */
  makeTag(purpose: string, from: Reference): Promise<Reference>;
  /** Longest wait for one answer. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** What trials of the catalog as a whole speak of, and what explains them stands on. */
export const nessieObject: ObjectRef = { kind: "Catalog", name: "nessie" };

/** Of names that this checkpoint gives: all of them can be swept when they are old. */
export const SCRATCH = "lakecheck-scratch-";
