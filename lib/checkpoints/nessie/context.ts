/** What every trial of the Nessie checkpoint is given: clients of one catalog, and a place of its own in it. */
import type { Scratch } from "../../checkpoint/scratch.ts";
import type { IcebergReads, IcebergRest } from "../../clients/iceberg_rest.ts";
import type { NessieApi, NessieConfig, OwnReference, Reference } from "../../clients/nessie/client.ts";
import type { Destination, ServiceConnection } from "../../clients/kubernetes/service_connection.ts";
import type { ObjectRef, World } from "../../engine/model.ts";
import type { Management } from "./api/management_port.ts";
import type { WantedCatalog } from "./setup/wanted.ts";

/** The time of the catalog by its own clock, in ms since the epoch; NaN while it is not known. */
export type CatalogTime = () => number;

/** A pod of the catalog, reached by itself. */
export interface PodWay {
  name: string;
  api: NessieApi;
  close(): Promise<void>;
}

/** What serves the catalog. */
export interface Place {
  workload: ObjectRef;
  service: ObjectRef;
  /** Its API, with one of its Ready pods. */
  api: Destination;
  /** Where its clients ask for its configuration, through the API server; absent when nobody is ready there. */
  configPath?: string;
  /** Ready pods behind the Service. */
  replicas: number;
}

/**
 * Everything but what is named `undo...` ends with the checkpoint's signal, with an Interrupted. A trial commits only to
 * branches that `makeBranch` gave it, never to the default branch.
 */
export interface NessieContext {
  scratch: Scratch;
  /** The facts of the cluster. */
  world: World;
  connection: ServiceConnection;
  nessie: NessieApi;
  /** For undoing only: outlives the signal. */
  undoNessie: NessieApi;
  /** The Iceberg REST catalog at a reference, to be read: `main`, `main@HASH`. */
  iceberg(prefix: string): IcebergReads;
  /** The same at a branch of this run, where tables and namespaces may be made and dropped. */
  ownIceberg(branch: OwnReference, warehouse?: string): IcebergRest;
  config: NessieConfig;
  /** The management port; or why it is not asked. */
  management: Management | { why: string };
  /** Absent when an address was given. */
  place?: Place;
  /** A way to each of its pods by itself, at most MOST_PODS of them; absent when an address was given. */
  eachPod?: () => Promise<PodWay[]>;
  /** What its workload and its configuration ask for; or why that is not known. */
  wanted: WantedCatalog | { why: string };
  /**
   * Makes a scratch branch, `lakecheck-scratch-ID-PURPOSE`, from the default branch (or from a commit), already
   * registered for undoing.
   */
  makeBranch(purpose: string, from?: Reference): Promise<OwnReference>;
  /** The same for a tag. */
  makeTag(purpose: string, from: Reference): Promise<OwnReference>;
  /** Asks for a branch of this very name, already registered for undoing; for names that must be rejected. */
  askForBranch(name: string, from: Reference): Promise<OwnReference>;
  /** Makes the marker of this run, once; the other makers do so before they make anything. Gives the catalog's time. */
  marked(): Promise<CatalogTime>;
  /** Longest wait for one answer. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** What trials of the catalog as a whole speak of, and what explains them stands on. */
export const nessieObject: ObjectRef = { kind: "Catalog", name: "nessie" };
