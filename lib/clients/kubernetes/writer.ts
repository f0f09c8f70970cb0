/**
 * The write client of the Kubernetes API: server-side apply, merge patch and delete, with the reads that go with
 * them. The read client (kube.ts) writes nothing; both log in and send in the same way.
 */
import { kubePath } from "../../untrusted/api_path.ts";
import { Interrupted } from "../../engine/errors.ts";
import type { Answer, Connection } from "../../engine/model.ts";
import { type Meaning, readRawReply } from "./replies.ts";
import { cannotLook } from "../network_errors.ts";
import { type Call, connectionOf, type ConnectOptions, type Line, openLine } from "./client.ts";
import type { Reply } from "../transport.ts";
import {
  type Conflict,
  conflictsIn,
  isAbsent,
  isAnother,
  isTaken,
  placeOf,
  readWritten,
} from "./write_replies.ts";

/** An object of the API, of any kind. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [more: string]: unknown;
}

interface Metadata {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [more: string]: unknown;
}

/** Pins a delete to one object, and to how it was. */
export interface Pin {
  uid?: string;
  resourceVersion?: string;
}

/** What an apply came to. A conflict has written nothing. */
export type Applied =
  | { outcome: "created" | "changed" | "unchanged" }
  | { outcome: "conflict"; fields: Conflict[] };

export interface WriterOptions extends ConnectOptions {
  /** Ends everything: what is under way throws the signal's reason, which should be an Interrupted. */
  signal?: AbortSignal;
}

/**
 * Paths are those of the API, without a query: `/apis/apps/v1/namespaces/NS/deployments/NAME`. Every request (an
 * apply makes two) takes at most `timeoutMs`, its retry included (429 or 503 with Retry-After, a token renewed
 * meanwhile). What was refused or not answered throws CannotLook; no message holds a value that was sent as `data`
 * or `stringData`.
 */
export interface KubeWriter {
  context: string;
  connection: Connection;
  server: string;
  /** Undefined when the object, its namespace or its kind is not there. */
  get(path: string): Promise<KubeObject | undefined>;
  list(path: string): Promise<KubeObject[]>;
  /**
   * Server-side apply as manager `lakecheck`. A namespace or kind that is missing is a CannotLook, in a dry run too.
   * `unchanged`: what is there is as it was, its status apart; the API server then has kept the resourceVersion.
   * An object that others made with the same values is `changed` the first time: lakecheck becomes a manager of it.
   */
  apply(path: string, object: KubeObject, options?: { force?: boolean; dryRun?: boolean }): Promise<Applied>;
  /** JSON merge patch (RFC 7386) as manager `lakecheck`; gives what is there now. */
  merge(path: string, patch: unknown): Promise<KubeObject>;
  /** `exists`: somebody has made an object of that name before, and nothing was written. */
  create(path: string, object: KubeObject): Promise<"created" | "exists">;
  /** `another`: it is not the object, or (with `resourceVersion`) not as it was, that was looked at, and stays. */
  remove(path: string, only?: Pin): Promise<"removed" | "absent" | "another">;
  /** Asks by SelfSubjectAccessReview. `resource` with its subresource: `pods/portforward`. */
  may(verb: string, group: string, resource: string, namespace?: string, name?: string): Promise<boolean>;
  /** Whether the API server serves this version of the group; `""` is the core group. */
  serves(group: string, version: string): Promise<boolean>;
  /** A GET through the service proxy: any status is an answer, 503 when no service was reached. */
  raw(path: string): Promise<Answer>;
  /** Aborted when the caller's signal is, or by `close`. */
  signal: AbortSignal;
  /** Ends what is under way and frees the connections. */
  close(): void;
}

const MANAGER = "lakecheck";
const JSON_TYPE = "application/json";
const APPLY_TYPE = "application/apply-patch+yaml";
const MERGE_TYPE = "application/merge-patch+json";

/** A writer for the cluster that kubectl would talk to; finds it, logs in and fails as `connect` of kube.ts does. */
export async function connectWriter(options: WriterOptions): Promise<KubeWriter> {
  const line = await openLine(options);
  const { signal } = options;
  const close = () => {
    signal?.removeEventListener("abort", close);
    line.close();
  };
  signal?.addEventListener("abort", close);
  if (signal?.aborted) close();
  return {
    context: line.session.context,
    connection: connectionOf(line.target),
    server: line.session.server,
    ...callsOver(interruptible(line, signal)),
    signal: signal ? AbortSignal.any([signal, line.closed]) : line.closed,
    close,
  };
}

/** The line, whose end by the caller's signal is that signal's reason and no fault of the API server. */
function interruptible(line: Line, signal: AbortSignal | undefined): Line {
  return {
    ...line,
    async ask(call, read) {
      try {
        return await line.ask(call, read);
      } catch (error) {
        if (!signal?.aborted) throw error;
        throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
      }
    },
  };
}

type Calls = Omit<KubeWriter, "context" | "connection" | "server" | "signal" | "close">;

