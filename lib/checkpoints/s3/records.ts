/** What the S3 checkpoint leaves in the facts. No record holds a key or another secret. */
import type { ObjectRef, RecordSource } from "../../model.ts";
import type { TrialRecord } from "../../trial.ts";

export const s3Trials: RecordSource<TrialRecord> = {
  id: "s3.trials",
  records: "trials of the S3 checkpoint",
};

/** The one record of what was talked to, and with what. */
export interface SetupRecord {
  /** `http://HOST[:PORT]`: what clients in the cluster write into their configuration. */
  endpoint: string;
  region: string;
  /** How it was reached from here, for people. */
  words: string;
  /** The Service of the gateway; absent when an address was given. */
  gateway?: ObjectRef;
  /** Whose keys were used, and under which names they stand there. */
  credential?: { secret: ObjectRef; idKey: string; secretKey: string };
  /** Of the platform, claimed or named by its configuration. */
  buckets: string[];
  /** The catalog's warehouse, or the first bucket. */
  warehouse?: string;
}

export const s3Setup: RecordSource<SetupRecord> = { id: "s3.setup", records: "setup of the S3 checkpoint" };

/** One behaviour of the store, as it was seen. */
export interface DialectRecord {
  /** Stable: `checksum.sha256-wrong`. */
  id: string;
  /** One word: `works`, `refused`, `ignored`, `fails` ...; `unknown` when it could not be tried. */
  behaviour: string;
  /** `HTTP 412 PreconditionFailed`. */
  observed: string;
}

export const s3Dialect: RecordSource<DialectRecord> = {
  id: "s3.dialect",
  records: "behaviours of the object store",
};
