/** The components of the report: the trials by area, then what the object store stands on. */
import type { Component } from "../../model.ts";
import { foundations, setupEdges, trialComponent } from "./components.ts";
import { dialectComponent } from "./dialect_report.ts";
import { lifecycleTrial } from "./lifecycle.ts";
import { liveRulesTrial } from "./lifecycle_live.ts";
import { s3Setup } from "./records.ts";
import { cleanWords, setupTrials } from "./setup_trials.ts";
import type { Trial } from "../../trial.ts";
import type { S3Setup } from "./setup.ts";

export const lifecycleTrials: readonly Trial<S3Setup>[] = [lifecycleTrial, liveRulesTrial];

export function reported(): readonly Component[] {
  return [
    trialComponent("s3-setup", "Keys, buckets and scratch place", [...setupTrials, cleanWords], {
      sources: [s3Setup],
      edges: setupEdges,
    }),
    trialComponent("s3-lifecycle", "Lifecycle rules", lifecycleTrials),
    dialectComponent,
    ...foundations,
  ];
}
