/** The lifecycle rules of the platform's own buckets, compared with where its tables are. Reads, and changes nothing. */
import { CannotLook } from "../../../engine/errors.ts";
import { failed, type Outcome, passed, skipped, type Trial, unknown } from "../../../checkpoint/trial.ts";
import { type Hazard, hazards, placeOf, type TableLocation } from "./rules.ts";
import type { S3Setup } from "../setup/mod.ts";
import { refusalText, replyOf } from "../setup/calls.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** Names of tables in a message. */
const NAMED = 5;

export const liveRulesTrial: Trial<S3Setup> = {
  id: "s3.lifecycle-live",
  title: "lifecycle rules of real buckets",
  explain:
    "No lifecycle rule of a bucket of the platform deletes files of tables that the catalog knows: Iceberg does not notice, " +
    "and reading fails later. A rule that reaches the location of a table is critical and names the table; one that only " +
    "removes former versions is a warning. Where the catalog cannot be asked, the buckets in the configuration are taken " +
    "for tables, and a rule that deletes in them is a warning.",
  weight: "critical",
  async run(context) {
    const { buckets } = context.store;
    let tables: TableLocation[] = [];
    let blind: string | undefined;
    let isAsked = true;
    try {
      const known = await context.tableLocations();
      isAsked = known !== undefined;
      tables = known ?? [];
    } catch (error) {
      if (!(error instanceof CannotLook)) throw error;
      blind = error.failure.message;
    }
    const named = tables.flatMap(({ location }) => placeOf(location)?.bucket ?? []);
    const all = [...new Set([...buckets.map(({ name }) => name), ...named])];
    if (all.length === 0) return skipped("the platform claims no bucket, and no table names one");
    const byBucket = !isAsked || blind !== undefined;
    const outcomes = await Promise.all(all.map((bucket) => judgeBucket(context, bucket, tables, byBucket)));
    return blind === undefined ? outcomes.flat() : [...outcomes.flat(), unasked(blind)];
  },
};

function unasked(why: string): Outcome {
  const message =
    `the catalog could not be asked where its tables are, so rules were judged by bucket only: ${why}`;
  return unknown("CatalogNotAsked", message);
}

async function judgeBucket(
  { s3, session }: S3Setup,
  bucket: string,
  tables: readonly TableLocation[],
  byBucket: boolean,
): Promise<Outcome[]> {
  const { GetBucketLifecycleConfigurationCommand } = await import("@aws-sdk/client-s3");
  const object = { kind: "S3Bucket", name: bucket };
  const base = { object, evidence: `GET /${bucket}?lifecycle` };
  const said = await replyOf(
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket })),
    { ...session, what: `read the lifecycle rules of bucket ${bucket}` },
  );
  if (!said.ok && said.refusal.code === "NoSuchLifecycleConfiguration") {
    return [passed(`bucket ${bucket} has no lifecycle rules`, base)];
  }
  if (!said.ok && said.refusal.status === 404) {
    return [skipped(`bucket ${bucket} does not exist`, { ...base, reason: "NoSuchBucket" })];
  }
  if (!said.ok && said.refusal.status === 501) {
    return [
      skipped(
        `the store has no lifecycle rules (${refusalText(said.refusal)}), so none deletes in ${bucket}`,
        base,
      ),
    ];
  }
  if (!said.ok) {
    const message = `the lifecycle rules of bucket ${bucket} may not be read: ${refusalText(said.refusal)}`;
    return [unknown("Forbidden", message, base)];
  }
  const rules = said.value.Rules ?? [];
  const places = byBucket ? [{ table: `whatever is in ${bucket}`, location: `s3://${bucket}` }] : tables;
  const found = hazards(bucket, rules, places);
  if (found.length > 0) return found.map((hazard) => outcomeOf(bucket, hazard, byBucket));
  const observed = `${rules.length} ${rules.length === 1 ? "rule" : "rules"}`;
  const reached = byBucket ? "deletes an object" : "reaches a table";
  return [passed(`no lifecycle rule of bucket ${bucket} ${reached}`, { ...base, observed })];
}

function outcomeOf(bucket: string, { rule, does, tables, formerOnly }: Hazard, blind: boolean): Outcome {
  const named = tables.slice(0, NAMED).join(", ");
  const more = tables.length > NAMED ? ` and ${tables.length - NAMED} more` : "";
  const whose = blind
    ? "which may be files of tables"
    : `and there ${tables.length > 1 ? "are the tables" : "is the table"} ${named}${more}`;
  const message = `lifecycle rule "${rule}" of bucket ${bucket} ${does}, ${whose}`;
  return failed(formerOnly ? "RuleDeletesFormer" : "RuleDeletesTables", message, {
    object: { kind: "S3Bucket", name: bucket },
    status: blind || formerOnly ? "warning" : "critical",
    evidence: `GET /${bucket}?lifecycle`,
    observed: `rule "${rule}" ${does}`,
    expected: "no rule that deletes files of tables",
    next: [nextStep("save-lifecycle", bucket), nextStep("delete-lifecycle", bucket)],
  });
}
