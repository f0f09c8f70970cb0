/** Turns what a catalog refuses, or does not answer, into words with a next step. Pure. */
import { CannotLook } from "../engine/errors.ts";
import type { FailureKind } from "../engine/model.ts";
import type { CatalogOptions, CatalogReply, CatalogRequest } from "./catalog_types.ts";
import { quote } from "../redact/mod.ts";
import { cannotLook, failure, networkError, type TransportError } from "./network_errors.ts";

const LOGS = "look at the logs of the catalog: deno task data-platform:health names its pods";
const ADDRESS = "check the address that was given with --url or NESSIE_URL";

/** What a catalog said instead of doing it, in its own words. */
export interface ErrorBody {
  status: number;
  /** Nessie: REFERENCE_NOT_FOUND ...; Iceberg REST: NoSuchTableException ... */
  code: string;
  /** One line, at most 300 characters. */
  message: string;
  /** What stood in the way, by key; empty when the catalog named none. */
  conflicts: Conflict[];
}

/** What stood in the way of a commit, a merge or a deletion. */
export interface Conflict {
  /** VALUE_DIFFERS, KEY_EXISTS, UNEXPECTED_HASH, NAMESPACE_ABSENT ... */
  type: string;
  /** The elements of the content key; absent when it is about a reference. */
  key?: string[];
  message: string;
}

/** The catalog answered, and refused: its words are kept. Everywhere else it is a CannotLook. */
export class ErrorReply extends CannotLook {
  override name = "CannotLook";
  constructor(kind: FailureKind, message: string, readonly said: ErrorBody) {
    super(failure(kind, message));
  }
}

/** What the catalog said, if this error is its refusal. */
export function errorBodyOf(error: unknown): ErrorBody | undefined {
  return error instanceof ErrorReply ? error.said : undefined;
}

/**
 * Why a reply is no answer. `said` is the catalog's own error, when the body is one; without it something else
 * answered, or something stands between.
 */
export function errorReplyFailure(
  reply: CatalogReply,
  request: CatalogRequest,
  options: CatalogOptions,
  said: ErrorBody | undefined,
): CannotLook {
  const { status } = reply;
  const what = `could not ${request.what}`;
  if (!said) return foreignReplyFailure(reply, what, options);
  const clean = quoted(said, options);
  const because = `the catalog says ${status} ${clean.code}: ${clean.message || "it does not say why"}`;
  const give = (kind: FailureKind, more: string) => new ErrorReply(kind, `${what}: ${more}`, clean);
  if (status === 401) {
    return give("unauthorized", `the catalog wants a valid token (${because}). Next: ${TOKEN}`);
  }
  if (status === 403) return give("forbidden", `it is not allowed (${because}). Next: ${RIGHTS}`);
  if (status === 429) return give("server-error", `too many requests (${because}). Next: try again later`);
  if (status >= 500) return give("server-error", `${because}. Next: ${LOGS}`);
  return give("server-error", because);
}

/** The catalog's words, fit to be shown: it may repeat what it was sent. */
function quoted(said: ErrorBody, options: CatalogOptions): ErrorBody {
  const safe = (text: string, limit: number) => quote(text, secretsOf(options), limit);
  const conflicts = said.conflicts.map((one) => ({
    ...one,
    type: safe(one.type, 64),
    message: safe(one.message, 300),
    ...one.key ? { key: one.key.map((element) => safe(element, 255)) } : {},
  }));
  return { ...said, code: safe(said.code, 64), message: safe(said.message, 300), conflicts };
}

const secretsOf = ({ token }: CatalogOptions) => token === undefined ? [] : [token];

const TOKEN = "this tool sends none; ask where the catalog is reached without one, or inside the cluster";
const RIGHTS = "grant it in the catalog's authorization rules (nessie.server.authorization.rules)";

