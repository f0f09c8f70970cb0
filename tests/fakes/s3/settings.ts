/** Settings of buckets of the fake S3: versioning, policy, CORS. */
import { bodyText, bucketOf, type Call, element, Refusal, texts, xml } from "./store.ts";

export function versioning(call: Call): Response {
  const bucket = bucketOf(call);
  if (call.method === "GET") {
    return xml("VersioningConfiguration", bucket.versioning ? element("Status", bucket.versioning) : "");
  }
  const [status] = texts(bodyText(call), "Status");
  if (!call.is("ignores-versioning") && (status === "Enabled" || status === "Suspended")) {
    bucket.versioning = status;
  }
  return new Response(null);
}

interface Statement {
  Effect: string;
  Action: string[];
  Resource: string[];
}

export function policy(call: Call): Response {
  const { method, is } = call;
  const bucket = bucketOf(call);
  if (method === "PUT") {
    const text = bodyText(call);
    if (!is("takes-any-policy") && !/"Effect":"(?:Allow|Deny)"/.test(text)) {
      throw new Refusal(400, "MalformedPolicy");
    }
    if (!is("forgets-policy")) bucket.policy = text;
    return new Response(null, { status: 204 });
  }
  if (method === "DELETE") {
    if (!is("policy-stays")) delete bucket.policy;
    return new Response(null, { status: 204 });
  }
  if (!bucket.policy) {
    if (is("forgets-policy")) return new Response("{}");
    throw new Refusal(404, "NoSuchBucketPolicy");
  }
  return new Response(bucket.policy);
}

/** Statements that have been there: for a store that keeps to them for ever. */
const pastAllows = new WeakSet<object>();

/** Throws a Refusal when this request may not be made. */
export function authorize(call: Call): void {
  const { method, bucket: name, key, who, is, store } = call;
  if (is("forbids-all") && call.query.has("policy")) throw new Refusal(403, "AccessDenied");
  const bucket = store.buckets.get(name);
  if (!name || !bucket || is("serves-nobody")) return;
  const action = actionOf(call);
  const arn = `arn:aws:s3:::${name}${key && "/"}${key}`;
  const policy: { Statement?: Statement[] } = bucket.policy?.includes("Perhaps")
    ? {}
    : JSON.parse(bucket.policy ?? "{}");
  const applies = (effect: string) =>
    (policy.Statement ?? []).some(({ Effect, Action, Resource }) =>
      Effect === effect && Action.includes(action) &&
      Resource.some((one) => one.endsWith("*") ? arn.startsWith(one.slice(0, -1)) : arn === one)
    );
  const denies = applies("Deny") ||
    (is("deny-denies-all") && action === "s3:GetObject" && bucket.policy?.includes("Deny"));
  if (denies && !is("ignores-deny") && !(who && is("exempts-owner"))) throw new Refusal(403, "AccessDenied");
  const isLockedOut = is("locks-owner-out") && bucket.policy?.includes("Allow") && !applies("Allow");
  if (isLockedOut) throw new Refusal(403, "AccessDenied");
  if (who) return;
  if (applies("Allow")) pastAllows.add(bucket);
  const opened = bucket.policy?.includes("Allow") && is("allow-opens-all");
  const stays = is("allow-stays") && pastAllows.has(bucket) && key.includes("public/") && method === "GET";
  if ((applies("Allow") && !is("ignores-allow")) || opened || stays) return;
  throw new Refusal(403, is("other-codes") ? "Forbidden" : "AccessDenied");
}

const VERBS: Record<string, string> = { GET: "Get", PUT: "Put", DELETE: "Delete" };

function actionOf({ method, key, query }: Call): string {
  if (query.has("policy")) return `s3:${VERBS[method] ?? ""}BucketPolicy`;
  if (!key) return "s3:ListBucket";
  if (method === "GET" || method === "HEAD") return "s3:GetObject";
  return method === "DELETE" ? "s3:DeleteObject" : "s3:PutObject";
}

export function cors(call: Call): Response {
  const { method, is } = call;
  const bucket = bucketOf(call);
  if (method === "PUT") {
    if (!is("forgets-cors")) {
      bucket.cors = texts(bodyText(call), "CORSRule").map((one) => `<CORSRule>${one}</CORSRule>`).join("");
    }
    return new Response(null);
  }
  if (method === "DELETE") {
    if (!is("cors-stays")) delete bucket.cors;
    return new Response(null, { status: 204 });
  }
  if (!bucket.cors) {
    if (is("forgets-cors")) return xml("CORSConfiguration", "");
    throw new Refusal(404, "NoSuchCORSConfiguration");
  }
  return xml("CORSConfiguration", bucket.cors);
}

/** A browser asks what a page of its origin may do. */
export function preflight(call: Call): Response {
  const { cors = "" } = bucketOf(call);
  const origin = call.headers.get("origin") ?? "";
  const method = call.headers.get("access-control-request-method") ?? "";
  const allowed = texts(cors, "AllowedOrigin").includes(origin) &&
    texts(cors, "AllowedMethod").includes(method);
  if (call.is("ignores-preflight") || !(allowed || (cors && call.is("cors-for-all")))) {
    throw new Refusal(403, "AccessForbidden");
  }
  return new Response(null, { headers: { "access-control-allow-origin": origin } });
}
