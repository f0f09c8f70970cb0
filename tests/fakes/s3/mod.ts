/**
 * A fake S3 in memory, for tests: it verifies signatures and keeps to S3's rules, until it is told to be wrong in one
 * of the ways of quirks.ts. What a real store does is seen on the lab.
 */
import * as lists from "./lists.ts";
import * as multipart from "./multipart.ts";
import * as objects from "./objects.ts";
import type { Quirk } from "./quirks.ts";
import * as settings from "./settings.ts";
import { signer } from "./signature.ts";
import { type Bucket, bucketOf, type Call, element, Refusal, type Store, xml } from "./store.ts";

export type { Quirk } from "./quirks.ts";

/** Keys of the fake, which open nothing else. */
export const FAKE_KEYS = {
  accessKeyId: "FAKEACCESSKEYOFTESTS",
  secretAccessKey: "fake-secret-of-the-fake-s3-of-tests-only",
};

export interface FakeS3 {
  url: string;
  store: Store;
  /** Requests that were answered, as `METHOD /bucket/key?query`. */
  heard: string[];
  close(): Promise<void>;
}

export interface FakeOptions {
  quirks?: readonly Quirk[];
  /** Called before each request is answered. */
  before?: (heard: string, store: Store) => void;
  tls?: { cert: string; key: string; ca?: string };
  /** The store's own clock; default: this machine's. */
  now?: () => Date;
  /** What its Date header says instead of that. */
  date?: string;
}

export function fakeS3({ quirks = [], before, tls, now = () => new Date(), date }: FakeOptions = {}): FakeS3 {
  const store: Store = { buckets: new Map(), quirks: new Set(quirks), keys: FAKE_KEYS, count: 0, now };
  const heard: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, ...tls && { cert: tls.cert, key: tls.key } },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const line = `${request.method} ${pathname}${search}`;
      heard.push(line);
      before?.(line, store);
      const response = await answer(request, store);
      response.headers.set("date", date ?? store.now().toUTCString());
      return response;
    },
  );
  return {
    url: `http${tls ? "s" : ""}://127.0.0.1:${server.addr.port}`,
    store,
    heard,
    close: () => server.shutdown(),
  };
}

async function answer(request: Request, store: Store): Promise<Response> {
  try {
    const call = await callOf(request, store);
    if (call.method === "OPTIONS") return settings.preflight(call);
    outOfOrder(call);
    settings.authorize(call);
    return await route(call);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const bodiless = request.method === "HEAD" || error.status === 304;
    if (bodiless) return new Response(null, { status: error.status });
    const inside = element("Code", error.code) + element("Message", error.message);
    return new Response(await xml("Error", inside).text(), { status: error.status });
  }
}

async function callOf(request: Request, store: Store): Promise<Call> {
  const is = (quirk: Quirk) => store.quirks.has(quirk);
  const bytes = await request.bytes();
  const who = request.method === "OPTIONS" ? undefined : signer(request, store, bytes);
  const url = new URL(request.url);
  const [, bucket = "", path = ""] = /^\/([^/]*)\/?([^]*)$/.exec(url.pathname) ?? [];
  return {
    method: request.method,
    bucket: decodeURIComponent(bucket),
    key: keyOf(path, is),
    query: url.searchParams,
    headers: request.headers,
    bytes,
    who,
    store,
    is,
  };
}

