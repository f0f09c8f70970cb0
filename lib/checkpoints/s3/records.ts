/** What the S3 checkpoint leaves in the facts. No record holds a key or another secret. */
import type { ObjectRef, RecordSource } from "../../engine/model.ts";
import { atMost, httpUrl, list, matching, objectRef, oneOf, text, whole } from "../../engine/decode.ts";
import { type SeenRecord, trialReader } from "../../checkpoint/trial.ts";
import { commandOf } from "../../checkpoint/next_steps.ts";
import { type Behaviour, BEHAVIOURS } from "./compatibility/features.ts";

export const s3Trials: RecordSource<SeenRecord> = {
  id: "s3.trials",
  records: "trials of the S3 checkpoint",
  read: trialReader(commandOf),
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

export const s3Setup: RecordSource<SetupRecord> = {
  id: "s3.setup",
  records: "setup of the S3 checkpoint",
  read: whole({
    endpoint: httpUrl,
    region: matching(/^[A-Za-z0-9][-A-Za-z0-9_]{0,62}$/),
    words: text(500),
    buckets: atMost(10_000, list(text(255))),
  }, {
    gateway: objectRef,
    credential: whole({
      secret: objectRef,
      idKey: matching(/^[-._A-Za-z0-9]{1,253}$/),
      secretKey: matching(/^[-._A-Za-z0-9]{1,253}$/),
    }),
    warehouse: text(255),
  }),
};

/** One behaviour of the store, as it was seen. */
export interface DialectRecord {
  /** Stable: `checksum.sha256-wrong`. */
  id: string;
  /** One word: `works`, `refused`, `ignored`, `fails` ...; `unknown` when it could not be tried. */
  behaviour: Behaviour;
  /** `HTTP 412 PreconditionFailed`. */
  observed: string;
}

export const s3Dialect: RecordSource<DialectRecord> = {
  id: "s3.dialect",
  records: "behaviours of the object store",
  read: whole({ id: matching(/^[a-z0-9.-]{1,100}$/), behaviour: oneOf(...BEHAVIOURS), observed: text(500) }),
};
