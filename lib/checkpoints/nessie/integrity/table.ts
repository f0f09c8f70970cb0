/** Looks at one table: what it names, what is there, and what is there without a name. */
import type { ListedObject, ListPage } from "../../../clients/s3/list.ts";
import { type ChainTools, followTable, type Share, type TableHead } from "./chain.ts";
import {
  type Expected,
  type Flaw,
  type Flaws,
  flaws,
  inSlice,
  joinFlaws,
  type Names,
  sizeFlaw,
} from "./names.ts";
import { isMetadataFile } from "../../../iceberg/location.ts";
import { MetadataTooLarge, Overfull, type Room, unbounded } from "./memory/mod.ts";
import type { SeenSet } from "./seen.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import { addUnnamed, elsewhereOf, sortUnnamed, type Unnamed, type UnnamedObjects } from "./unnamed.ts";

export interface TableTools extends ChainTools {
  /** Milliseconds since the epoch. */
  now: number;
  /** The objects below a table's location. */
  listTable(bucket: string, prefix: string): AsyncIterable<ListPage>;
  /** Default: as much as a table needs. */
  room?: Room;
  /** Locations, as `bucket/prefix`, whose nameless objects were sorted: references share them. */
  sorted: SeenSet;
  /** The buckets of the warehouses; empty: not known, and none is wrong. */
  buckets: ReadonlySet<string>;
}

/** What was seen of one table. */
export interface TableSeen {
  flaws: Flaw[];
  snapshots: number;
  manifests: number;
  /** Data and delete files that were looked for. */
  files: number;
  /** What they have together, as the manifests say. */
  bytes: number;
  /** Absent: not all names are known, or the location is a whole bucket. */
  unnamed?: Unnamed;
  location?: string;
  /** Hashes of what it names outside of its location. */
  elsewhere: number[];
}

/** Objects asked for one by one at a time, of one table. */
const SIDE_BY_SIDE = 16;
/** So many missing objects are asked for once more; a page may have been listed before they were written. */
const ASKED_AGAIN = 100;

/** More parts than this, and it is not the number of its files that is too large. */
const MOST_PARTS = 4096;

/**
 * Looks at a table or view: with a little memory; if that is not enough alone; and if that is not enough either, at a
 * half, a quarter ... of its files at a time. Throws S3ReplyError, NoAnswer and MetadataTooLarge where nothing can be said
 * of it.
 */
export async function lookAt(table: TableHead, tools: TableTools): Promise<TableSeen> {
  const { room = unbounded } = tools;
  const claim = claims(tools.sorted);
  try {
    return await lookAtPart(table, tools, { slice: WHOLE, allowance: room.small() }, claim);
  } catch (error) {
    if (!(error instanceof Overfull)) throw error;
  }
  return await room.alone(async (allowance) => {
    for (let of = 1;; of *= 2) {
      try {
        const seen = await lookAtPart(table, tools, { slice: { at: 0, of }, allowance: allowance() }, claim);
        for (let at = 1; at < of; at++) {
          join(seen, await lookAtPart(table, tools, { slice: { at, of }, allowance: allowance() }, claim));
        }
        return seen;
      } catch (error) {
        if (!(error instanceof Overfull)) throw error;
        if (!error.divisible || of >= MOST_PARTS) throw new MetadataTooLarge(error.allowed);
      }
    }
  });
}

const WHOLE = { at: 0, of: 1 };

/** Whether the nameless objects of a location are this table's to sort; what was said once holds. */
function claims(sorted: SeenSet): { open(location: string): boolean; make(location: string): boolean } {
  let mine = false;
  return {
    open: (location) => mine || !sorted.has(location),
    make: (location) => mine ||= sorted.add(location),
  };
}

async function lookAtPart(
  table: TableHead,
  tools: TableTools,
  share: Share,
  claim: ReturnType<typeof claims>,
): Promise<TableSeen> {
  const wrong = flaws();
  // What is wrong with the metadata is said once, of however many parts it is read for.
  const chain = await followTable(table, tools, share, share.slice.at === 0 ? wrong : flaws());
  const seen: TableSeen = {
    flaws: [],
    snapshots: chain.snapshots,
    manifests: chain.manifests,
    files: 0,
    bytes: 0,
    elsewhere: [],
  };
  const { names, metadata } = chain;
  if (names && metadata) {
    count(names, seen);
    seen.location = metadata.location;
    seen.elsewhere = elsewhereOf(names.outside.keys());
    judgeBuckets(names, tools.buckets, wrong);
    const location = `${names.bucket}/${names.prefix}`;
    const sort = !chain.cut && claim.open(location);
    const unnamed = await compare(names, tools, share, wrong, sort);
    if (unnamed && sort && claim.make(location)) {
      seen.unnamed = await sortUnnamed(unnamed, metadata, names, share, tools);
    }
  }
  return { ...seen, flaws: wrong.all() };
}

