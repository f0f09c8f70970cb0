/** Calls of S3 whose refusal is an answer, and calls whose refusal means that one could not look. */
import { s3ErrorReply, s3Failure, type S3Session } from "../../../clients/s3/client.ts";

/** A refusal: 412, `PreconditionFailed`. */
export interface Refusal {
  status: number;
  code: string;
}

export type Reply<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

/**
 * What came of a call: its result, or the refusal of the server, 501 NotImplemented among them: a store that lacks
 * something says so. Every other error of the server (5xx) is CannotLook.
 */
export async function replyOf<T>(call: Promise<T>, session: S3Session): Promise<Reply<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    const answer = s3ErrorReply(error);
    const outOfOrder = !answer || answer.status === 0 || (answer.status >= 500 && answer.status !== 501);
    if (outOfOrder) throw s3Failure(error, session);
    return { ok: false, refusal: { status: answer.status, code: answer.code } };
  }
}

/** The result of a call. Whatever stands in its way is CannotLook, with `what` after "could not". */
export async function done<T>(call: Promise<T>, session: S3Session, what: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw s3Failure(error, { ...session, what });
  }
}

/** `HTTP 412 PreconditionFailed`. */
export function refusalText({ status, code }: Refusal): string {
  return code && code !== String(status) ? `HTTP ${status} ${code}` : `HTTP ${status}`;
}
