/** The components of the report: the trials by area, then what the object store stands on. */
import type { Component } from "../../model.ts";
import { foundations, setupComponent, trialComponent } from "./components.ts";
import { dialectComponent } from "./dialect_report.ts";
import { formatTrials } from "./format.ts";
import { lifecycleTrial } from "./lifecycle.ts";
import { liveRulesTrial } from "./lifecycle_live.ts";
import { opsTrials } from "./ops.ts";
import { cleanWords, setupTrials } from "./setup_trials.ts";
import { performanceComponent } from "./performance.ts";
import type { Trial } from "../../trial.ts";
import type { S3Setup } from "./setup.ts";

export const lifecycleTrials: readonly Trial<S3Setup>[] = [lifecycleTrial, liveRulesTrial];

export function reported(): readonly Component[] {
  return [
    setupComponent([...setupTrials, cleanWords]),
    trialComponent("s3-operations", "Operations of a lakehouse's clients", opsTrials),
    trialComponent("s3-format", "Files and layout of tables", formatTrials),
    trialComponent("s3-lifecycle", "Lifecycle rules", lifecycleTrials),
    dialectComponent,
    performanceComponent,
    ...foundations,
  ];
}
