/** Trials of bucket policies: what is allowed and denied by them, and no longer when they are gone. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { RawMethod } from "../../../clients/s3/client.ts";
import type { S3Context } from "../context.ts";
import { rawDelete } from "../scratch/delete.ts";
import { answerText, expectRejected, expectStatus, otherBucket, shared, stepsIn, trialsOn } from "./steps.ts";
import type { Refusal } from "../setup/calls.ts";
import { below } from "../scratch/own_place.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";
import { parseJson } from "../../../untrusted/json.ts";

/** Gateways that share a store hear of a policy a moment after the one that took it. */
const HEARD_MS = 1_000;
const AGAIN_MS = 100;

interface Policed {
  sent: unknown;
  read: unknown;
  /** Status of a request without a signature: of what the policy allows, and of what it does not. */
  allowed: number;
  others: Record<string, number>;
  /** Status of a request without a signature, of what the policy both allows to everyone and denies. */
  deniedToOthers: number;
  /** Of the owner's own GETs: what the policy denies, and what it does not. */
  denied?: Refusal;
  undenied?: Refusal;
  /** Of the owner's GET under the same policy without its Deny, where the GET under all of it was rejected. */
  withoutDeny?: Refusal;
  /** The same when the policy is gone. */
  after: { policy?: Refusal; allowed: number; denied?: Refusal };
  /** What a policy that is none comes to. */
  malformed?: Refusal;
}

/**
 * The last statement is for stores that give the owner of a bucket no right but those that its policy names: without it
 * nobody but an administrator could remove the policy, and the scratch bucket, again.
 */
const policyOf = (bucket: string, prefix: string, denies = true) => ({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "AnyoneReadsPublic",
      Effect: "Allow",
      Principal: { AWS: ["*"] },
      Action: ["s3:GetObject"],
      Resource: [`arn:aws:s3:::${bucket}/${prefix}public/*`, `arn:aws:s3:::${bucket}/${prefix}denied/*`],
    },
    ...denies
      ? [{
        Sid: "NobodyReadsDenied",
        Effect: "Deny",
        Principal: { AWS: ["*"] },
        Action: ["s3:GetObject"],
        Resource: [`arn:aws:s3:::${bucket}/${prefix}denied/*`],
      }]
      : [],
    {
      Sid: "PolicyCanBeRemoved",
      Effect: "Allow",
      Principal: { AWS: ["*"] },
      Action: ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
      Resource: [`arn:aws:s3:::${bucket}`],
    },
  ],
});

