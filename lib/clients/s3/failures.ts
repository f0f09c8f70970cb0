/** Turns what stands between S3 and an answer into words with a next step. Pure. */
import { CannotLook, Interrupted } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { redact } from "../../redact/mod.ts";
import type { S3Talk, SeenS3 } from "./types.ts";
import { NoS3 } from "./handler.ts";
import { errorFields, isForeign, refusalOf, secretsOf } from "./refusals.ts";
import { NoAnswer } from "./send.ts";
import { networkText } from "../transport.ts";
import { silence } from "./silence.ts";
import { codeOf } from "../../untrusted/code.ts";

/** An answer that S3 gave instead of what was asked for. */
export interface S3Refusal {
  status: number;
  /** `PreconditionFailed`; where there is no body (HEAD), a word for the status: `NotFound`, `Forbidden`. */
  code: string;
  message: string;
}

/**
 * What the SDK or fetch threw, as CannotLook with words, or as Interrupted. Ask `s3Answer` first where a refusal is what
 * was wanted. An error that is neither an answer of a server nor a failed connection is a bug and is thrown.
 */
export function s3Trouble(error: unknown, talk: S3Talk): CannotLook | Interrupted {
  if (error instanceof CannotLook || error instanceof Interrupted) return error;
  if (talk.signal?.aborted && talk.signal.reason instanceof Interrupted) return talk.signal.reason;
  const found = failureOf(error, talk);
  if (!found) throw error;
  return new CannotLook({ ...found, message: hide(found.message, talk) });
}

/** The same of an answer to a raw request. */
export function s3Refused(reply: Omit<SeenS3, "text"> & { text(): string }, talk: S3Talk): CannotLook {
  const found = refusalOf(
    { ...reply, text: reply.text() },
    refusalIn({ ...reply, text: reply.text() }),
    talk,
  );
  return new CannotLook({ ...found, message: hide(found.message, talk) });
}

/** Status and code of an answer that S3 gave instead of what was asked for; undefined when the error is none. */
export function s3Answer(error: unknown): S3Refusal | undefined {
  const seen = seenIn(error);
  if (!seen || isForeign(seen)) return undefined;
  const { code, message } = refusalIn(seen);
  const named = sdkWords(error);
  return { status: seen.status, code: code ?? named.code, message: message ?? named.message };
}

function failureOf(error: unknown, talk: S3Talk): Failure | undefined {
  if (error instanceof NoAnswer) return silence(error, talk);
  const seen = seenIn(error);
  if (seen) return refusalOf(seen, { ...sdkWords(error), ...refusalIn(seen) }, talk);
  const fetched = error instanceof TypeError || error instanceof Deno.errors.Http ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BadResource;
  if (!fetched || !FETCH.test(networkText(error))) return undefined;
  const asked = { method: "GET", path: "/", sentAt: 0 };
  return silence(new NoAnswer({ why: "network", text: networkText(error) }, asked), talk);
}

const FETCH = /fetch failed|sending request|reading a body|connection|Bad resource/i;

/** The answer that an error of the SDK, or of the handler, is about. */
function seenIn(error: unknown): SeenS3 | undefined {
  if (error instanceof NoS3) return error.seen;
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
function hide(message: string, talk: S3Talk): string {
  return redact(message, secretsOf(talk));
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

function refusalIn({ status, text }: SeenS3): { code?: string; message?: string } {
  const { code, message } = errorFields(text);
  const named = code ?? (text === "" && status >= 300 ? WORDS[status] ?? `Status${status}` : undefined);
  return { ...named ? { code: named } : {}, ...message ? { message } : {} };
}
