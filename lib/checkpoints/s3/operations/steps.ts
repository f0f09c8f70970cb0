/** What the trials of operations share: requests as steps, each of which ends its trial when it fails. */
import type { S3Client } from "@aws-sdk/client-s3";
import { s3ErrorReply, s3Failure, s3ReplyFailure } from "../../../clients/s3/client.ts";
import type { RawReply, RawRequest } from "../../../clients/s3/raw.ts";
import { expect, fail, skip } from "../../../checkpoint/expect.ts";
import type { Outcome, Trial, TrialWords } from "../../../checkpoint/trial.ts";
import type { S3Context } from "../context.ts";
import { below, type OwnBucket, type OwnPlace } from "../scratch/own_place.ts";
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
  /** The answer to a request of the SDK. When the store rejects it, the trial has failed and ends. */
  ask<T>(what: string, request: Promise<T>): Promise<T>;
  /**
   * The refusal of a request that should be refused; undefined when the store did as it was asked. A store that is not
   * well throws, unless its 500 counts as a refusal too.
   */
  refusal<T>(what: string, request: Promise<T>, also?: 500): Promise<Refusal | undefined>;
  /** The reply to a request as written, whatever its status. No reply, or one of a store that is out of order, throws. */
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

/**
 * Makes trials that are given the same: `given` gets it from the context and the trial's own name, which is its id
 * without `s3.`.
 */
export const trialsOn = <G>(given: (context: S3Context, name: string) => Promise<G>) =>
(
  words: TrialWords & Pick<Trial<S3Context>, "needs">,
  run: (given: G) => Outcome | Promise<Outcome>,
): Trial<S3Context> => ({
  ...words,
  run: async (context) => await run(await given(context, words.id.replace(/^s3\./, ""))),
});

/** One piece of work whose parts many trials judge: done once for each context, by whichever trial comes first. */
export const shared = <T>(work: (context: S3Context) => Promise<T>): (context: S3Context) => Promise<T> =>
  memo(work);

/** A further bucket for what changes settings; skipped where this run may make none. */
export async function bucketFor(context: S3Context, purpose: string): Promise<OwnBucket> {
  if (context.ownBucket) return await context.makeBucket(purpose);
  skip("it changes settings of a bucket, and this run may make no bucket of its own to change them on");
}

/** A second bucket for whoever needs another one, or changes settings: those of the first stay as they are. */
export const otherBucket = shared((context) => bucketFor(context, "other"));

/** Trials in the bucket of the checkpoint. */
export const operation = trialsOn((context, name) => stepsIn(context, below(context.place, `${name}/`)));

/** Trials in the other one. */
export const inOtherBucket = trialsOn(async (context, name) =>
  await stepsIn(context, below(await otherBucket(context), `${name}/`))
);

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
    raw: async (request) => inOrder(await context.raw.send(request), context),
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
    fail(reasonOf(answer), `the store rejected what it must do: ${what}`, {
      observed: answerText(answer),
      expected: "success",
      evidence: what,
    });
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
    if (!answer || (isOutOfOrder(answer) && answer.status !== also)) {
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

/** A reply of a store that is in order. Else CannotLook: the reply says nothing of what was tried. */
function inOrder(reply: RawReply, { session }: S3Context): RawReply {
  const { status, code = "" } = reply;
  if (isOutOfOrder({ status, code })) throw s3ReplyFailure(reply, session);
  return reply;
}

/** The store is out of order, or the bucket is gone: nothing can be said of the operation. */
function isOutOfOrder({ status, code }: Refusal): boolean {
  return (status >= 500 && status !== 501) || code === "NoSuchBucket" || code === "QuotaExceeded";
}

/** Whether a refusal says something of the operation, and not of rights, quotas or the store's health. */
function isAboutRequest(answer: Refusal): boolean {
  if (isOutOfOrder(answer) || (answer.status >= 300 && answer.status < 400)) return false;
  return answer.status !== 403 || answer.code === "SignatureDoesNotMatch";
}

/** An error code as a reason; answers to HEAD have none. */
function reasonOf({ status, code }: Refusal): string {
  return /^[A-Z][A-Za-z]+$/.test(code) && code !== "UnknownError" ? code : `Status${status}`;
}

/** An answer of the store, of which a refusal is one. */
type Answer = Pick<RawReply, "status" | "code">;

/** `412 PreconditionFailed`; undefined: it was done. */
export function answerText({ status, code = "" }: Answer = { status: 200 }): string {
  return code && !/^\d+$/.test(code) && code !== "UnknownError" ? `${status} ${code}` : `${status}`;
}

/** That the store answered with this status; undefined: it did what it was asked. */
export function expectStatus(
  answer: Answer | undefined,
  wanted: number,
  reason: string,
  message: string,
  evidence: string,
): void {
  const seen = { observed: answerText(answer), expected: `${wanted}`, evidence };
  expect((answer?.status ?? 200) === wanted, reason, message, seen);
}

/**
 * That the store rejected what it must, with this status, or with the code that clients tell the cause by. `ignored`: the
 * message when it did it instead.
 */
export function expectRejected(
  answer: Answer | undefined,
  by: number | string,
  ignored: string,
  evidence: string,
): void {
  const expected = typeof by === "number" ? `${by}` : `4xx ${by}`;
  const seen = { observed: answerText(answer), expected, evidence };
  expect(answer && answer.status >= 300, "SilentlyIgnored", ignored, seen);
  const message = `the store rejects it with another answer than clients expect: ${evidence}`;
  const asExpected = by === (typeof by === "number" ? answer.status : answer.code);
  expect(asExpected, "OtherRefusal", message, { ...seen, status: "warning" });
}
