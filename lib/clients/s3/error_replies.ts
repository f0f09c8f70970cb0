/**
 * Words for an answer of S3 that is not what was asked for: what it means here, and what to do. Pure. Codes:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and rgw_common.cc of Ceph.
 */
import { unescaped } from "./list.ts";
import type { Failure, FailureKind } from "../../engine/model.ts";
import { quote } from "../../redact/mod.ts";
import { failure } from "../network_errors.ts";
import type { S3Session, SeenS3 } from "./types.ts";
import { lookAtStore, subjectOf } from "./no_reply.ts";
import { between } from "../../untrusted/text.ts";
import { command } from "../../untrusted/shell.ts";
import { isCeph, vendorWords } from "./vendor_codes.ts";
import { own } from "../../untrusted/lookup.ts";
import { codeOf } from "../../untrusted/code.ts";

interface ErrorBody {
  code?: string;
  message?: string;
}

interface Case {
  seen: SeenS3;
  code: string;
  message: string;
  /** `403 AccessDenied`. */
  status: string;
  bucket: string;
  session: S3Session;
}

/** Kind, what happened and why, and what to do next. */
type Words = (of: Case) => [kind: FailureKind, why: string, next: string];

const TOOLS = "kubectl -n rook-ceph exec deploy/rook-ceph-tools --";

/** The words of an answer. */
export function errorReplyFailure(seen: SeenS3, said: ErrorBody, session: S3Session): Failure {
  const code = said.code ?? "";
  const message = quote(said.message ?? "", secretsOf(session), 160);
  const status = `${seen.status}${code ? ` ${code}` : ""}`;
  const of = { seen, code, message, status, bucket: quote(bucketOf(seen), secretsOf(session), 63), session };
  const words = isWebsite(of)
    ? website
    : isForeign(seen)
    ? foreign
    : skewed(of)
    ? CODES.RequestTimeTooSkewed
    : ofVendor(of) ?? own(CODES, code);
  const [kind, why, next] = (words ?? byStatus(seen))(of);
  return failure(kind, `${subjectOf(seen.asked, session)}: ${why}. Next: ${next}`);
}

function ofVendor({ code, message, status }: Case): Words | undefined {
  const [kind, means, next] = vendorWords(code, message) ?? [];
  return kind && (() => [kind, `${means} (${status})`, next ?? ""]);
}

/** An endpoint that serves buckets as web sites answers in HTML, also where it is S3's own. */
function isWebsite({ seen: { text, headers }, session }: Case): boolean {
  if (!/html/i.test(headers.get("content-type") ?? "")) return false;
  return /NoSuchWebsiteConfiguration/.test(text) ||
    /(^|\.)s3-website[.-]/.test(URL.parse(session.connection.url)?.hostname ?? "");
}

const website: Words = ({ seen, session: { connection } }) => [
  "malformed",
  `HTTP ${seen.status} with a web page: ${connection.url} serves buckets as web sites, and speaks no S3`,
  "give the endpoint of the S3 API: that of Amazon is https://s3.REGION.amazonaws.com",
];

/** What no message about this store may hold. */
export const secretsOf = ({ keys }: Pick<S3Session, "keys">) => [keys.secretAccessKey, keys.accessKeyId];

/** An answer with a body that no S3 writes. */
export function isForeign({ status, headers, text }: SeenS3): boolean {
  if (headers.has("x-amz-request-id")) return false;
  const type = headers.get("content-type") ?? "";
  return status < 300 || /html|json/i.test(type) || (text.trim() !== "" && !/<Error[\s>]/.test(text));
}

const foreign: Words = ({ seen, session }) => {
  const { connection } = session;
  const page = /html/i.test(seen.headers.get("content-type") ?? "") || /^\s*</.test(seen.text)
    ? "a web page"
    : "something else";
  if (/plain HTTP request|HTTP request to an HTTPS/i.test(seen.text)) {
    return [
      "unreachable",
      `${connection.url} serves https, and was spoken to in http`,
      "give the endpoint with https://",
    ];
  }
  if (seen.status >= 500) {
    return [
      "unreachable",
      `HTTP ${seen.status} with ${page}, not from S3: a proxy stands before the store and can't reach it`,
      lookAtStore(session, seen.headers),
    ];
  }
  return [
    "malformed",
    `HTTP ${seen.status} with ${page} where S3 would answer in XML: ${connection.url} is no S3 endpoint`,
    isCeph(connection.url)
      ? "check the endpoint (kubectl get svc -A -l app=rook-ceph-rgw); the dashboard and the console are not it"
      : "check the endpoint; a dashboard or a console of the store is not it",
  ];
};

const fromCeph = ({ seen, session }: Case): boolean => isCeph(session.connection.url, seen.headers);

