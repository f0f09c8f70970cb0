/** How compatible the store is with S3: every feature is tried once, and what the store did becomes a record. */
import { passed, type Trial, type TrialRecord } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { checksumProbes } from "./checksums.ts";
import { conditionProbes } from "./conditions.ts";
import { FEATURES } from "./features.ts";
import { listProbes } from "./lists.ts";
import { behavioursOf, tell } from "./told.ts";
import { signingProbes } from "./signing.ts";
import { writeProbes } from "./writes.ts";
import type { DialectRecord } from "../records.ts";

const PROBES = [...writeProbes, ...signingProbes, ...checksumProbes, ...conditionProbes, ...listProbes];
const MARK = "s3.dialect.";

/** A trial for each feature that no other trial tells. It always passes: others judge of the behaviour that it tells. */
export const dialectTrials: readonly Trial<S3Context>[] = PROBES.map(({ id, run }) => {
  const title = FEATURES.find((feature) => feature.id === id)?.title ?? id;
  return {
    id: `${MARK}${id}`,
    title,
    explain: title,
    weight: "warning",
    async run(context) {
      tell(context, id, await run(context, `${context.prefix}dialect/${id}`));
      return passed(title);
    },
  };
});

/** What was told of every feature, apart from the records of trials that judge by themselves. */
export function dialectOf(
  context: S3Context,
  records: readonly TrialRecord[],
): { dialect: DialectRecord[]; others: TrialRecord[] } {
  const told = behavioursOf(context);
  const dialect = FEATURES.map(({ id, trial = `${MARK}${id}` }): DialectRecord => {
    const observed = records.find((record) => record.trial === trial)?.message ?? "not tried";
    return { id, ...told.get(id) ?? { behaviour: "unknown", observed } };
  });
  return { dialect, others: records.filter(({ trial }) => !trial.startsWith(MARK)) };
}
