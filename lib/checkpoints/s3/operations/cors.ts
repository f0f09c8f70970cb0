/** Trials of CORS: which web pages may use the store from a browser. */
import type { RawReply } from "../../../clients/s3/raw.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { policyTried } from "./policy.ts";
import { answerText, inOtherBucket, type Steps } from "./steps.ts";

const ALLOWED = "https://notebooks.lakecheck.example";
const OTHER = "https://elsewhere.lakecheck.example";

const RULE = {
  AllowedOrigins: [ALLOWED],
  AllowedMethods: ["GET", "PUT"],
  AllowedHeaders: ["*"],
  ExposeHeaders: ["ETag"],
  MaxAgeSeconds: 300,
};

/** What a browser asks before a request from a page of this origin. */
const preflight = ({ raw, bucket, prefix }: Steps, origin: string, method = "GET"): Promise<RawReply> =>
  raw({
    method: "OPTIONS",
    bucket,
    key: `${prefix}object`,
    sign: "none",
    headers: { origin, "access-control-request-method": method },
  });

const allowedOrigin = ({ status, headers }: RawReply): string | undefined =>
  status < 300 ? headers.get("access-control-allow-origin") ?? undefined : undefined;

const allows = (reply: RawReply, origin: string): boolean => {
  const allowed = allowedOrigin(reply);
  return allowed === origin || allowed === "*";
};

const seen = (reply: RawReply): string =>
  `${answerText(reply)}, Access-Control-Allow-Origin: ${
    reply.headers.get("access-control-allow-origin") ?? "none"
  }`;

const cors = inOtherBucket({
  id: "s3.cors",
  title: "CORS",
  explain:
    "CORS rules of a bucket are set, read back and kept to: a browser's preflight request is answered for the origin " +
    "and the methods that a rule names, and rejected for others, and for all when the rules are gone. Notebooks and " +
    "DuckDB in a browser read files only so; Spark and Iceberg do not need it.",
  weight: "warning",
}, async (steps) => {
  await policyTried(steps.context);
  const { ask, s3, sdk } = steps;
  const at = { Bucket: steps.bucket };
  await steps.put("object", "x");
  const CORSConfiguration = { CORSRules: [RULE] };
  await ask("PutBucketCors", s3.send(new sdk.PutBucketCorsCommand({ ...at, CORSConfiguration })));
  const { CORSRules = [] } = await ask("GetBucketCors", s3.send(new sdk.GetBucketCorsCommand(at)));
  expect(
    words(CORSRules) === words([RULE]),
    "SilentlyIgnored",
    "CORS rules are not read back as they were set",
    { observed: words(CORSRules), expected: words([RULE]), evidence: "GetBucketCors after PutBucketCors" },
  );
  const own = await preflight(steps, ALLOWED);
  expect(allows(own, ALLOWED), "SilentlyIgnored", {
    message: "the store has CORS rules and does not answer preflight requests by them",
    observed: seen(own),
    expected: `200, Access-Control-Allow-Origin: ${ALLOWED}`,
    evidence: "OPTIONS from an origin that is allowed",
  });
  const others = [
    ["OPTIONS from another origin", await preflight(steps, OTHER), OTHER],
    ["OPTIONS for a method that is not allowed", await preflight(steps, ALLOWED, "DELETE"), ALLOWED],
  ] as const;
  for (const [evidence, reply, origin] of others) {
    expect(!allows(reply, origin), "TooOpen", "the store allows by CORS what no rule allows", {
      observed: seen(reply),
      expected: "403, or no Access-Control-Allow-Origin",
      evidence,
    });
  }
  await ask("DeleteBucketCors", s3.send(new sdk.DeleteBucketCorsCommand(at)));
  const gone = await steps.refusal("GetBucketCors", s3.send(new sdk.GetBucketCorsCommand(at)));
  const after = await preflight(steps, ALLOWED);
  expect(gone?.status === 404 && !allows(after, ALLOWED), "StillThere", {
    message: "CORS rules still hold after they were removed",
    observed: `rules: ${answerText(gone)}; preflight: ${seen(after)}`,
    expected: "404 NoSuchCORSConfiguration, and a preflight request that is refused",
    evidence: "GetBucketCors and OPTIONS after DeleteBucketCors",
  });
  return passed("preflight requests are answered by the rules, and rejected for other origins and methods");
});

/** Rules as text; lists in them have no order. */
function words(rules: object[]): string {
  return rules.map((rule) =>
    Object.entries(rule)
      .filter(([name, value]) => name !== "ID" && value !== undefined)
      .map(([name, value]) => `${name}=${Array.isArray(value) ? value.toSorted().join("|") : value}`)
      .sort().join(" ")
  ).join("; ");
}

export const corsTrials: readonly Trial<S3Context>[] = [cors];
