/** What the trials of operations share: requests as steps, each of which ends its trial when it does not hold. */
import type { S3Client } from "@aws-sdk/client-s3";
import { s3ErrorReply, s3Failure, s3ReplyFailure } from "../../../clients/s3/client.ts";
import type { RawReply, RawRequest } from "../../../clients/s3/raw.ts";
import { failed, type Outcome, skipped, type Trial, type TrialWords } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { below, type OwnPlace } from "../scratch/own_place.ts";
import { memo } from "../../../engine/memo.ts";

/** The SDK, which is loaded by the first trial that runs and not by who reads what the trials are. */
export type Sdk = typeof import("@aws-sdk/client-s3");

/** An answer that is a refusal: 412, `PreconditionFailed`. */
export interface Refusal {
  status: number;
  code: string;
}

/** What a trial is given to work with. */
export interface Steps {
  context: S3Context;
  sdk: Sdk;
  s3: S3Client;
  /** The trial's own part of the bucket. */
  place: OwnPlace;
  bucket: string;
  /** That of `place`: empty, or ends with `/`. */
  prefix: string;
  /** The answer to a request of the SDK. When the store refuses it, the trial has failed and ends. */
  ask<T>(what: string, request: Promise<T>): Promise<T>;
  /**
   * The refusal of a request that should be refused; undefined when the store did as it was asked. A store that is not
   * well throws, unless its 500 counts as a refusal too.
   */
  refusal<T>(what: string, request: Promise<T>, also?: 500): Promise<Refusal | undefined>;
  /** The reply to a request as written, whatever its status. No reply, or one of a store that is not well, throws. */
  raw(request: RawRequest): Promise<RawReply>;
  put(
    name: string,
    body: Uint8Array | string,
    more?: PutMore,
  ): Promise<{ ETag?: string; VersionId?: string }>;
  get(name: string, more?: { VersionId?: string; Range?: string }): Promise<Got>;
}

/** What may go with an object. */
export interface PutMore {
  ContentType?: string;
  Metadata?: Record<string, string>;
  Tagging?: string;
}

export interface Got {
  bytes: Uint8Array;
  etag?: string;
  contentType?: string;
  metadata: Record<string, string>;
}

/** A step that does not hold, on its way to the end of its trial. */
class Ended extends Error {
  override name = "Ended";
  constructor(readonly outcome: Outcome) {
    super(outcome.message);
  }
}

/** Ends the trial with this outcome unless the condition is true. */
export function must(condition: unknown, outcome: () => Outcome): asserts condition {
  if (!condition) throw new Ended(outcome());
}

type Words = TrialWords & { needs?: readonly string[]; bucket?: "other" };

/** A trial of these steps, in the bucket of the checkpoint or in the other one; skipped where none may be made. */
export function operation(
  { bucket: which, ...words }: Words,
  run: (steps: Steps) => Promise<Outcome | Outcome[]>,
): Trial<S3Context> {
  return {
    ...words,
    async run(context) {
      if (which && !context.ownBucket) return skipped(NO_BUCKET);
      return await outcomeOf(async () => {
        const place = which ? await otherBucket(context) : context.place;
        return await run(await stepsIn(context, below(place, `${words.id.replace(/^s3\./, "")}/`)));
      });
    },
  };
}

export const NO_BUCKET =
  "it changes settings of a bucket, and this run may make no bucket of its own to change them on";

/** What came of the steps, also when one of them did not hold. */
export async function outcomeOf<T>(run: () => Promise<T>): Promise<T | Outcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Ended) return error.outcome;
    throw error;
  }
}

/** One piece of work whose parts many trials judge: done once for each context, by whichever trial comes first. */
export const shared = <T>(work: (context: S3Context) => Promise<T>): (context: S3Context) => Promise<T> =>
  memo(work);

/** A second bucket for whoever needs another one, or changes settings: those of the first stay as they are. */
export const otherBucket = shared((context) => context.makeBucket("other"));