/** Looks until it is as wanted, or until it will not be; gives what was seen last. */
async function soon<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  const end = performance.now() + HEARD_MS;
  for (;;) {
    const seen = await look();
    if (wanted(seen) || performance.now() > end) return seen;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

const policed = shared(async (context): Promise<Policed> => {
  const steps = await stepsIn(context, below(await otherBucket(context), "policy/"));
  const { ask, refusal, raw, s3, sdk, bucket, prefix, place } = steps;
  const at = { Bucket: bucket };
  await Promise.all(["public/a", "private/a", "denied/a"].map((name) => steps.put(name, name)));
  const nobody = async (method: RawMethod, name?: string) => {
    const key = name && prefix + name;
    const body = method === "PUT" ? new Uint8Array(1) : undefined;
    return (await raw({ method, bucket, key, sign: "none", body })).status;
  };
  const own = (name: string) => {
    const get = new sdk.GetObjectCommand({ ...at, Key: prefix + name });
    return refusal(`GET ${name}`, s3.send(get));
  };
  const put = (Policy: string) => s3.send(new sdk.PutBucketPolicyCommand({ ...at, Policy }));
  const malformed = await refusal(
    "PutBucketPolicy",
    put('{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}'),
  );
  const sent = policyOf(bucket, prefix);
  await ask("PutBucketPolicy", put(JSON.stringify(sent)));
  const read = await ask("GetBucketPolicy", s3.send(new sdk.GetBucketPolicyCommand(at)));
  const allowed = await soon(() => nobody("GET", "public/a"), (status) => status === 200);
  const denied = await soon(() => own("denied/a"), (seen) => seen !== undefined);
  const others = {
    "GET of another object": await nobody("GET", "private/a"),
    "list of the bucket": await nobody("GET"),
    "PUT where reading is allowed": await nobody("PUT", "public/b"),
    "DELETE where reading is allowed": (await raw({ ...rawDelete(place, "public/a"), sign: "none" })).status,
  };
  const deniedToOthers = await nobody("GET", "denied/a");
  const undenied = await own("private/a");
  let withoutDeny: Refusal | undefined;
  if (undenied) {
    await ask("PutBucketPolicy", put(JSON.stringify(policyOf(bucket, prefix, false))));
    withoutDeny = await soon(() => own("private/a"), (seen) => seen === undefined);
  }
  await ask("DeleteBucketPolicy", s3.send(new sdk.DeleteBucketPolicyCommand(at)));
  const after = {
    policy: await refusal("GetBucketPolicy", s3.send(new sdk.GetBucketPolicyCommand(at))),
    allowed: await soon(() => nobody("GET", "public/a"), (status) => status !== 200),
    denied: await soon(() => own("denied/a"), (seen) => seen === undefined),
  };
  return {
    sent,
    read: parsed(read.Policy),
    allowed,
    others,
    deniedToOthers,
    denied,
    undenied,
    withoutDeny,
    after,
    malformed,
  };
});

/**
 * Waits until the policy trials have done with the other bucket. Ceph RGW 16 loses one of two settings of a bucket that
 * are changed at once (seen: a DeleteBucketCors that never happened), which is no fault of either.
 */
export async function policyTried(context: S3Context): Promise<void> {
  await Promise.allSettled([policed(context)]);
}

function parsed(text: string | undefined): unknown {
  try {
    return parseJson(text ?? "null");
  } catch {
    return text;
  }
}

/** Stores write a list of one as its only value, or the other way round: in a policy both mean the same. */
const withoutLists = (_key: string, value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? value[0] : value;

const ofPolicy = trialsOn(policed);

const policy = ofPolicy({
  id: "s3.policy",
  title: "Bucket policy",
  explain:
    "A bucket policy is set, read back as it was set, and removed; one that says nothing that can be understood is " +
    "refused. Teams share buckets of a lakehouse by policies, and look at them to know who may do what.",
  weight: "warning",
}, ({ sent, read, after, malformed }) => {
  const [observed, expected] = [read, sent].map((one) => JSON.stringify(one, withoutLists));
  expect(observed === expected, "SilentlyIgnored", "a bucket policy is not read back as it was set", {
    observed,
    expected,
    evidence: "GetBucketPolicy after PutBucketPolicy",
  });
  const gone = "a bucket policy is still there after it was removed";
  expectStatus(after.policy, 404, "StillThere", gone, "GetBucketPolicy after DeleteBucketPolicy");
  expect(malformed, "MalformedAccepted", "the store accepts a policy that it can't understand", {
    observed: answerText(malformed),
    expected: "400 MalformedPolicy",
    evidence: 'PutBucketPolicy with "Effect": "Perhaps"',
  });
  return passed("a policy is set, read back and removed, and a malformed one refused");
});

const allow = ofPolicy({
  id: "s3.policy-allow",
  title: "What a policy allows",
  explain:
    "Under a policy that lets everyone read one prefix, an unsigned request reads there, and neither reads elsewhere " +
    "nor lists, writes or deletes; when the policy is gone, it is rejected again. A store that goes further than its " +
    "policy gives data away.",
  weight: "critical",
}, ({ allowed, others, after }) => {
  const open = Object.entries(others).filter(([, status]) => status < 300);
  expect(open.length === 0, "TooOpen", "a policy that lets everyone read one prefix opens more than that", {
    observed: open.map(([what, status]) => `${what}: ${status}`).join(", "),
    expected: "403",
    evidence: "requests without a signature under a bucket policy",
  });
  expect(after.allowed >= 400, "StillOpen", "what a policy allowed is still allowed after its removal", {
    observed: `${after.allowed}`,
    expected: "403",
    evidence: "GET without a signature after DeleteBucketPolicy",
  });
  expect(allowed === 200, "SilentlyIgnored", "the store accepts a policy and does not allow what it allows", {
    observed: `${allowed}`,
    expected: "200",
    evidence: "GET without a signature of an object that the policy lets everyone read",
    status: "warning",
  });
  return passed("everyone reads what the policy names and nothing else, and no longer when it is gone");
});

const deny = ofPolicy({
  id: "s3.policy-deny",
  title: "What a policy denies",
  explain:
    "A Deny in a policy holds against every Allow, the owner's own included, for what it names and nothing else, and " +
    "ends with the policy. Rules like 'nobody deletes backups' are written so: a store that ignores a Deny protects " +
    "nothing.",
  weight: "critical",
}, ({ deniedToOthers, denied, undenied, withoutDeny, after }) => {
  const evidence = "GET by the owner of an object that the policy denies";
  expect(withoutDeny === undefined, "OwnerLockedOut", {
    message:
      "under a bucket policy the store gives the owner only what the policy allows: a policy that does not name " +
      "the owner locks everybody but an administrator out",
    observed: answerText(withoutDeny),
    expected: "200",
    evidence: "GET by the owner of an object that the policy does not name",
    status: "warning",
    next: [nextStep("name-owner")],
  });
  expect(denied !== undefined || deniedToOthers < 400, "OwnerExempt", {
    message:
      "the store keeps to a Deny for others and exempts the user of these keys from it, as some stores do with " +
      "administrators: no policy protects anything from whoever has these keys",
    observed: `200, and ${deniedToOthers} without a signature`,
    expected: "403",
    evidence,
    status: "warning",
    next: [nextStep("other-user")],
  });
  expectRejected(denied, 403, "the store accepts a Deny and does not keep to it", evidence);
  const other = "GET by the owner of an object that the policy does not deny";
  expectStatus(undenied, 200, "DeniesTooMuch", "a Deny of one prefix denies other objects too", other);
  const still = "what a policy denied is still denied after the policy was removed";
  expectStatus(after.denied, 200, "StillDenied", still, "GET by the owner after DeleteBucketPolicy");
  return passed("a Deny holds for what it names, against the owner too, and ends with the policy");
});

export const policyTrials: readonly Trial<S3Context>[] = [policy, allow, deny];