const newKeys = (of: Case): string =>
  "take the keys anew from where the user was made" +
  (fromCeph(of)
    ? command`: deno task obc:sync, or kubectl -n rook-ceph exec deploy/rook-ceph-tools -- radosgw-admin user info --uid USER`
    : "");

/** Who owns the bucket, and what else the store knows of it. */
const bucketStats = (of: Case): string =>
  fromCeph(of)
    ? command`kubectl -n rook-ceph exec deploy/rook-ceph-tools -- radosgw-admin bucket stats --bucket ${
      of.bucket || "BUCKET"
    }`
    : command`aws s3api get-bucket-acl --bucket ${of.bucket || "BUCKET"}`;

const CODES: Partial<Record<string, Words>> = {
  InvalidAccessKeyId: (of) => [
    "unauthorized",
    `the store knows no such access key (${of.status}): its user was deleted, or the keys were replaced since`,
    newKeys(of),
  ],
  SignatureDoesNotMatch: (of) => [
    "unauthorized",
    `the access key is known, and the secret key is not the one that belongs to it (${of.status})` +
    (of.session.connection.how === "given" ? "; a proxy that changes Host or path does the same" : ""),
    newKeys(of),
  ],
  AccessDenied: (of) =>
    /expired/i.test(of.message)
      ? ["forbidden", `the time of the presigned URL is over (${of.status})`, "sign it anew"]
      : [
        "forbidden",
        `the keys are right, and this user may not do that (${of.status}): a bucket policy, an ACL, or another owner`,
        `${bucketStats(of)} names the owner; its policy: ` +
        command`aws s3api get-bucket-policy --bucket ${of.bucket || "BUCKET"}`,
      ],
  RequestTimeTooSkewed: (of) => [
    "unauthorized",
    `the clocks differ too much, and S3 allows 15 minutes (${of.status}): ${clocks(of)}`,
    "set the clock that is wrong: timedatectl status here, and where the store runs",
  ],
  UserSuspended: (of) => [
    "forbidden",
    `the user of this access key is suspended (${of.status})`,
    fromCeph(of) ? `${TOOLS} radosgw-admin user enable --uid USER` : "enable the user where it was made",
  ],
  QuotaExceeded: (of) => [
    "server-error",
    `a quota of the bucket or of its owner is used up (${of.status}): nothing more can be written`,
    fromCeph(of)
      ? `${bucketStats(of)}; then delete, or raise it with radosgw-admin quota set`
      : "delete what is not needed, or raise the quota",
  ],
  InsufficientCapacity: (of) => [
    "server-error",
    `the store is full (${of.status}): nothing more can be written`,
    `${fromCeph(of) ? `${TOOLS} ceph df; then ` : ""}free space, or add disks`,
  ],
  SlowDown: ({ status, seen, session }) => [
    "server-error",
    `the store asks for fewer requests (${status})${waits(seen)}: it has more to do than it can`,
    `ask for less at a time; ${lookAtStore(session, seen.headers)}`,
  ],
  NoSuchBucket: (of) => [
    "server-error",
    `there is no bucket ${
      of.bucket || "of that name"
    } (${of.status}): it was deleted meanwhile, or never made`,
    `${fromCeph(of) ? "kubectl get objectbucketclaims -A, and " : ""}aws s3 ls`,
  ],
  NoSuchKey: ({ status }) => [
    "server-error",
    `there is no such object (${status}): it was deleted meanwhile, or never written`,
    "list its prefix, with versions if the bucket keeps them",
  ],
  AuthorizationHeaderMalformed: (of) => wrongRegion(of),
  IllegalLocationConstraintException: (of) => wrongRegion(of),
  InvalidLocationConstraint: (of) => wrongRegion(of),
  NotImplemented: ({ status }) => [
    "server-error",
    `this store can't do that (${status})`,
    "do without it, or use a newer version of the store",
  ],
};
CODES.InvalidRegion = wrongRegion;
CODES.RequestExpired = CODES.RequestTimeTooSkewed;
CODES.ServiceUnavailable = CODES.SlowDown;

function byStatus({ status, asked }: SeenS3): Words {
  if (status >= 300 && status < 400) return redirected;
  if (status === 403 && asked.method === "HEAD") return headForbidden;
  // An error that came after the head: of a copy, or of the end of a multipart upload.
  if (status < 300) return broken;
  if (status === 507) return CODES.InsufficientCapacity ?? other;
  if (status === 503 || status === 429) return CODES.SlowDown ?? other;
  return status >= 500 ? broken : other;
}

/** HEAD has no body to say why; only the clocks can be compared. */
const headForbidden: Words = ({ status, bucket, session: { connection } }) => [
  "forbidden",
  `it was rejected (${status}), and an answer to HEAD never says why: the access key is unknown, its secret key is ` +
  "another, or this user may not read it (the clocks agree)",
  "a signed GET tells which: " +
  command`aws s3api list-objects-v2 --bucket ${
    bucket || "BUCKET"
  } --max-keys 1 --endpoint-url ${connection.url}`,
];

