/** One request to a catalog and its whole answer, within a time and a size. Any HTTP status is an answer. */
import { sendable } from "../untrusted/api_path.ts";
import { Interrupted } from "../engine/errors.ts";
import { parseBigJson, stringifyBigJson } from "./big_json.ts";
import { noReplyFailure } from "./catalog_failures.ts";
import type { CatalogOptions, CatalogReply, CatalogRequest } from "./catalog_types.ts";
import { fetchWhole } from "./transport.ts";

export type { CatalogOptions, CatalogReply, CatalogRequest };

/** Largest answer that is read, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Sends it once. CannotLook when there is no whole answer; Interrupted when the signal was aborted. */
export async function sendToCatalog(options: CatalogOptions, request: CatalogRequest): Promise<CatalogReply> {
  const { connection, timeoutMs, signal, token } = options;
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
    connection.url + sendable(request.path),
    { ...init, client: connection.client },
    MAX_BYTES,
  );
  if (signal?.aborted) throw interruption(signal);
  if (!whole.ok) throw noReplyFailure(whole.trouble, request, options);
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
