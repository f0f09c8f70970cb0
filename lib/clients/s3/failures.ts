/** Turns what stands between S3 and an answer into words with a next step. Pure. */
import { CannotLook, Interrupted } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { redact } from "../../redact/mod.ts";
import type { S3Session, SeenS3 } from "./types.ts";
import { NotS3 } from "./handler.ts";
import { errorFields, errorReplyFailure, isForeign, secretsOf } from "./error_replies.ts";
import { NoAnswer } from "./send.ts";
import { networkText } from "../transport.ts";
import { noReplyFailure } from "./no_reply.ts";
import { codeOf } from "../../untrusted/code.ts";

/** An answer that S3 gave instead of what was asked for. */
export interface S3ErrorReply {
  status: number;
  /** `PreconditionFailed`; where there is no body (HEAD), a word for the status: `NotFound`, `Forbidden`. */
  code: string;
  message: string;
}

/**
 * What the SDK or fetch threw, as CannotLook with words, or as Interrupted. Ask `s3ErrorReply` first where a refusal is what
 * was wanted. An error that is neither an answer of a server nor a failed connection is a bug and is thrown.
 */
export function s3Failure(error: unknown, session: S3Session): CannotLook | Interrupted {
  if (error instanceof CannotLook || error instanceof Interrupted) return error;
  if (session.signal?.aborted && session.signal.reason instanceof Interrupted) return session.signal.reason;
  const found = failureOf(error, session);
  if (!found) throw error;
  return new CannotLook({ ...found, message: hide(found.message, session) });
}

/** The same of an answer to a raw request. */
export function s3ReplyFailure(
  reply: Omit<SeenS3, "text"> & { text(): string },
  session: S3Session,
): CannotLook {
  const found = errorReplyFailure(
    { ...reply, text: reply.text() },
    errorIn({ ...reply, text: reply.text() }),
    session,
  );
  return new CannotLook({ ...found, message: hide(found.message, session) });
}

/** Status and code of an answer that S3 gave instead of what was asked for; undefined when the error is none. */
export function s3ErrorReply(error: unknown): S3ErrorReply | undefined {
  const seen = seenIn(error);
  if (!seen || isForeign(seen)) return undefined;
  const { code, message } = errorIn(seen);
  const named = sdkWords(error);
  return { status: seen.status, code: code ?? named.code, message: message ?? named.message };
}

function failureOf(error: unknown, session: S3Session): Failure | undefined {
  if (error instanceof NoAnswer) return noReplyFailure(error, session);
  const seen = seenIn(error);
  if (seen) return errorReplyFailure(seen, { ...sdkWords(error), ...errorIn(seen) }, session);
  const fetched = error instanceof TypeError || error instanceof Deno.errors.Http ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BadResource;
  if (!fetched || !FETCH.test(networkText(error))) return undefined;
  const asked = { method: "GET", path: "/", sentAt: 0 };
  return noReplyFailure(new NoAnswer({ why: "network", text: networkText(error) }, asked), session);
}

const FETCH = /fetch failed|sending request|reading a body|connection|Bad resource/i;

/** The answer that an error of the SDK, or of the handler, is about. */
function seenIn(error: unknown): SeenS3 | undefined {
  if (error instanceof NotS3) return error.seen;
  if (!(error instanceof Error) || !("$response" in error)) return undefined;
  const response = error.$response as { seen?: SeenS3 } | undefined;
  return response?.seen;
}

/** A success whose body is an error (of a copy, say) has no code of its own but what the SDK read in it. */
function sdkWords(error: unknown): { code: string; message: string } {
  return error instanceof Error
    ? { code: codeOf(error.name) ?? "", message: error.message }
    : { code: "", message: "" };
}

/** A server may quote what it was sent; whoever made the words may have forgotten it. */
function hide(message: string, session: S3Session): string {
  return redact(message, secretsOf(session));
}

/** A word for a status that comes without a body. */
const WORDS: Record<number, string> = {
  301: "PermanentRedirect",
  304: "NotModified",
  307: "TemporaryRedirect",
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  412: "PreconditionFailed",
  416: "InvalidRange",
  503: "ServiceUnavailable",
};

function errorIn({ status, text }: SeenS3): { code?: string; message?: string } {
  const { code, message } = errorFields(text);
  const named = code ?? (text === "" && status >= 300 ? WORDS[status] ?? `Status${status}` : undefined);
  return { ...named ? { code: named } : {}, ...message ? { message } : {} };
}