const redirected: Words = ({ seen, status, session }) => {
  const { region: inBody, endpoint } = errorFields(seen.text);
  const region = seen.headers.get("x-amz-bucket-region") ?? inBody;
  const to = endpoint ?? locationOf(seen.headers);
  const told = [...region ? [`region ${region}`] : [], ...to ? [`endpoint ${to}`] : []].join(", ");
  const where = quote(told, secretsOf(session), 200);
  const so = seen.status === 301 || seen.status === 308 ? "belongs elsewhere" : "is for now served elsewhere";
  return [
    "server-error",
    `the store says that the bucket ${so}${
      where ? `: ${where}` : ""
    } (${status}); it was asked for in region ` +
    `${session.region} at ${session.connection.url}, and a redirect is not followed, because the signature is for this place`,
    where ? `ask there: ${where}` : "find out where it is: aws s3api get-bucket-location",
  ];
};

/** Without a query, which may hold a signature. */
function locationOf(headers: Headers): string | undefined {
  const url = URL.parse(headers.get("location") ?? "");
  return url ? `${url.origin}${url.pathname}` : undefined;
}

function wrongRegion({ seen, status, message, session }: Case): ReturnType<Words> {
  const told = seen.headers.get("x-amz-bucket-region") ?? errorFields(seen.text).region ??
    /expecting '([\w-]+)'/.exec(message)?.[1] ?? /expected:? \d{8}\/([\w-]+)\/s3/.exec(message)?.[1];
  const wanted = told && quote(told, secretsOf(session), 64);
  return [
    "server-error",
    `region ${session.region} is not the one that the store expects (${status})${
      wanted ? `: it is ${wanted}` : ""
    }`,
    wanted ? `use region ${wanted}` : "use the region of the store: its zone group, often us-east-1",
  ];
}

const broken: Words = (of) => [
  "server-error",
  `the store failed by itself (${of.status})${of.message ? `: ${of.message}` : ""}`,
  lookAtStore(of.session, of.seen.headers) + (fromCeph(of) ? `, their logs, and ${TOOLS} ceph status` : ""),
];

const other: Words = ({ status, message }) => [
  "server-error",
  `the store rejected it (${status})${message ? `: ${message}` : ""}`,
  "correct what was asked for",
];

const MAX_SKEW_MS = 15 * 60_000;

/** RGW says AccessDenied to some requests of a wrong clock, and HEAD says nothing: the Date of its answer tells. */
function skewed({ seen, code }: Case): boolean {
  const theirs = Date.parse(seen.headers.get("date") ?? "");
  const unclear = code === "" || code === "AccessDenied" || code === "Forbidden";
  return seen.status === 403 && unclear && Math.abs(theirs - seen.asked.sentAt) > MAX_SKEW_MS;
}

function clocks({ seen }: Case): string {
  const theirs = Date.parse(errorFields(seen.text).serverTime ?? seen.headers.get("date") ?? "");
  const ours = seen.asked.sentAt;
  if (Number.isNaN(theirs)) return `this machine's says ${rfc3339(ours)}`;
  const minutes = Math.round(Math.abs(ours - theirs) / 60_000);
  const which = ours > theirs ? "ahead of" : "behind";
  return `this machine's says ${rfc3339(ours)}, the store's ${rfc3339(theirs)}` +
    (minutes > 0
      ? ` (here ${minutes} min ${which} it)`
      : " (they agree now: the request was signed by another clock)");
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z/, "Z");
}

function waits({ headers }: SeenS3): string {
  const after = headers.get("retry-after");
  return after && /^\d{1,6}$/.test(after) ? ` and to wait ${after} s` : "";
}

/** The bucket of a path-style request; empty when it is not told by the path. */
function bucketOf({ asked, text }: SeenS3): string {
  const inPath = asked.path.startsWith("//") ? "" : decodeURIComponent(asked.path.split("/")[1] ?? "");
  return errorFields(text).bucket ?? inPath;
}

/** Of an error body of S3, what is said of it; nothing when the text is none. */
export function errorFields(text: string): {
  code?: string;
  message?: string;
  region?: string;
  endpoint?: string;
  bucket?: string;
  serverTime?: string;
} {
  if (!/<Error[\s>]/.test(text)) return {};
  const field = (name: string) => {
    const found = between(text, `<${name}>`, `</${name}>`);
    return found && !found.includes("<") ? unescaped(found) : undefined;
  };
  return {
    code: codeOf(field("Code")),
    message: field("Message"),
    region: field("Region"),
    endpoint: field("Endpoint"),
    bucket: field("BucketName") ?? field("Bucket"),
    serverTime: field("ServerTime"),
  };
}
