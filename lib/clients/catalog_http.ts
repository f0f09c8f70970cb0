/** One request to a catalog and its whole answer, within a time and a size. Any HTTP status is an answer. */
import { sendable } from "../api_path.ts";
import { Interrupted } from "../errors.ts";
import { parseBigJson, stringifyBigJson } from "./big_json.ts";
import { silence } from "./catalog_failures.ts";
import type { Way } from "./reach.ts";
import { fetchWhole } from "./transport.ts";

/** Where a catalog is, and how long it is waited for. */
export interface CatalogOptions {
  /** Its URL is the root of the server: what stands before `/api/v2` and `/iceberg`. */
  way: Way;
  /** Limit of each request, its whole answer included. */
  timeoutMs: number;
  /** Ends what is under way; its reason is thrown and should be an Interrupted. */
  signal?: AbortSignal;
  /** A bearer token, if the catalog wants one. */
  token?: string;
}

export interface CatalogRequest {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below the root, with its query: `/api/v2/config`. */
  path: string;
  /** Sent as JSON; a bigint in it is written as an integer. */
  body?: unknown;
  headers?: Record<string, string>;
  /** For messages, after "could not": `list the references`. */
  what: string;
}

export interface CatalogReply {
  status: number;
  headers: Headers;
  text: string;
  /** Of a JSON body, with bigints where needed; undefined when it is empty or no JSON. */
  body: unknown;
}

/** Largest answer that is read, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Sends it once. CannotLook when there is no whole answer; Interrupted when the signal was aborted. */
export async function sendToCatalog(options: CatalogOptions, request: CatalogRequest): Promise<CatalogReply> {
  const { way, timeoutMs, signal, token } = options;
  signal?.throwIfAborted();
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...signal ? [signal] : []]);
  const headers: Record<string, string> = {
    accept: "application/json",
    "user-agent": "lakecheck",
    ...request.body === undefined ? {} : { "content-type": "application/json" },
    ...token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...request.headers,
  };
  const body = request.body === undefined ? undefined : stringifyBigJson(request.body);
  const init = { method: request.method, headers, body, redirect: "manual", signal: limit } as const;
  const whole = await fetchWhole(
    way.url + sendable(request.path),
    { ...init, client: way.client },
    MAX_BYTES,
  );
  if (signal?.aborted) throw interruption(signal);
  if (!whole.ok) throw silence(whole.trouble, request, options);
  const { response, text } = whole;
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

/** Undefined for what is no JSON; whoever reads it says so with the place it came from. */
function jsonOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return parseBigJson(text);
  } catch {
    return undefined;
  }
}

function interruption(signal: AbortSignal): Interrupted {
  return signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
}
