/** Looks at one table: what it names, what is there, and what is there without a name. */
import type { ListedObject, ListPage } from "../../../clients/s3/list.ts";
import { type ChainTools, followTable, type TableHead } from "./chain.ts";
import { type Expected, type Flaw, type Flaws, flaws, type Names, sizeFlaw } from "./names.ts";
import type { SeenSet } from "./seen.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import { sortUnnamed, type Unnamed, type UnnamedObjects } from "./unnamed.ts";

export interface TableTools extends ChainTools {
  /** Milliseconds since the epoch. */
  now: number;
  /** The objects below a table's location. */
  listTable(bucket: string, prefix: string): AsyncIterable<ListPage>;
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
}

/** Objects asked for one by one at a time, of one table. */
const SIDE_BY_SIDE = 16;
/** So many missing objects are asked for once more; a page may have been listed before they were written. */
const ASKED_AGAIN = 100;

/** Looks at a table or view. Throws S3ReplyError and NoAnswer where nothing can be said of it. */
export async function lookAt(table: TableHead, tools: TableTools): Promise<TableSeen> {
  const wrong = flaws();
  const chain = await followTable(table, tools, wrong);
  const seen: TableSeen = {
    flaws: [],
    snapshots: chain.snapshots,
    manifests: chain.manifests,
    files: 0,
    bytes: 0,
  };
  const { names, metadata } = chain;
  if (names && metadata) {
    count(names, seen);
    seen.location = metadata.location;
    judgeBuckets(names, tools.buckets, wrong);
    const sort = !chain.cut && !tools.sorted.has(`${names.bucket}/${names.prefix}`);
    const unnamed = await compare(names, tools, wrong, sort);
    if (unnamed && sort && tools.sorted.add(`${names.bucket}/${names.prefix}`)) {
      seen.unnamed = await sortUnnamed(unnamed, metadata, names, tools);
    }
  }
  return { ...seen, flaws: wrong.all() };
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
  wrong: Flaws,
  keep: boolean,
): Promise<UnnamedObjects | undefined> {
  const unnamed = names.prefix === "" ? undefined : await compareListed(names, tools, wrong, keep);
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
  wrong: Flaws,
  keep: boolean,
): Promise<UnnamedObjects> {
  const unnamed: UnnamedObjects = { objects: new Map(), more: { count: 0, bytes: 0 } };
  const found = new Set<string>();
  for await (const page of tools.listTable(bucket, prefix)) {
    for (const object of page.objects) {
      const expected = inside.get(object.key);
      if (expected) {
        found.add(object.key);
        if (!expected.read) judgeSize(`s3://${bucket}/${object.key}`, object.size, expected, wrong);
      } else if (keep) keepUnnamed(object, unnamed);
    }
  }
  let asked = 0;
  await inParallel(inside, SIDE_BY_SIDE, async ([key, expected]) => {
    if (expected.read || found.has(key)) return;
    if (asked++ < ASKED_AGAIN) await askFor(bucket, key, expected, tools, wrong);
    else wrong.add("Missing", expected.part, expected.current, `s3://${bucket}/${key}`);
  });
  return unnamed;
}

function keepUnnamed(object: ListedObject, { objects, more }: UnnamedObjects): void {
  // Programs that know directories put empty objects there for them.
  if (object.key.endsWith("/") && object.size === 0) return;
  if (objects.size < KEPT_UNNAMED) objects.set(object.key, object);
  else {
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