function callsOver(line: Line): Calls {
  const { session } = line;
  const send = (method: string, path: string, options: Sending = {}) => ask(line, method, path, options);

  async function get(path: string): Promise<KubeObject | undefined> {
    const { status, body } = await send("GET", path, { also: isAbsent });
    return status === 404 ? undefined : objectOf(body, path);
  }

  return {
    get,
    async list(path) {
      const { body } = await send("GET", path);
      return itemsOf(body, path);
    },
    async apply(path, object, { force = false, dryRun = false } = {}) {
      const before = await get(path);
      const query = `fieldManager=${MANAGER}&force=${force}${dryRun ? "&dryRun=All" : ""}`;
      let fields: Conflict[] = [];
      const also = (reply: Reply, secrets: readonly string[]) =>
        (fields = conflictsIn(reply, secrets)).length > 0;
      const { status, body } = await send("PATCH", path, { query, type: APPLY_TYPE, body: object, also });
      if (fields.length > 0) return { outcome: "conflict", fields };
      if (status === 201) return { outcome: "created" };
      return { outcome: same(kept(before), kept(objectOf(body, path))) ? "unchanged" : "changed" };
    },
    async merge(path, patch) {
      const query = `fieldManager=${MANAGER}`;
      return objectOf((await send("PATCH", path, { query, type: MERGE_TYPE, body: patch })).body, path);
    },
    async create(path, object) {
      const collection = path.slice(0, path.lastIndexOf("/"));
      const sent = { query: `fieldManager=${MANAGER}`, body: object, also: isTaken };
      return (await send("POST", collection, sent)).status === 409 ? "exists" : "created";
    },
    async remove(path, only = {}) {
      const body = {
        kind: "DeleteOptions",
        apiVersion: "v1",
        ...(only.uid || only.resourceVersion ? { preconditions: only } : {}),
        propagationPolicy: "Background",
      };
      const also = (reply: Reply) => isAbsent(reply) || isAnother(reply);
      const { status } = await send("DELETE", path, { body, also });
      return status < 300 ? "removed" : status === 404 ? "absent" : "another";
    },
    async may(verb, group, resource, namespace, name) {
      const [main, subresource] = resource.split("/");
      return await review(line, { verb, group, resource: main, subresource, namespace, name });
    },
    async serves(group, version) {
      const path = group ? kubePath`/apis/${group}/${version}` : kubePath`/api/${version}`;
      return (await send("GET", path, { also: isAbsent })).status === 200;
    },
    raw: (path) =>
      line.ask(
        { method: "GET", path, accept: "*/*", raw: true },
        (reply) => readRawReply(reply, path, session),
      ),
  };
}

async function review(line: Line, resourceAttributes: Record<string, string | undefined>): Promise<boolean> {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const asked = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: {},
    spec: { resourceAttributes },
  };
  const { body } = await ask(line, "POST", path, { body: asked });
  const allowed = isRecord(body) && isRecord(body.status) ? body.status.allowed : undefined;
  if (typeof allowed === "boolean") return allowed;
  throw malformed(path, "says neither that it is allowed nor that it is not");
}

interface Sending {
  query?: string;
  /** Content type of the body; default: JSON. */
  type?: string;
  body?: unknown;
  /** Replies that are answers too, besides those of 2xx. */
  also?: (reply: Reply, secrets: readonly string[]) => boolean;
}

/** Sends a request and gives the status and JSON body of a good answer. */
function ask(line: Line, method: string, path: string, { query, type = JSON_TYPE, body, also }: Sending) {
  const call: Call = {
    method,
    path: query ? `${path}?${query}` : path,
    accept: JSON_TYPE,
    ...(body === undefined ? {} : { body: { type, text: JSON.stringify(body) } }),
    secrets: secretsIn(body),
  };
  const secrets = [...call.secrets ?? [], ...line.session.secrets()];
  const asked = { method, path, session: line.session, secrets };
  return line.ask(call, (reply): Meaning<{ status: number; body?: unknown }> => {
    if (also?.(reply, secrets)) return { ok: true, answer: { status: reply.status } };
    return readWritten(reply, asked);
  });
}

/** The values of a Secret's `data` and `stringData`. */
function secretsIn(body: unknown): string[] {
  if (!isRecord(body)) return [];
  const values = [body.data, body.stringData].flatMap((map) => isRecord(map) ? Object.values(map) : []);
  return values.filter((value) => typeof value === "string");
}

/**
 * What an apply of ours can change: everything but the status, which controllers write all the time, and the entries
 * that other managers have. A dry run's answer has the old resourceVersion whatever it would change.
 */
function kept(object: KubeObject | undefined): unknown {
  if (!object) return undefined;
  const { status: _status, metadata, ...rest } = object;
  const { resourceVersion: _version, generation: _generation, managedFields, ...names } = metadata;
  const ours = (Array.isArray(managedFields) ? managedFields : [])
    .filter((one) =>
      isRecord(one) && one.manager === MANAGER && one.operation === "Apply" && !one.subresource
    )
    .map(({ time: _time, ...entry }) => entry);
  return { ...rest, metadata: names, ours };
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => same(one, b[i]));
  }
  if (!isRecord(a) || !isRecord(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

function objectOf(body: unknown, path: string): KubeObject {
  if (
    isRecord(body) && typeof body.apiVersion === "string" && typeof body.kind === "string" &&
    isRecord(body.metadata) && typeof body.metadata.name === "string"
  ) {
    return body as KubeObject;
  }
  throw malformed(path, "is no object of the API");
}

/** The items of a list (null when there are none); those of built-in kinds come without their kind, which is the list's. */
function itemsOf(body: unknown, path: string): KubeObject[] {
  const { apiVersion, kind, items } = isRecord(body) ? body : {};
  if (typeof kind !== "string" || !kind.endsWith("List") || !(items === null || Array.isArray(items))) {
    throw malformed(path, "is no list of the API");
  }
  const each = { apiVersion, kind: kind.slice(0, -"List".length) };
  return (items ?? []).map((item) => objectOf(isRecord(item) ? { ...each, ...item } : item, path));
}

function malformed(path: string, problem: string) {
  return cannotLook(
    "malformed",
    `the answer to ${
      placeOf(path).resource || path
    } ${problem}. Next: check the server address of the context`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
