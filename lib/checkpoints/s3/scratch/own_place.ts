/**
 * Where this run may delete: in a bucket of its own, or below a scratch prefix of a bucket of others. Only this file
 * makes such places, and delete.ts deletes nowhere else.
 */
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Session } from "../../../clients/s3/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type Refusal, replyOf } from "../setup/calls.ts";

declare const PLACE: unique symbol;
declare const OWN: unique symbol;

/** A place of this run in an object store. */
export interface OwnPlace {
  readonly bucket: string;
  /** Ends with `/`; empty only for a bucket of our own. */
  readonly prefix: string;
  readonly [PLACE]: true;
}

/** A bucket that this run made, or that was proven to be a scratch bucket of an earlier run. */
export interface OwnBucket extends OwnPlace {
  readonly prefix: "";
  readonly [OWN]: true;
}

/** Every place that was made here, and whether its whole bucket is ours: a cast makes no place. */
const PLACES = new WeakMap<object, "own" | "borrowed">();

function placeOf<T extends OwnPlace>(bucket: string, prefix: string, kind: "own" | "borrowed"): T {
  const place = Object.freeze({ bucket, prefix }) as T;
  PLACES.set(place, kind);
  return place;
}

/** Whether the place lies in a bucket of our own. Throws for what is no place of this run. */
export function isOwn(place: OwnPlace): boolean {
  const kind = PLACES.get(place);
  if (!kind) throw new Error(`${place.bucket}/${place.prefix} is no scratch place of this run`);
  return kind === "own";
}

/** `20261121t1305z-4f1c`, as it stands in names of buckets and prefixes, and as it stands in those of namespaces. */
const ID = /^\d{8}t\d{4}z-[0-9a-f]{4,32}$/;
const NAMESPACE = /^lakecheck_scratch_\d{8}t\d{4}z_[0-9a-f]{4,32}$/;
/** In a bucket of others; the dot keeps it out of what engines read as tables. */
export const SCRATCH_FOLDER = ".lakecheck-scratch";

/** `.` and `..` as a part of a path, also escaped: a proxy, or a store of files, may take them for a way out. */
const DOTS = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i;

/**
 * The place below a scratch prefix of a bucket of others: `.lakecheck-scratch/ID/`, or `ANY/lakecheck_scratch_ID/`.
 * Throws for every other prefix: what lies there is not ours.
 */
export function scratchBelow(bucket: string, prefix: string): OwnPlace {
  const parts = prefix.split("/");
  const name = parts.at(-2) ?? "";
  const isPrefix = parts.length === 3 && parts[0] === SCRATCH_FOLDER && ID.test(name);
  const isScratch = isPrefix || NAMESPACE.test(name);
  if (!bucket || !isScratch || !prefix.endsWith("/") || DOTS.test(prefix)) {
    throw new Error(`${bucket}/${prefix} is no scratch prefix`);
  }
  return placeOf(bucket, prefix, "borrowed");
}

/** The part of a place below `part`, which ends with `/`. */
export function below(place: OwnPlace, part: string): OwnPlace {
  if (!/[^/]\/$/.test(part) || DOTS.test(part)) throw new Error(`${part} is no part of a scratch place`);
  return placeOf(place.bucket, `${place.prefix}${part}`, isOwn(place) ? "own" : "borrowed");
}

/** Whether the key of an object lies in the place. Whatever a store lists may be asked for. */
export function isIn(place: OwnPlace, key: unknown): key is string {
  const whole = isOwn(place);
  if (typeof key !== "string" || key === "" || DOTS.test(key)) return false;
  return key.startsWith(place.prefix) && (whole || place.prefix !== "");
}

/** The key of the object of this name in the place. Throws for a name that would lead out of it. */
export function keyIn(place: OwnPlace, name: string): string {
  const key = `${place.prefix}${name}`;
  if (name === "" || !isIn(place, key)) {
    throw new Error(`${key} does not lie in ${place.bucket}/${place.prefix}`);
  }
  return key;
}

/** The result of the request to make a bucket. */
export type Created =
  | { own: OwnBucket }
  /** It was not made. */
  | { refusal: Refusal }
  /** Nobody answered. `own`: nothing had this name just before, so what has it now was made by this request. */
  | { trouble: unknown; own?: OwnBucket };

/**
 * Makes a bucket. Some stores answer 200 for a bucket that the user has already, so it is looked for first: one that is
 * there is a refusal, 409 BucketAlreadyExists. CannotLook when that cannot be asked.
 */
export async function createBucket(s3: S3Client, bucket: string, session: S3Session): Promise<Created> {
  const { CreateBucketCommand, HeadBucketCommand } = await import("@aws-sdk/client-s3");
  const what = { ...session, what: `make bucket ${bucket}` };
  const found = await replyOf(s3.send(new HeadBucketCommand({ Bucket: bucket })), what);
  if (found.ok) return { refusal: { status: 409, code: "BucketAlreadyExists" } };
  const own = () => placeOf<OwnBucket>(bucket, "", "own");
  try {
    const made = await replyOf(s3.send(new CreateBucketCommand({ Bucket: bucket })), what);
    return made.ok ? { own: own() } : { refusal: made.refusal };
  } catch (trouble) {
    if (!(trouble instanceof CannotLook)) throw trouble;
    return { trouble, ...found.refusal.status === 404 ? { own: own() } : {} };
  }
}

/**
 * Of a bucket that is not there: gives what finds it later, made by a store that makes what is written to. Undefined when
 * it is there, or when that is not known: then it is not ours. `later` outlives the signal of the run.
 */
export async function unlessMade(
  s3: S3Client,
  later: S3Client,
  bucket: string,
  session: S3Session,
): Promise<(() => Promise<OwnBucket | undefined>) | undefined> {
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  const what = { ...session, what: `look for bucket ${bucket}` };
  const look = (client: S3Client) => replyOf(client.send(new HeadBucketCommand({ Bucket: bucket })), what);
  const found = await look(s3);
  if (found.ok || found.refusal.status !== 404) return undefined;
  return async () => (await look(later)).ok ? placeOf<OwnBucket>(bucket, "", "own") : undefined;
}

/**
 * A bucket of an earlier run. `isOurs` looks for the proof in the store, and is asked right before the bucket may be
 * deleted; its name alone proves nothing. Undefined when it is not ours.
 */
export async function provenBucket(
  bucket: string,
  isOurs: () => Promise<boolean>,
): Promise<OwnBucket | undefined> {
  return await isOurs() ? placeOf<OwnBucket>(bucket, "", "own") : undefined;
}
