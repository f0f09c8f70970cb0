/** A request to a catalog, and its answer. Types only. */
import type { ServiceConnection } from "./kubernetes/service_connection.ts";

/** Where a catalog is, and how long it is waited for. */
export interface CatalogOptions {
  /** Its URL is the root of the server: what stands before `/api/v2` and `/iceberg`. */
  connection: ServiceConnection;
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