/** An answer that no catalog gives. */
function foreignReplyFailure(reply: CatalogReply, what: string, options: CatalogOptions): CannotLook {
  const at = options.connection.url;
  const { status, text } = reply;
  const page = /^\s*</.test(text);
  const form = text === "" ? "nothing" : page ? "a web page" : "something else";
  if (status >= 300 && status < 400) {
    const to = redirectTarget(reply, options);
    const words = to ? `points to ${to}` : "points elsewhere, and does not say where";
    return cannotLook(
      "unreachable",
      `${what}: ${at} answers HTTP ${status} and ${words}. Next: give that with --url`,
    );
  }
  if (status === 401) {
    return cannotLook("unauthorized", `${what}: ${at} wants a login (HTTP 401). Next: ${TOKEN}`);
  }
  if (status === 403) {
    return cannotLook(
      "forbidden",
      `${what}: ${at} does not allow it (HTTP 403, with ${form}). Next: ${RIGHTS}`,
    );
  }
  if (status === 502 || status === 503 || status === 504) {
    return cannotLook(
      "unreachable",
      `${what}: ${at} answers HTTP ${status} with ${form}: a proxy stands between, or the catalog is not ready. ` +
        `Next: ${LOGS}`,
    );
  }
  if (status >= 500) {
    return cannotLook("server-error", `${what}: ${at} answers HTTP ${status} with ${form}. Next: ${LOGS}`);
  }
  if (status >= 200 && status < 300) {
    return cannotLook(
      "malformed",
      `${what}: ${at} answers with ${form} instead of JSON. It may be no Nessie. Next: ${ADDRESS}`,
    );
  }
  return cannotLook(
    "malformed",
    `${what}: ${at} answers HTTP ${status} with ${form}, as no Nessie does. Next: ${ADDRESS}`,
  );
}

/** Only the origin and path: a query may hold a secret. */
function redirectTarget(reply: CatalogReply, options: CatalogOptions): string | undefined {
  const location = reply.headers.get("location");
  const url = location === null ? null : URL.parse(location, `${options.connection.url}/`);
  return url ? quote(`${url.origin}${url.pathname}`, secretsOf(options), 200) : undefined;
}

/** The body is JSON, but not of the shape that the API promises. */
export function malformedReplyFailure(
  request: CatalogRequest,
  options: CatalogOptions,
  problem: string,
): CannotLook {
  return cannotLook(
    "malformed",
    `could not ${request.what}: the answer of ${options.connection.url} ${
      quote(problem, secretsOf(options), 240)
    }. It may be no Nessie, or another ` +
      `version. Next: ${ADDRESS}`,
  );
}

/** Why there was no whole answer. */
export function noReplyFailure(
  trouble: TransportError,
  request: CatalogRequest,
  options: CatalogOptions,
): CannotLook {
  const { connection, timeoutMs } = options;
  const what = `could not ${request.what}`;
  const perhaps = request.method === "GET" || request.method === "HEAD"
    ? ""
    : " It may have been done nevertheless.";
  const at = connection.url;
  if (trouble.why === "timeout") {
    return cannotLook(
      "timeout",
      `${what}: ${at} gave no answer within ${
        timeoutMs / 1000
      } s.${perhaps} Next: ${LOGS}, or raise --timeout`,
    );
  }
  if (trouble.why === "too-big") {
    const limit = Math.round(trouble.limitBytes / 1024 / 1024);
    return cannotLook("malformed", `${what}: the answer is larger than ${limit} MiB. Next: ${ADDRESS}`);
  }
  if (trouble.why === "closed") return cannotLook("unreachable", `${what}: the client was closed`);
  const known = connection.failure();
  if (known) return cannotLook(known.kind, `${what}: ${known.message}`);
  return network(trouble.text, what, at, perhaps);
}

function network(text: string, what: string, at: string, perhaps: string): CannotLook {
  const certificate = (why: string, next: string) =>
    cannotLook("certificate", `${what}: the certificate of ${at} ${why}. Next: ${next}`);
  const unreachable = (why: string) => cannotLook("unreachable", `${what}: ${why}`);
  switch (networkError(text)) {
    case "expired":
      return certificate("has expired or is not valid yet", `${ADDRESS}, and renew it`);
    case "otherName":
      return certificate("is for another name", `${ADDRESS}, and renew it`);
    case "untrustedIssuer":
    case "caCertificate":
    case "badCertificate":
      return certificate("is signed by no CA that this machine trusts", "give its CA with --ca FILE");
    case "otherProtocol":
      return unreachable(
        `${at} does not speak the protocol of its address. Next: try http instead of https, or the reverse`,
      );
    case "blockedPort":
      return unreachable(`${at} is at a port that is never asked over HTTP. Next: ${ADDRESS}`);
    case "refused":
      return unreachable(`nothing listens at ${at}. Next: check that the catalog runs, and ${ADDRESS}`);
    case "noSuchName":
      return unreachable(`the name in ${at} can't be resolved. Next: ${ADDRESS}`);
    case "noRoute":
      return unreachable(`there is no route to ${at}. Next: check the network and VPN`);
    default:
      return unreachable(
        `the connection to ${at} broke off before the answer was whole.${perhaps} Next: ${LOGS}`,
      );
  }
}
