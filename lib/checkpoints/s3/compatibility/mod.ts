/** Finds out how the store speaks S3: every feature is tried, and what it did becomes a record. */
import { passed, type Trial, type TrialRecord } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { checksumProbes } from "./checksums.ts";
import { conditionProbes } from "./conditions.ts";
import { BEHAVIOURS, FEATURES } from "./features.ts";
import { listProbes } from "./lists.ts";
import type { Probe } from "./probe.ts";
import { signingProbes } from "./signing.ts";
import { writeProbes } from "./writes.ts";
import type { DialectRecord } from "../records.ts";

const PROBES = [...writeProbes, ...signingProbes, ...checksumProbes, ...conditionProbes, ...listProbes];
const MARK = "s3.dialect.";

/** A trial for each feature. It always holds: its reason is the behaviour, of which others judge. */
export const dialectTrials: readonly Trial<S3Context>[] = PROBES.map((probe) => trialOf(probe));

function trialOf({ id, run }: Probe): Trial<S3Context> {
  const title = FEATURES.find((feature) => feature.id === id)?.title ?? id;
  return {
    id: `${MARK}${id}`,
    title,
    explain: title,
    weight: "warning",
    async run(context) {
      const { behaviour, observed } = await run(context, `${context.prefix}dialect/${id}`);
      return passed(title, { reason: behaviour, observed });
    },
  };
}

/** Tells the records of the dialect from those of other trials. */
export function dialectOf(
  records: readonly TrialRecord[],
): { dialect: DialectRecord[]; others: TrialRecord[] } {
  const { dialect = [], others = [] } = Object.groupBy(
    records,
    ({ trial }) => trial.startsWith(MARK) ? "dialect" : "others",
  );
  return {
    others,
    dialect: dialect.map(({ trial, result, reason, observed, message }) => ({
      id: trial.slice(MARK.length),
      ...result === "passed"
        ? { behaviour: BEHAVIOURS.find((one) => one === reason) ?? "unknown", observed: observed ?? "" }
        : { behaviour: "unknown" as const, observed: message },
    })),
  };
}
