/** Turns what 1Password Connect refuses, or does not answer, into words with a next step. Pure. */
import { CannotLook } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { messageText, num, obj } from "../../engine/decode.ts";
import { quote } from "../../redact/mod.ts";
import { cannotLook, networkError, type TransportError } from "../network_errors.ts";
import type { Reply } from "../transport.ts";
import { parseJson } from "../../untrusted/json.ts";

/** One call of the API. */
export interface ConnectCall {
  method: "GET" | "POST" | "PATCH";
  path: string;
  body?: unknown;
  /** For messages, after "could not". */
  what: string;
}

/** Connect's ErrorResponse. */
const ERROR = obj({ status: num, message: messageText });

const LOGS = "look at the logs of its containers connect-api and connect-sync";
const TOKEN =
  "issue a token for this Connect server in 1Password and give it to deno task 1p:install --token FILE";

/** Why a reply is no answer; undefined when it is one. `secrets` are taken out of Connect's own words. */
export function errorReplyFailure(
  reply: Reply,
  call: ConnectCall,
  secrets: readonly string[],
): CannotLook | undefined {
  const { status } = reply;
  if (status >= 200 && status < 300) return undefined;
  const message = said(reply.text);
  const what = `could not ${call.what}`;
  if (message === undefined) {
    const page = /^\s*</.test(reply.text) ? "a web page" : "something else";
    return cannotLook(
      status >= 500 ? "unreachable" : "malformed",
      `${what}: HTTP ${status} with ${page} where 1Password Connect would say why; a proxy may stand between. ` +
        "Next: check its address, and that it is asked directly",
    );
  }
  const words = quote(message, secrets, 200) || "it does not say why";
  const because = `1Password Connect says ${status}: ${words}`;
  switch (status) {
    case 401:
      return cannotLook("unauthorized", `${what}: it does not accept the token (${because}). Next: ${TOKEN}`);
    case 403: {
      const lacks = call.method === "GET" ? "open it" : "allow writing to it";
      return cannotLook("forbidden", `${what}: the token does not ${lacks} (${because}). Next: ${TOKEN}`);
    }
    case 404:
      return cannotLook(
        "not-installed",
        `${what}: it is not there (${because}). Next: look for it in 1Password; what is new there takes Connect a moment`,
      );
    case 429:
      return cannotLook(
        "server-error",
        `${what}: too many requests (${because})${
          waitWords(reply)
        }. Next: wait, then see with deno task 1p:status what ` +
          "reads so much",
      );
  }
  if (status >= 500) return cannotLook("server-error", `${what}: ${because}. Next: ${LOGS}`);
  return cannotLook("server-error", `${what}: ${because}. Next: correct what was given`);
}

/** Why there was no whole answer. */
export function noReplyFailure(
  trouble: TransportError,
  call: ConnectCall,
  { base, timeoutMs, why }: { base: string; timeoutMs: number; why?: () => Failure | undefined },
): CannotLook {
  const what = `could not ${call.what}`;
  const perhaps = call.method === "GET"
    ? ""
    : " It may have been done nevertheless: look into 1Password before doing it again.";
  switch (trouble.why) {
    case "timeout":
      return cannotLook(
        "timeout",
        `${what}: 1Password Connect gave no answer within ${
          timeoutMs / 1000
        } s.${perhaps} Next: ${LOGS}, or raise ` +
          "--timeout",
      );
    case "too-big":
      return cannotLook(
        "malformed",
        `${what}: the answer is larger than ${
          Math.round(trouble.limitBytes / 1024 / 1024)
        } MiB. Next: check the address`,
      );
    case "closed":
      return cannotLook("unreachable", `${what}: the client was closed`);
  }
  const known = why?.();
  if (known) return cannotLook(known.kind, `${what}: ${known.message}`);
  switch (networkError(trouble.text)) {
    case "refused":
      return cannotLook(
        "unreachable",
        `${what}: nothing listens at ${base}. Next: check that 1Password Connect runs there`,
      );
    case "noSuchName":
      return cannotLook(
        "unreachable",
        `${what}: the name in ${base} can't be resolved. Next: correct the address`,
      );
    default:
      return cannotLook(
        "unreachable",
        `${what}: the connection to 1Password Connect at ${base} broke off.${perhaps} Next: ${LOGS}`,
      );
  }
}

function said(text: string): string | undefined {
  try {
    return ERROR(parseJson(text))?.message;
  } catch {
    return undefined;
  }
}

function waitWords({ retryAfterMs }: Reply): string {
  return retryAfterMs === undefined ? "" : `; it asks to wait ${retryAfterMs / 1000} s`;
}
