// A small Kubernetes client for the lab's stand-ins: their Pod's own service account, JSON in and out.
import { readFileSync } from "node:fs";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What all Kubernetes objects have; `spec`, `status` and `data` are read with {@link at}. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: unknown[];
  };
  [field: string]: unknown;
}

/** An answer of the API server that is no success. */
export class KubeError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const client = Deno.createHttpClient({ caCerts: [readFileSync(`${ACCOUNT}/ca.crt`, "utf8")] });
const server = `https://${Deno.env.get("KUBERNETES_SERVICE_HOST")}:${
  Deno.env.get("KUBERNETES_SERVICE_PORT")
}`;

/** Name of this stand-in as the API server records it beside the fields that it sets. */
export const fieldManager = Deno.env.get("FIELD_MANAGER") ?? "rook";

async function request(
  method: string,
  path: string,
  body?: unknown,
  type = "application/json",
): Promise<unknown> {
  const response = await fetch(server + path, {
    method,
    client,
    headers: {
      // Read each time: the kubelet renews the token.
      authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8").trim()}`,
      accept: "application/json",
      "content-type": type,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const message = text.startsWith("{") ? String(at(JSON.parse(text), "message")) : text.slice(0, 200);
  throw new KubeError(response.status, `${method} ${path.split("?")[0]}: ${response.status} ${message}`);
}

/** Follows `keys` through nested objects; undefined when one is missing. */
export function at(value: unknown, ...keys: string[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Reflect.get(here, key);
  }
  return here;
}

/** Like {@link at}, as text; empty when it is missing. */
export function text(value: unknown, ...keys: string[]): string {
  const found = at(value, ...keys);
  return found === undefined || found === null ? "" : String(found);
}

/** The object at `path`, or undefined when there is none. */
export async function get(path: string): Promise<KubeObject | undefined> {
  try {
    return await request("GET", path) as KubeObject;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

/** All objects of a collection. Empty also where its kind is not installed. */
export async function list(path: string): Promise<KubeObject[]> {
  const found = at(await get(path), "items");
  return Array.isArray(found) ? found : [];
}

/** Server-side apply of `object` at `path` (its own path, not its collection's). */
export async function apply(path: string, object: unknown): Promise<KubeObject> {
  const query = `?fieldManager=${fieldManager}&force=true`;
  return await request("PATCH", path + query, object, "application/apply-patch+yaml") as KubeObject;
}

/** Creates `object` in the collection `path`. */
export async function create(path: string, object: unknown): Promise<KubeObject> {
  return await request("POST", path, object) as KubeObject;
}

/** Replaces the object at `path`. */
export async function replace(path: string, object: unknown): Promise<KubeObject> {
  return await request("PUT", path, object) as KubeObject;
}

/** Merges `patch` into the object at `path`. */
export async function merge(path: string, patch: unknown): Promise<void> {
  await request("PATCH", `${path}?fieldManager=${fieldManager}`, patch, "application/merge-patch+json");
}

/** Deletes the object at `path`; fine if it is gone already. */
export async function remove(path: string): Promise<void> {
  try {
    await request("DELETE", path);
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 404)) throw error;
  }
}

/** Calls `changed` whenever something in the collection `path` may have changed. Reconnects for ever. */
export async function watch(path: string, changed: () => void): Promise<never> {
  for (;;) {
    try {
      const from = text(await get(`${path}?limit=1`), "metadata", "resourceVersion");
      const response = await fetch(`${server}${path}?watch=true&resourceVersion=${from}&timeoutSeconds=300`, {
        client,
        headers: { authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8").trim()}` },
      });
      changed();
      if (response.ok && response.body) { for await (const _ of response.body) changed(); }
      else await response.body?.cancel();
    } catch {
      // The API server went away or restarts; the next round tells.
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