/** Adds what was seen of another part of the same table. */
function join(seen: TableSeen, more: TableSeen): void {
  seen.files += more.files;
  seen.bytes += more.bytes;
  seen.elsewhere = seen.elsewhere.concat(more.elsewhere);
  seen.flaws = joinFlaws(seen.flaws, more.flaws);
  if (seen.unnamed && more.unnamed) addUnnamed(seen.unnamed, more.unnamed);
  else seen.unnamed ??= more.unnamed;
}

const FILES = new Set(["data file", "position delete file", "equality delete file", "deletion vector file"]);

function count({ inside, outside }: Names, seen: TableSeen): void {
  for (const names of [inside, outside]) {
    for (const { part, size = 0 } of names.values()) {
      if (!FILES.has(part)) continue;
      seen.files++;
      seen.bytes += size;
    }
  }
}

function judgeBuckets({ bucket, inside, outside }: Names, buckets: ReadonlySet<string>, wrong: Flaws): void {
  if (buckets.size === 0) return;
  if (!buckets.has(bucket)) {
    for (const [key, { part, current }] of inside) {
      wrong.add("WrongBucket", part, current, `s3://${bucket}/${key}`);
    }
  }
  for (const { place, part, current } of outside.values()) {
    if (!buckets.has(place.bucket)) {
      wrong.add("WrongBucket", part, current, `s3://${place.bucket}/${place.key}`);
    }
  }
}

/**
 * Compares what is named with what is there: one list of the location, and a question for each object elsewhere. Gives
 * the objects nobody names; undefined when the location was not listed.
 */
async function compare(
  names: Names,
  tools: TableTools,
  share: Share,
  wrong: Flaws,
  keep: boolean,
): Promise<UnnamedObjects | undefined> {
  const unnamed = names.prefix === "" ? undefined : await compareListed(names, tools, share, wrong, keep);
  await inParallel(names.outside.values(), SIDE_BY_SIDE, async ({ place, ...expected }) => {
    if (expected.read) return;
    await askFor(place.bucket, place.key, expected, tools, wrong);
  });
  return unnamed;
}

/** So many objects without a name are looked at, of one table. */
const KEPT_UNNAMED = 50_000;

async function compareListed(
  { bucket, prefix, inside }: Names,
  tools: TableTools,
  share: Share,
  wrong: Flaws,
  keep: boolean,
): Promise<UnnamedObjects> {
  const unnamed: UnnamedObjects = { objects: new Map(), more: { count: 0, bytes: 0 } };
  const { slice } = share;
  for await (const page of tools.listTable(bucket, prefix)) {
    for (const object of page.objects) {
      const expected = inside.get(object.key);
      if (expected) {
        expected.listed = true;
        if (!expected.read) judgeSize(`s3://${bucket}/${object.key}`, object.size, expected, wrong);
      } else if (keep && (inSlice(slice, object.key) || isMetadataFile(object.key))) {
        keepUnnamed(object, unnamed, share);
      }
    }
  }
  let asked = 0;
  await inParallel(inside, SIDE_BY_SIDE, async ([key, expected]) => {
    if (expected.read || expected.listed) return;
    if (asked++ < ASKED_AGAIN) await askFor(bucket, key, expected, tools, wrong);
    else wrong.add("Missing", expected.part, expected.current, `s3://${bucket}/${key}`);
  });
  return unnamed;
}

const UNNAMED_BYTES = 300;

function keepUnnamed(
  object: ListedObject,
  { objects, more }: UnnamedObjects,
  { allowance, slice }: Share,
): void {
  // Programs that know directories put empty objects there for them.
  if (object.key.endsWith("/") && object.size === 0) return;
  if (objects.size < KEPT_UNNAMED) {
    allowance.take(UNNAMED_BYTES + 2 * object.key.length, true);
    objects.set(object.key, object);
  } else if (inSlice(slice, object.key)) {
    more.count++;
    more.bytes += object.size;
  }
}

async function askFor(
  bucket: string,
  key: string,
  expected: Expected,
  { store }: TableTools,
  wrong: Flaws,
): Promise<void> {
  const path = `s3://${bucket}/${key}`;
  const size = await store.size(bucket, key);
  if (size === undefined) wrong.add("Missing", expected.part, expected.current, path);
  else judgeSize(path, size, expected, wrong);
}

function judgeSize(path: string, size: number, expected: Expected, wrong: Flaws): void {
  const flaw = sizeFlaw(size, expected);
  if (flaw) wrong.add(flaw.reason, expected.part, expected.current, path, flaw.words);
}