/** Steps in this part of a bucket. */
export async function stepsIn(context: S3Context, place: OwnPlace): Promise<Steps> {
  const sdk = await import("@aws-sdk/client-s3");
  const { s3 } = context;
  const { bucket, prefix } = place;
  const ask = <T>(what: string, request: Promise<T>) => asked(context, what, request);
  return {
    context,
    sdk,
    s3,
    place,
    bucket,
    prefix,
    ask,
    refusal: (what, request, also) => refusalOf(context, what, request, also),
    raw: async (request) => well(await context.raw.send(request), context),
    put: (name, body, more) =>
      ask(
        `PUT ${name}`,
        s3.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: body, ...more })),
      ),
    get: (name, more) =>
      ask(`GET ${name}`, readAll(sdk, s3, { Bucket: bucket, Key: prefix + name, ...more })),
  };
}

async function readAll(
  sdk: Sdk,
  s3: S3Client,
  input: { Bucket: string; Key: string; VersionId?: string; Range?: string },
): Promise<Got> {
  const answer = await s3.send(new sdk.GetObjectCommand(input));
  return {
    bytes: await answer.Body?.transformToByteArray() ?? new Uint8Array(),
    etag: answer.ETag,
    contentType: answer.ContentType,
    metadata: answer.Metadata ?? {},
  };
}

async function asked<T>(context: S3Context, what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const answer = s3ErrorReply(error);
    if (!answer || !isAboutRequest(answer)) throw s3Failure(error, { ...context.session, what });
    throw new Ended(failed(reasonOf(answer), `${what}: the store refused what it must do`, {
      observed: refusalText(answer),
      expected: "success",
      evidence: what,
    }));
  }
}

async function refusalOf<T>(
  context: S3Context,
  what: string,
  request: Promise<T>,
  also?: 500,
): Promise<Refusal | undefined> {
  try {
    await dropBody(await request);
    return undefined;
  } catch (error) {
    const answer = s3ErrorReply(error);
    if (!answer || (isUnwell(answer) && answer.status !== also)) {
      throw s3Failure(error, { ...context.session, what });
    }
    return answer;
  }
}

/** A body that nobody reads holds its connection. */
async function dropBody(answer: unknown): Promise<void> {
  if (typeof answer !== "object" || answer === null || !("Body" in answer)) return;
  await (answer.Body as { transformToByteArray?(): Promise<unknown> }).transformToByteArray?.();
}

/** A reply of a store that is well. Else CannotLook: the reply says nothing of what was tried. */
function well(reply: RawReply, { session }: S3Context): RawReply {
  const { status, code = "" } = reply;
  if (isUnwell({ status, code })) throw s3ReplyFailure(reply, session);
  return reply;
}

/** The store is out of order, or the bucket is gone: nothing can be said of the operation. */
function isUnwell({ status, code }: Refusal): boolean {
  return (status >= 500 && status !== 501) || code === "NoSuchBucket" || code === "QuotaExceeded";
}

/** Whether a refusal says something of the operation, and not of rights, quotas or the store's health. */
function isAboutRequest(answer: Refusal): boolean {
  if (isUnwell(answer) || (answer.status >= 300 && answer.status < 400)) return false;
  return answer.status !== 403 || answer.code === "SignatureDoesNotMatch";
}

/** An error code as a reason; answers to HEAD have none. */
function reasonOf({ status, code }: Refusal): string {
  return /^[A-Z][A-Za-z]+$/.test(code) && code !== "UnknownError" ? code : `Status${status}`;
}

export function refusalText({ status, code }: Refusal): string {
  return code && !/^\d+$/.test(code) && code !== "UnknownError" ? `${status} ${code}` : `${status}`;
}

/** As observed: a refusal, or that there was none. */
export function observedRefusal(refusal: Refusal | undefined): string {
  return refusal ? refusalText(refusal) : "200, as if nothing had been asked";
}

export function replyText({ status, code = "" }: RawReply): string {
  return refusalText({ status, code });
}