function keyOf(path: string, is: (quirk: Quirk) => boolean): string {
  const key = decodeURIComponent(path);
  if (is("plus-is-space")) return key.replaceAll("+", " ");
  if (is("joins-slashes")) return key.replace(/\/{2,}/g, "/");
  if (!is("decodes-twice")) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** A store that is not well, or not the whole of an S3. */
function outOfOrder(call: Call): void {
  const { is, method, bucket, key, store, query, headers } = call;
  if (is("slow-down")) throw new Refusal(503, "SlowDown");
  if (is("internal-error")) throw new Refusal(500, "InternalError");
  if (is("quota-exceeded") && (method === "PUT" || method === "POST")) {
    throw new Refusal(403, "QuotaExceeded");
  }
  if (is("makes-missing-buckets") && method === "PUT" && key && !store.buckets.has(bucket)) {
    store.buckets.set(bucket, emptyBucket(bucket));
  }
  if (is("bucket-gone")) store.buckets.delete(bucket);
  if (is("not-implemented") && query.has("tagging")) throw new Refusal(501, "NotImplemented");
  if (is("hides-versions") && query.has("versions")) throw new Refusal(403, "AccessDenied");
  lacks(call);
  const byHand = !headers.get("user-agent")?.includes("aws-sdk");
  if (is("makes-no-buckets") && method === "PUT" && bucket && !key && [...query.keys()].every(isSdk)) {
    throw new Refusal(403, "AccessDenied");
  }
  if (is("refuses-path-style") && byHand && method === "GET") throw new Refusal(400, "InvalidRequest");
}

/** The SDK names its operation in the query. */
const isSdk = (name: string) => name === "x-id";

/** What a store does not have, it refuses in one of several ways. */
function lacks({ is, method, key, query }: Call): void {
  const missing = (is("lacks-versions") && (query.has("versions") || query.has("versioning"))) ||
    (is("lacks-upload-lists") && query.has("uploads") && method === "GET") ||
    (is("lacks-policies") && query.has("policy")) ||
    (is("lacks-batch-delete") && query.has("delete") && !key);
  if (!missing) return;
  if (is("lacks-with-400")) throw new Refusal(400, "InvalidRequest");
  if (is("lacks-with-403")) throw new Refusal(403, "AccessDenied");
  if (is("lacks-with-405")) throw new Refusal(405, "MethodNotAllowed");
  throw new Refusal(501, "NotImplemented");
}

function route(call: Call): Response | Promise<Response> {
  const { query, key, bucket } = call;
  if (!bucket) return lists.listBuckets(call);
  return key ? objectRoute(call, query) : bucketRoute(call, query);
}

function objectRoute(call: Call, query: URLSearchParams): Response | Promise<Response> {
  const { method, headers } = call;
  if (query.has("tagging")) return objects.tagging(call);
  if (query.has("uploads") && method === "POST") return multipart.beginUpload(call);
  if (query.has("uploadId")) {
    if (method === "PUT") return multipart.putPart(call);
    if (method === "POST") return multipart.completeUpload(call);
    return method === "DELETE" ? multipart.abortUpload(call) : multipart.listParts(call);
  }
  switch (method) {
    case "PUT":
      return headers.has("x-amz-copy-source") ? objects.copyObject(call) : objects.putObject(call);
    case "GET":
    case "HEAD":
      return objects.getObject(call);
    case "DELETE":
      return objects.deleteObject(call);
  }
  throw new Refusal(405, "MethodNotAllowed");
}

function bucketRoute(call: Call, query: URLSearchParams): Response {
  const { method, store, bucket } = call;
  if (query.has("versioning")) return settings.versioning(call);
  if (query.has("policy")) return settings.policy(call);
  if (query.has("cors")) return settings.cors(call);
  if (query.has("uploads")) return multipart.listUploads(call);
  if (query.has("versions")) return lists.listVersions(call);
  if (query.has("delete")) return objects.deleteObjects(call);
  switch (method) {
    case "PUT": {
      if (!store.buckets.has(bucket)) store.buckets.set(bucket, emptyBucket(bucket));
      return new Response(null);
    }
    case "HEAD":
      bucketOf(call);
      return new Response(null);
    case "DELETE":
      if (bucketOf(call).keys.size > 0 && !call.is("deletes-full-buckets")) {
        throw new Refusal(
          ...(call.is("other-bucket-codes") ? [400, "Full"] : [409, "BucketNotEmpty"]) as [number, string],
        );
      }
      if (!call.is("keeps-buckets")) store.buckets.delete(bucket);
      return new Response(null, { status: 204 });
  }
  return lists.listObjects(call);
}

export const emptyBucket = (name: string): Bucket => ({
  name,
  keys: new Map(),
  uploads: new Map(),
  before: [],
});
