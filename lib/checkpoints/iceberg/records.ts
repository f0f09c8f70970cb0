/** What the Iceberg checkpoint leaves in the facts. No record holds a secret. */
import type { ObjectRef, RecordSource } from "../../engine/model.ts";
import { list, objectRef, oneOf, text, whole } from "../../engine/decode.ts";
import { type SeenRecord, trialReader } from "../../checkpoint/trial.ts";
import { commandOf } from "../../checkpoint/next_steps.ts";
import { type EngineName, ENGINES } from "./engines/engine.ts";
import { type StatementTime, statementTime } from "./times.ts";

export const icebergTrials: RecordSource<SeenRecord> = {
  id: "iceberg.trials",
  records: "trials of the Iceberg checkpoint",
  read: trialReader(commandOf),
};

export const icebergTimes: RecordSource<StatementTime> = {
  id: "iceberg.times",
  records: "times of statements",
  read: statementTime,
};

/** An engine that was opened. */
export interface SeenEngine {
  name: EngineName;
  version: string;
  /** Where it runs, for people. */
  words: string;
  /** What it runs in; absent in this process. */
  pod?: ObjectRef;
}

/** The one record of what was talked to. */
export interface SetupRecord {
  /** The root of the catalog that clients in the cluster use. */
  url: string;
  /** How it was reached from here, for people. */
  words: string;
  /** Absent when an address was given. */
  service?: ObjectRef;
  /** Where the scratch namespace lay: `s3://bucket/prefix/`. */
  home: string;
  engines: SeenEngine[];
}

export const icebergSetup: RecordSource<SetupRecord> = {
  id: "iceberg.setup",
  records: "setup of the Iceberg checkpoint",
  read: whole({
    url: text(2000, 1),
    words: text(500),
    home: text(2000),
    engines: list(
      whole({ name: oneOf(...ENGINES), version: text(100), words: text(500) }, { pod: objectRef }),
    ),
  }, { service: objectRef }),
};
