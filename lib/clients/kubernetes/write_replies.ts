/** Tells what an API server's reply to the write client means: its body, a conflict, or why it was refused. Pure. */
import type { FailureKind } from "../../engine/model.ts";
import { list, messageText, obj, str } from "../../engine/decode.ts";
import { type Meaning, serverError, unauthorized } from "./replies.ts";
import { quote } from "../../redact/mod.ts";
import { failure } from "../network_errors.ts";
import { type KubeSession } from "./failures.ts";
import type { Reply } from "../transport.ts";
import { command } from "../../untrusted/shell.ts";
import { parseJson } from "../../untrusted/json.ts";
import { own } from "../../untrusted/lookup.ts";

/** What was asked of whom, for messages. */
export interface Asked {
  method: string;
  /** Without its query. */
  path: string;
  session: KubeSession;
  /** What may not be quoted: values that were sent, and the login. */
  secrets: readonly string[];
}

/** A field that another manager owns and that was to be changed. */
export interface Conflict {
  manager: string;
  /** A path as `.spec.replicas`. */
  field: string;
}

const STATUS = obj({
  kind: str,
  reason: str,
  message: messageText,
  details: obj({
    name: str,
    kind: str,
    causes: list(obj({ reason: str, message: messageText, field: str })),
  }),
});
type Status = NonNullable<ReturnType<typeof STATUS>>;

/** The JSON body of a 2xx; anything else is a failure. */
export function readWritten(reply: Reply, asked: Asked): Meaning<{ status: number; body: unknown }> {
  const { status, text } = reply;
  if (status >= 200 && status < 300) {
    try {
      return { ok: true, answer: { status, body: parseJson(text) } };
    } catch {
      return no(
        "malformed",
        `the answer to ${
          words(asked)
        } is not JSON. Next: check that ${asked.session.server} is a Kubernetes API server ` +
          "and what stands between",
      );
    }
  }
  if (status === 401) return unauthorized(asked.session);
  const said = statusOf(text);
  const message = quote(said?.message ?? "", asked.secrets, 240);
  if (isAbsent(reply)) return absent(said, asked);
  if (status === 403) return forbidden(said, message, asked);
  if (status === 429 || status >= 500) {
    return serverError(status, asked.path, said && { message }, asked.session);
  }
  if (!said) {
    return no(
      "malformed",
      `${asked.session.server} answered ${
        words(asked)
      } with HTTP ${status}, which no Kubernetes API server does. ` +
        "Next: check the server address of the context",
    );
  }
  if (status === 409) {
    const next = "run this again: something else changed it at the same time";
    return refused("server-error", status, message, asked, next);
  }
  const { group, resource } = placeOf(asked.path);
  const full = group ? `${resource}.${group}` : resource;
  const explain = command`kubectl --context ${asked.session.context} explain ${full}`;
  return refused("server-error", status, message, asked, `compare with ${explain}`);
}

/** Whether an API server (and not something else) says that the object, or its kind, is not there. */
export function isAbsent({ status, text }: Reply): boolean {
  return status === 404 && (statusOf(text) !== undefined || /^404 page not found/.test(text));
}

/**
 * Whether a DELETE was refused because the object of that name is another one by now, or another version of it: `the
 * ResourceVersion in the precondition (7) does not match` (Kubernetes 1.36), `UID in precondition: ...`.
 */
export function isAnother({ status, text }: Reply): boolean {
  return status === 409 &&
    /\b(?:UID|ResourceVersion) in (?:the )?precondition\b/.test(statusOf(text)?.message ?? "");
}

/** Whether a POST was refused because an object of that name is there. */
export function isTaken({ status, text }: Reply): boolean {
  return status === 409 && statusOf(text)?.reason === "AlreadyExists";
}

/**
 * The conflicts that a server-side apply was refused for, without `secrets`; empty when that was not the reason.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
 */
export function conflictsIn({ status, text }: Reply, secrets: readonly string[]): Conflict[] {
  if (status !== 409) return [];
  const causes = (statusOf(text)?.details?.causes ?? []).filter((one) =>
    one.reason === "FieldManagerConflict"
  );
  return causes.map(({ message = "", field = "" }) => {
    const [, manager = ""] = /^conflict with "((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
    const name = quote(manager.replace(/\\(.)/g, "$1"), secrets, 128);
    return { manager: name || "another manager", field: quote(field, secrets, 1024) };
  });
}

