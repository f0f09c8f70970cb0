/**
 * Scratch places of other runs in an object store: those whose marker says that their run is over are removed, those of
 * runs under way are left alone, and so is everything whose owner is not known, which is told.
 */
import type { S3Client } from "@aws-sdk/client-s3";
import type { RawS3, S3Session } from "../../../clients/s3/client.ts";
import { markerVerdict, stuckBy, type SweepState } from "../../../checkpoint/scratch.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type ExpiredRun, type MarkerVerdict, RUN_ID } from "../../../checkpoint/scratch_marker.ts";
import { empty, removeBucket } from "./delete.ts";
import { provenBucket, scratchBelow } from "./own_place.ts";
import { readMarker } from "./marker.ts";
import { refusalText, replyOf } from "../setup/calls.ts";
import { PREFIX, scratchBucket, type ScratchPlace } from "./places.ts";

const BUCKET = new RegExp(`^lakecheck-scratch-(${RUN_ID})(?:-[a-z0-9-]+)?$`);
const BELOW = new RegExp(`^\\.lakecheck-scratch/(${RUN_ID})/`);

/** A place of another run, and what became of it. */
export type SweptPlace = { place: ScratchPlace; run: string } & SweepState;

export interface Sweep {
  places: SweptPlace[];
  /** Where it could not be looked, and why. */
  unseen: string[];
}

export interface SweepTools {
  s3: S3Client;
  raw: RawS3;
  session: S3Session;
  /** Not bound to the signal: for removing. */
  undoS3: S3Client;
  /** The buckets of others, in which scratch prefixes are looked for. */
  within: readonly string[];
  /** Of this run, whose places are left alone. */
  own: string;
}

/**
 * Looks for the places of other runs in this user's buckets and below `within`, and removes those of runs that are over.
 * With `blind`, the reason why the store's times can't be relied on, nothing is removed and every place is unclear.
 */
export async function sweepPlaces(tools: SweepTools, blind: string | undefined): Promise<Sweep> {
  const { places, unseen } = await placesOfRuns(tools);
  const runs = Map.groupBy(places, ({ run, place }) => `${run} ${place.prefix && place.bucket}`);
  const swept = await Promise.all(
    [...runs.values()].map(async (of) => {
      const verdict = await verdictOf(tools, of, blind);
      return verdict.state === "expired" ? await removed(tools, of, verdict.run) : of.map((one) => ({
        ...one,
        ...verdict,
      }));
    }),
  );
  return { places: swept.flat(), unseen };
}

/** Those that are unclear and still there: a run that had just begun has written its marker, one that ended is gone. */
export async function stillUnclear(tools: SweepTools, { places }: Sweep, blind: string | undefined) {
  const before = places.filter((one) => one.state === "unclear");
  if (before.length === 0) return [];
  const now = await placesOfRuns(tools);
  const names = new Set(now.places.map(nameOf));
  const there = before.filter((one) => names.has(nameOf(one)));
  const judged = await Promise.all(
    there.map(async (one) => ({ one, now: await verdictOf(tools, [one], blind) })),
  );
  return judged.flatMap(({ one, now }) => now.state === "unclear" ? [{ ...one, why: now.why }] : []);
}

export const nameOf = ({ place: { bucket, prefix } }: { place: ScratchPlace }): string =>
  prefix ? `${bucket}/${prefix}` : bucket;

interface Found {
  place: ScratchPlace;
  run: string;
}

/** Names prove nothing: they only say where to look for a marker. */
async function placesOfRuns(tools: SweepTools): Promise<{ places: Found[]; unseen: string[] }> {
  const { s3, session, within, own } = tools;
  const { ListBucketsCommand, ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const unseen: string[] = [];
  const seen = async <T>(what: string, call: Promise<T>): Promise<T | undefined> => {
    try {
      const reply = await replyOf(call, { ...session, what });
      if (reply.ok) return reply.value;
      unseen.push(`could not ${what}: ${refusalText(reply.refusal)}`);
    } catch (error) {
      if (!(error instanceof CannotLook)) throw error;
      unseen.push(error.failure.message);
    }
    return undefined;
  };
  const mine = await seen("list the buckets", s3.send(new ListBucketsCommand({})));
  const buckets = (mine?.Buckets ?? []).flatMap(({ Name = "" }): Found[] => {
    const run = BUCKET.exec(Name)?.[1];
    return run === undefined ? [] : [{ place: { bucket: Name, prefix: "" }, run }];
  });
  const below = await Promise.all(within.map(async (bucket) => {
    const asked = new ListObjectsV2Command({ Bucket: bucket, Prefix: PREFIX, Delimiter: "/" });
    const page = await seen(`list ${bucket}/${PREFIX}`, s3.send(asked));
    // Also of a store that knows no delimiter.
    const keys = (page?.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)
      .concat((page?.Contents ?? []).map(({ Key }) => Key));
    const runs = new Set(keys.flatMap((key) => BELOW.exec(key ?? "")?.[1] ?? []));
    return [...runs].map((run): Found => ({ place: { bucket, prefix: `${PREFIX}${run}/` }, run }));
  }));
  const places = [...buckets, ...below.flat()].filter(({ run }) => run !== own);
  return { places, unseen };
}

/** What the marker of these places says, all of which are of one run: of its buckets, the first one has it. */
async function verdictOf(
  { raw }: SweepTools,
  [first]: readonly Found[],
  blind: string | undefined,
): Promise<MarkerVerdict> {
  if (!first) throw new Error("no place to judge");
  const { run, place } = first;
  if (blind !== undefined) return { state: "unclear", why: `may be in use: ${blind}` };
  const at = place.prefix ? place : { bucket: scratchBucket(run), prefix: "" };
  return await markerVerdict(run, () => readMarker(raw, at));
}

/** The bucket with the marker comes last: a sweep that is cut off is gone on with by the next run. */
async function removed(tools: SweepTools, of: readonly Found[], over: ExpiredRun): Promise<SweptPlace[]> {
  const last = scratchBucket(over.id);
  const swept: SweptPlace[] = [];
  for (
    const one of of.toSorted((a, b) => Number(a.place.bucket === last) - Number(b.place.bucket === last))
  ) {
    swept.push({ ...one, ...await removedOne(tools, one) });
  }
  return swept;
}

const CHANGED: SweepState = { state: "unclear", why: "has a marker that was changed while it was looked at" };

/** Looks again right before: a run that had only been asleep has renewed its marker. */
async function removedOne(tools: SweepTools, { place, run }: Found): Promise<SweepState> {
  const { undoS3, session } = tools;
  try {
    const isOver = async () => (await verdictOf(tools, [{ place, run }], undefined)).state === "expired";
    if (place.prefix) {
      if (!await isOver()) return CHANGED;
      await empty(undoS3, scratchBelow(place.bucket, place.prefix), session);
    } else {
      const own = await provenBucket(place.bucket, isOver);
      if (!own) return CHANGED;
      await removeBucket(undoS3, own, session);
    }
    return { state: "removed" };
  } catch (error) {
    return stuckBy(error);
  }
}
