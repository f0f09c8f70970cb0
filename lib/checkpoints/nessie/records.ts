/** What the Nessie checkpoint leaves in the facts. No record holds a secret. */
import type { ObjectRef, RecordSource } from "../../engine/model.ts";
import { httpUrl, objectRef, text, whole } from "../../engine/decode.ts";
import { type SeenRecord, trialReader } from "../../checkpoint/trial.ts";
import { type LoadRecord, loadRecord } from "../../load/rows.ts";
import { commandOf } from "../../checkpoint/next_steps.ts";

/** Trials of the API, of behaviour and of storage. */
export const nessieTrials: RecordSource<SeenRecord> = {
  id: "nessie.trials",
  records: "trials of the Nessie checkpoint",
  read: trialReader(commandOf),
};

export const nessiePerformance: RecordSource<LoadRecord> = {
  id: "nessie.performance",
  records: "measurements of the catalog",
  read: loadRecord,
};

/** The one record of what was talked to. */
export interface SetupRecord {
  /** The root that clients in the cluster use, without `/api/v2`. */
  url: string;
  /** How it was reached from here, for people. */
  words: string;
  /** Absent when an address was given. */
  service?: ObjectRef;
  /** Of the catalog; absent when an address was given, and in records of older releases. */
  workload?: ObjectRef;
  defaultBranch: string;
  /** Of the API. */
  specVersion?: string;
  /** Of the server, where it tells. */
  serverVersion?: string;
}

export const nessieSetup: RecordSource<SetupRecord> = {
  id: "nessie.setup",
  records: "setup of the Nessie checkpoint",
  read: whole({
    url: httpUrl,
    words: text(500),
    defaultBranch: text(300, 1),
  }, { service: objectRef, workload: objectRef, specVersion: text(100), serverVersion: text(100) }),
};
