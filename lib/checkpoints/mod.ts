/** Every checkpoint, for what goes through all of them: pages, gate and tests. A command loads its own alone. */
import type { Component } from "../engine/model.ts";
import { reported as reportedByIceberg } from "./iceberg/report.ts";
import { reported as reportedByNessie } from "./nessie/report.ts";
import { partNames } from "./phase1/names.ts";
import { reported as reportedByPhase1 } from "./phase1/report.ts";
import { reported as reportedByS3 } from "./s3/report.ts";

export interface CheckpointEntry {
  /** Its folder. */
  name: string;
  /** The task that runs it. */
  task: string;
  /** It runs these others, and judges what they judge. */
  runs?: readonly string[];
  /** What its report judges, in the order of the report. */
  reported(): readonly Component[];
}

export const checkpoints: readonly CheckpointEntry[] = [
  { name: "s3", task: "data-platform:test:s3", reported: reportedByS3 },
  { name: "nessie", task: "validate:nessie", reported: reportedByNessie },
  { name: "iceberg", task: "data-platform:test:iceberg", reported: reportedByIceberg },
  { name: "phase1", task: "data-platform:test:phase1", runs: partNames, reported: reportedByPhase1 },
];
