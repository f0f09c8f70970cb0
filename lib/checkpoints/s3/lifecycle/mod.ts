/** A lifecycle policy is set, read back, and seen carried out: what it names goes, what it does not name stays. */
import type { LifecycleRule } from "@aws-sdk/client-s3";
import { pause } from "../../../clients/kubernetes/client.ts";
import { failed, type Outcome, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Setup } from "../setup/mod.ts";
import { done, refusalText, replyOf } from "../setup/calls.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** Long enough for a store that looks every few seconds, short enough for the whole run. */
const USUAL_WAIT_MS = 8_000;
const POLL_MS = 250;

const GONE = "expire/";
const STAYS = ["keep/object", "expired", "other/expire/object"];

/** Expiration by a date that is past, for no day need go by then, and the end of uploads that nobody completed. */
function policy(now: Date): LifecycleRule[] {
  const midnight = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - 1));
  return [
    { ID: "lakecheck-expire", Status: "Enabled", Filter: { Prefix: GONE }, Expiration: { Date: midnight } },
    {
      ID: "lakecheck-uploads",
      Status: "Enabled",
      Filter: { Prefix: "uploads/" },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ];
}

export const lifecycleTrial: Trial<S3Setup> = {
  id: "s3.lifecycle",
  title: "lifecycle",
  explain:
    "A policy (expiration below a prefix, and the end of uploads that were never completed) is set on a scratch bucket, read " +
    "back equal, and seen carried out: the object below the prefix goes, the others stay. A store that carries rules out " +
    "at night only is skipped, unless --lifecycle-wait gives it time.",
  weight: "warning",
  async run(context) {
    if (!context.ownBucket) {
      return skipped("this user may make no bucket, and the policy of a bucket in use is not touched");
    }
    const { bucket } = await context.makeBucket("lifecycle");
    const set = await setAndReadBack(context, bucket);
    return set.result === "passed" ? [set, await seen(context, bucket)] : set;
  },
};

async function setAndReadBack({ s3, session }: S3Setup, bucket: string): Promise<Outcome> {
  const sdk = await import("@aws-sdk/client-s3");
  const keys = [`${GONE}object`, ...STAYS];
  await Promise.all(keys.map((Key) =>
    done(
      s3.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body: new TextEncoder().encode(Key) })),
      session,
      `write ${bucket}/${Key}`,
    )
  ));
  const Rules = policy(new Date());
  const put = await replyOf(
    s3.send(
      new sdk.PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules } }),
    ),
    { ...session, what: `set the lifecycle policy of bucket ${bucket}` },
  );
  if (!put.ok) {
    const message = put.refusal.status === 501
      ? "the store has no lifecycle rules: uploads that nobody completes stay, and nothing expires by itself"
      : "the store rejected a lifecycle policy of expiration by date and of abandoned uploads";
    return failed(put.refusal.status === 501 ? "NotImplemented" : "Refused", message, {
      observed: refusalText(put.refusal),
      expected: "HTTP 200",
      evidence: `PUT /${bucket}?lifecycle`,
    });
  }
  const { Rules: read = [] } = await done(
    s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket: bucket })),
    session,
    `read the lifecycle policy of bucket ${bucket}`,
  );
  const [wanted, got] = [Rules, read].map((rules) => rules.map(ruleText).sort().join("; "));
  const evidence = `GET /${bucket}?lifecycle`;
  return wanted === got
    ? passed("a policy of expiration and of abandoned uploads is read back as it was set", { evidence })
    : failed("PolicyChanged", "the lifecycle policy that is read back is not the one that was set", {
      observed: got || "no rule",
      expected: wanted,
      evidence,
    });
}

/** What matters of a rule; servers say the same in several forms. */
function ruleText(rule: LifecycleRule): string {
  const { ID, Status, Expiration: expiration, AbortIncompleteMultipartUpload: abort } = rule;
  const prefix = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix;
  const date = expiration?.Date ? `expires ${expiration.Date.toISOString().slice(0, 10)}` : "";
  const uploads = abort ? `aborts after ${abort.DaysAfterInitiation} d` : "";
  return [ID, Status, prefix, date, uploads].filter(Boolean).join(" ");
}

async function seen(context: S3Setup, bucket: string): Promise<Outcome> {
  const { lifecycleWaitMs, signal } = context;
  const started = performance.now();
  const limit = lifecycleWaitMs ?? USUAL_WAIT_MS;
  const evidence = `GET /${bucket}?list-type=2, every ${POLL_MS} ms`;
  for (let left = await keysIn(context, bucket);; left = await keysIn(context, bucket)) {
    const lost = STAYS.filter((key) => !left.includes(key));
    if (lost.length > 0) {
      const message = `the rule for ${GONE} deleted ${
        lost.join(", ")
      }, which it does not name: it would delete tables`;
      return failed("DeletedOthers", message, { status: "critical", evidence });
    }
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (!left.some((key) => key.startsWith(GONE))) {
      const message = "an expiration was carried out: the object below its prefix is gone, the others stay";
      return passed(message, { observed: `after ${seconds}`, evidence });
    }
    if (performance.now() - started > limit) {
      return lifecycleWaitMs === undefined
        ? skipped(
          `the store has not carried out an expiration within ${seconds}; many do so once a day or at night only ` +
            "(Ceph by rgw_lifecycle_work_time), so whether it does is not known. Next: run it with --lifecycle-wait 60m",
          { reason: "NotCarriedOut", observed: `nothing deleted after ${seconds}`, evidence },
        )
        : failed("NotCarriedOut", `the store has not carried out an expiration within ${seconds}`, {
          observed: `nothing deleted after ${seconds}`,
          evidence,
          next: [nextStep("see-lifecycle-runs")],
        });
    }
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
}

async function keysIn({ s3, session }: S3Setup, bucket: string): Promise<string[]> {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const { Contents = [] } = await done(
    s3.send(new ListObjectsV2Command({ Bucket: bucket })),
    session,
    `list bucket ${bucket}`,
  );
  return Contents.flatMap(({ Key }) => Key ?? []);
}
