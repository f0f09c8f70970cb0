/** The components of the report: the trials by area, then what the object store stands on. */
import type { Component } from "../../engine/model.ts";
import { foundations, s3Component, setupComponent } from "./components.ts";
import { dialectComponent } from "./compatibility/report.ts";
import { formatTrials } from "./parquet/mod.ts";
import { lifecycleTrial } from "./lifecycle/mod.ts";
import { liveRulesTrial } from "./lifecycle/live.ts";
import { opsTrials } from "./operations/mod.ts";
import { cleanWords, setupTrials } from "./setup/trials.ts";
import { performanceComponent } from "./performance/mod.ts";
import type { Trial } from "../../checkpoint/trial.ts";
import type { S3Setup } from "./setup/mod.ts";

export const lifecycleTrials: readonly Trial<S3Setup>[] = [lifecycleTrial, liveRulesTrial];

export function reported(): readonly Component[] {
  return [
    setupComponent([...setupTrials, cleanWords]),
    s3Component("s3-operations", "Operations of a lakehouse's clients", opsTrials),
    s3Component("s3-format", "Files and layout of tables", formatTrials),
    s3Component("s3-lifecycle", "Lifecycle rules", lifecycleTrials),
    dialectComponent,
    performanceComponent,
    ...foundations,
  ];
}