function absent(said: Status | undefined, { path, session, secrets }: Asked): Meaning<never> {
  const { group, resource, namespace, name } = placeOf(path);
  if (said?.details?.kind === "namespaces" && resource !== "namespaces") {
    return no(
      "not-installed",
      `namespace ${namespace} does not exist. Next: create it first: ` +
        command`kubectl --context ${session.context} create namespace ${namespace}`,
    );
  }
  if (said?.details?.name) {
    return no(
      "not-installed",
      `${resource}/${name ?? quote(said.details.name, secrets, 253)}${within(namespace)} does not exist`,
    );
  }
  return no(
    "not-installed",
    `the API server does not serve ${
      group ? `${resource}.${group}` : resource
    } (${path}): its CRD is not installed ` +
      `in that version. Next: ${
        group
          ? command`kubectl --context ${session.context} api-resources --api-group=${group}`
          : command`kubectl --context ${session.context} api-resources`
      }`,
  );
}

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ gives the words of the authorizer. */
const DENIED =
  /User "((?:[^"\\]|\\.)*)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/;

function forbidden(said: Status | undefined, message: string, asked: Asked): Meaning<never> {
  const { session } = asked;
  const terminating = said?.details?.causes?.find((one) => one.reason === "NamespaceTerminating");
  if (terminating) {
    const { namespace } = placeOf(asked.path);
    return no(
      "forbidden",
      `namespace ${namespace} is being deleted, and takes nothing new. Next: wait until it is gone ` +
        `(${command`kubectl --context ${session.context} get namespace ${namespace}`}), then run this again`,
    );
  }
  const [, user, verb, resource, group, namespace] =
    DENIED.exec(quote(said?.message ?? "", asked.secrets, 2000)) ?? [];
  if (!user || !verb || !resource) {
    return refused("forbidden", 403, message, asked, "ask whoever sets the cluster's quotas and policies");
  }
  return no(
    "forbidden",
    missingRule({ user, verbs: [verb], resource, group: group ?? "", namespace, context: session.context }),
  );
}

/** Who may not do what, which rule is missing, and what to do. */
export function missingRule(
  { user, verbs, resource, group, namespace, context }: {
    user: string;
    verbs: string[];
    /** With its subresource, as in RBAC: `pods/portforward`. */
    resource: string;
    group: string;
    namespace?: string;
    context: string;
  },
): string {
  const full = group ? resource.replace(/(?=\/|$)/, `.${group}`) : resource;
  const rule = `apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verbs.join('", "')}"]`;
  return `user ${user} may not ${verbs.join(" and ")} ${full}${within(namespace)} (403): no ` +
    `${
      namespace ? "Role" : "ClusterRole"
    } that it has holds the rule { ${rule} }. Next: have it granted, then ` +
    (namespace
      ? command`kubectl --context ${context} auth can-i ${verbs.at(-1)} ${full} -n ${namespace}`
      : command`kubectl --context ${context} auth can-i ${verbs.at(-1)} ${full}`);
}

function refused(
  kind: FailureKind,
  status: number,
  message: string,
  asked: Asked,
  next: string,
): Meaning<never> {
  return no(
    kind,
    `the API server rejected the request ${words(asked)} (${status}): ${message}. Next: ${next}`,
  );
}

function words({ method, path }: Asked): string {
  const { resource, namespace, name } = placeOf(path);
  const verb = own(VERBS, method) ?? method;
  return resource
    ? `to ${verb} ${resource}${name ? `/${name}` : ""}${within(namespace)}`
    : `${method} ${path}`;
}

const VERBS: Record<string, string> = { GET: "read", PATCH: "write", POST: "create", DELETE: "delete" };

function within(namespace: string | undefined): string {
  return namespace ? ` in namespace ${namespace}` : "";
}

/** What a path of the API names. */
export function placeOf(path: string): {
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
} {
  const [, group = "", namespace, resource = "", name] =
    /^\/(?:api|apis\/([^/]+))\/[^/]+(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?/.exec(path) ?? [];
  return { group, resource, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
}

function statusOf(text: string): Status | undefined {
  if (!/^\s*\{/.test(text) || text.length > 1_000_000) return undefined;
  try {
    const status = STATUS(parseJson(text));
    return status?.kind === "Status" && status.message !== undefined ? status : undefined;
  } catch {
    return undefined;
  }
}

function no(kind: FailureKind, message: string): Meaning<never> {
  return { ok: false, failure: failure(kind, message) };
}
