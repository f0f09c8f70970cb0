/** Tells what an API server's reply means: an Answer, or why there was nothing to see. Pure. */
import type { Answer, Failure } from "../../engine/model.ts";
import { excerpt, quote, redact, redactAll } from "../../redact/mod.ts";
import { failure } from "../network_errors.ts";
import { type KubeSession, proxiedService, subject } from "./failures.ts";
import type { Reply } from "../transport.ts";
import { command } from "../../untrusted/shell.ts";
import { parseJson, parseList } from "../../untrusted/json.ts";
import { codeOf } from "../../untrusted/code.ts";

/** A body that is not JSON is kept up to this many characters. */
export const MAX_TEXT = 2048;

export type Meaning<T> = { ok: true; answer: T } | { ok: false; failure: Failure };

/** The error object of the Kubernetes API (meta/v1 Status). */
interface ApiStatus {
  reason?: string;
  message: string;
  /** The name of the one object that was asked for. */
  name?: string;
}

/** Of a GET of the API itself: only 200 is an answer. */
export function readReply(reply: Reply, path: string, session: KubeSession): Meaning<Answer> {
  const { status } = reply;
  if (status === 200) return readBody(reply, path, session);
  const said = apiStatus(reply.text);
  if (status === 404 && (said || /^404 page not found/.test(reply.text))) {
    return no(
      "not-installed",
      said?.name
        ? `${subject(path)} ${JSON.stringify(quote(said.name, session.secrets(), 253))} does not exist`
        : `the API server does not serve ${subject(path)} (${
          path.replace(/\?[^]*/, "")
        }): its CRD is not installed`,
    );
  }
  if (status === 401) return unauthorized(session);
  if (status === 403) return forbidden(path, said, session);
  if (status === 429 || status >= 500) return serverError(status, path, said, session);
  return no(
    "malformed",
    `${session.server} answered ${subject(path)} with HTTP ${status}, which no Kubernetes API server does. ` +
      "Next: check the server address of the context",
  );
}

/**
 * Of a GET that goes through the API server to a service (or to its own text endpoints): whatever the
 * service says is an answer, and that no service was reached is an answer of status 503. What the API
 * server itself refuses is a failure.
 */
export function readRawReply(reply: Reply, path: string, session: KubeSession): Meaning<Answer> {
  const { status } = reply;
  const said = apiStatus(reply.text);
  const service = proxiedService(path);
  if (!said) {
    // Up to Kubernetes 1.9 and for upgrade requests, the proxy says so in plain text.
    const unreached = service && status >= 500 && /^Error trying to reach service/i.test(reply.text);
    if (unreached) return notReached(reply.text, session);
    if (status === 401 && !service) return unauthorized(session);
    return { ok: true, answer: { status, ...bodyOf(reply.text, session) } };
  }
  if (status === 401 && said.reason === "Unauthorized") return unauthorized(session);
  if (status === 403 && said.reason === "Forbidden") return forbidden(path, said, session);
  if (service && status === 503) return notReached(said.message, session);
  if (service && status === 404 && said.reason === "NotFound") return notReached(said.message, session);
  if (status === 429 || status >= 500) return serverError(status, path, said, session);
  return { ok: true, answer: { status, ...bodyOf(reply.text, session) } };
}

/** Of a GET of a container's log: the last `units` UTF-16 units of it. It may hold secrets, and is to be reduced at once. */
export function readTail(reply: Reply, path: string, session: KubeSession, units: number): Meaning<Answer> {
  if (reply.status !== 200) return readRawReply(reply, path, session);
  return { ok: true, answer: { status: 200, body: redact(reply.text.slice(-units), session.secrets()) } };
}

function notReached(why: string, session: KubeSession): Meaning<Answer> {
  const reason = quote(`the service did not answer: ${why}`, session.secrets(), 300);
  return { ok: true, answer: { status: 503, body: { reason } } };
}

/** What of a list is looked at before its reader. */
interface ListBody {
  kind?: unknown;
  items?: unknown;
}

function readBody(reply: Reply, path: string, session: KubeSession): Meaning<Answer> {
  try {
    const body = parseList(reply.text) as ListBody | null;
    // An empty list of PartialObjectMetadata comes as null (seen with Kubernetes 1.36).
    if (body?.items === null && /List$/.test(String(body.kind))) body.items = [];
    return { ok: true, answer: { status: 200, body } };
  } catch {
    const cut = /^\s*\{/.test(reply.text);
    return no(
      "malformed",
      `the answer to ${subject(path)} is not JSON${cut ? ": it is cut short or damaged" : ""}. Next: ` +
        `check that ${session.server} is a Kubernetes API server and what stands between`,
    );
  }
}

export function unauthorized(session: KubeSession): Meaning<never> {
  return no(
    "unauthorized",
    `the API server ${session.server} does not accept the credentials of user ${session.userName} (401): they have expired ` +
      `or are for another cluster. Next: log in again, then ${command`kubectl --context ${session.context} auth whoami`}`,
  );
}

function forbidden(path: string, said: ApiStatus | undefined, session: KubeSession): Meaning<never> {
  const why = said
    ? quote(said.message, session.secrets(), 240)
    : `user ${session.userName} may not read ${subject(path)}`;
  const proxied = proxiedService(path);
  const ask = proxied
    ? command`kubectl auth can-i get ${proxied.startsWith("Pod ") ? "pods/proxy" : "services/proxy"} -A`
    : command`kubectl auth can-i list ${subject(path)} -A`;
  return no("forbidden", `${why}. Next: ${ask}, and ask for a role that allows it`);
}

/** Of 429 and 5xx; `said.message` is quoted. */
export function serverError(
  status: number,
  path: string,
  said: { message: string } | undefined,
  session: KubeSession,
): Meaning<never> {
  const why = said ? `: ${quote(said.message, session.secrets(), 240)}` : "";
  return no(
    "server-error",
    `the API server ${session.server} failed to answer ${subject(path)} (HTTP ${status})${why}. ` +
      "Next: kubectl get --raw '/readyz?verbose'",
  );
}

function apiStatus(text: string): ApiStatus | undefined {
  if (!/^\s*\{/.test(text) || text.length > 100_000) return undefined;
  try {
    const body = parseJson(text) as Record<string, unknown>;
    if (body.kind !== "Status" || body.apiVersion !== "v1" || typeof body.message !== "string") {
      return undefined;
    }
    const name = (body.details as { name?: unknown } | undefined)?.name;
    return {
      message: body.message,
      reason: codeOf(body.reason),
      ...(typeof name === "string" ? { name } : {}),
    };
  } catch {
    return undefined;
  }
}

function bodyOf(text: string, session: KubeSession): { body?: unknown } {
  if (text === "") return {};
  const secrets = session.secrets();
  try {
    const body = parseJson(text);
    // What does not repeat a secret, as nearly all, is not gone through part by part.
    return { body: redact(text, secrets) === text ? body : redactAll(body, secrets) };
  } catch {
    return { body: excerpt(text, secrets, MAX_TEXT) };
  }
}

function no(kind: Failure["kind"], message: string): Meaning<never> {
  return { ok: false, failure: failure(kind, message) };
}
