/** Trials of requests that must be refused: wrong keys, wrong clocks, changed bodies, nobody's requests. */
import type { RawRequest } from "../../../clients/s3/raw.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial, type TrialWords } from "../../../checkpoint/trial.ts";
import { ofRejected, tell } from "../compatibility/told.ts";
import type { S3Context } from "../context.ts";
import { rawDelete } from "../scratch/delete.ts";
import { madeBytes, same } from "./bytes.ts";
import { expectRejected, operation, type Steps } from "./steps.ts";

const MINUTES = 60_000;

interface Wrong {
  what: string;
  request: RawRequest;
  /** The code that clients tell the cause by. */
  code: string;
  /** The feature that it tries, too. */
  feature?: string;
}

/** Each request must be rejected with its code, and must have changed nothing. */
function refusals(
  words: TrialWords,
  wrongs: (steps: Steps) => Promise<Wrong[]>,
  ignored: string,
): Trial<S3Context> {
  return operation(words, async (steps) => {
    const bytes = madeBytes(700, 101);
    await steps.put("object", bytes);
    const all = await wrongs(steps);
    const replies = await Promise.all(all.map(({ request }) => steps.raw(request)));
    all.forEach((wrong, at) => {
      const reply = replies[at];
      if (reply && wrong.feature) tell(steps.context, wrong.feature, ofRejected(reply));
    });
    all.forEach((wrong, at) => expectRejected(replies[at], wrong.code, ignored, wrong.what));
    const kept = await steps.get("object");
    expect(same(kept.bytes, bytes), "RefusedAndDone", "a request was rejected and yet changed the object", {
      observed: `${kept.bytes.length} other bytes`,
      expected: `the ${bytes.length} bytes from before`,
      evidence: all.map(({ what }) => what).join(", "),
    });
    return passed(`refused, with the code that clients know: ${all.map(({ what }) => what).join(", ")}`);
  });
}

/** A read and a write of the trial's object. */
const requests = ({ bucket, prefix }: Steps): RawRequest[] => [
  { method: "GET", bucket, key: `${prefix}object` },
  { method: "PUT", bucket, key: `${prefix}object`, body: new TextEncoder().encode("must not be written") },
];

const named = (what: string, code: string, all: RawRequest[], more: Partial<RawRequest>): Wrong[] =>
  all.map((request) => ({ what: `${request.method} ${what}`, code, request: { ...request, ...more } }));

/** A secret of the usual length that nobody has. */
const inventedSecret = (): string => crypto.randomUUID().replaceAll("-", "") + "lakechek";

const wrongKey = refusals(
  {
    id: "s3.wrong-key-id",
    title: "Access key that does not exist",
    explain:
      "A request signed with an access key that the store does not know is rejected with InvalidAccessKeyId. Nessie, " +
      "Spark and people tell by the code that a key was rotated or revoked; a store that serves it serves everyone.",
    weight: "critical",
  },
  (steps) => {
    const accessKeyId = crypto.randomUUID().replaceAll("-", "").slice(0, 20).toUpperCase();
    const keys = { accessKeyId, secretAccessKey: inventedSecret() };
    return Promise.resolve(
      named("with an unknown access key", "InvalidAccessKeyId", requests(steps), { keys }),
    );
  },
  "the store serves an access key that does not exist",
);

const wrongSecret = refusals(
  {
    id: "s3.wrong-secret",
    title: "Wrong secret",
    explain:
      "A request signed with a wrong secret is rejected with SignatureDoesNotMatch. It is the one thing that keeps " +
      "others out: a store, or a proxy before it, that does not verify signatures is open.",
    weight: "critical",
  },
  (steps) => {
    const keys = { ...steps.context.session.keys, secretAccessKey: inventedSecret() };
    return Promise.resolve(
      named("with a wrong secret", "SignatureDoesNotMatch", requests(steps), { keys }),
    );
  },
  "the store does not verify signatures: a wrong secret is served",
);

const clockSkew = refusals(
  {
    id: "s3.clock-skew",
    title: "Clock that is wrong",
    explain:
      "A request signed 20 minutes ago, or 20 minutes ahead, is rejected with RequestTimeTooSkewed. Else a request that " +
      "was overheard can be repeated for ever. Clients (the AWS SDKs) correct their clocks when they see this code.",
    weight: "warning",
  },
  (steps) =>
    Promise.resolve([
      ...named("signed 20 minutes ago", "RequestTimeTooSkewed", requests(steps), {
        clockSkewMs: -20 * MINUTES,
      }),
      ...named("signed 20 minutes ahead", "RequestTimeTooSkewed", requests(steps), {
        clockSkewMs: 20 * MINUTES,
      }),
    ]),
  "the store serves requests that were signed 20 minutes from now: they can be repeated for ever",
);

const anonymous = refusals(
  {
    id: "s3.anonymous",
    title: "Request of nobody",
    explain:
      "An unsigned request to a private bucket is rejected with AccessDenied: reading, listing, writing and deleting. " +
      "A lakehouse's buckets are private, and whoever reaches the endpoint is inside the cluster, not trusted.",
    weight: "critical",
  },
  (steps) => {
    const { bucket } = steps;
    const all: RawRequest[] = [
      ...requests(steps),
      { method: "GET", bucket, query: { "list-type": "2" } },
      rawDelete(steps.place, "object"),
    ];
    const list = (wrong: Wrong) =>
      wrong.request.query?.["list-type"] ? { ...wrong, what: "list without a signature" } : wrong;
    return Promise.resolve(named("without a signature", "AccessDenied", all, { sign: "none" }).map(list));
  },
  "the store serves requests without a signature: the bucket is open to everyone",
);

const changedBody = refusals(
  {
    id: "s3.changed-body",
    title: "Body that was changed after signing",
    explain:
      "A PUT whose body is not the one that was signed (x-amz-content-sha256), or not the one of its Content-MD5, is " +
      "refused and not stored. The checksum is what notices bytes that were changed or lost on the way; a store that " +
      "does not look stores them, and the writer believes in what is not there.",
    weight: "critical",
  },
  async ({ bucket, prefix }): Promise<Wrong[]> => {
    const signed = new TextEncoder().encode("what was signed");
    const sha256 = await crypto.subtle.digest("SHA-256", signed);
    const { createHash } = await import("node:crypto");
    const request: RawRequest = {
      method: "PUT",
      bucket,
      key: `${prefix}object`,
      body: new TextEncoder().encode("what was sent"),
    };
    return [
      {
        what: "PUT with the x-amz-content-sha256 of another body",
        code: "XAmzContentSHA256Mismatch",
        feature: "checksum.payload-wrong",
        request: { ...request, headers: { "x-amz-content-sha256": new Uint8Array(sha256).toHex() } },
      },
      {
        what: "PUT with the Content-MD5 of another body",
        code: "BadDigest",
        feature: "checksum.md5-wrong",
        request: {
          ...request,
          headers: { "content-md5": createHash("md5").update(signed).digest("base64") },
        },
      },
    ];
  },
  "the store keeps a body that is not the one that was signed",
);

export const refusalTrials: readonly Trial<S3Context>[] = [
  wrongKey,
  wrongSecret,
  clockSkew,
  anonymous,
  changedBody,
];
