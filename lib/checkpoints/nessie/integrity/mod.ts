/**
 * The integrity walk: from every reference of the catalog to every object that its tables name, without an engine. It
 * reads only. Memory is that of the tables that are looked at just now, however many the catalog has.
 */
import type { S3Session } from "../../../clients/s3/client.ts";
import { s3Failure, s3ReplyFailure as wordsOf } from "../../../clients/s3/failures.ts";
import { type S3Reader, S3ReplyError } from "../../../clients/s3/reader.ts";
import { neighbourLists } from "../../../clients/s3/neighbours.ts";
import { NoAnswer } from "../../../clients/s3/send.ts";
import { CannotLook, Interrupted } from "../../../engine/errors.ts";
import { placeOf, prefixOf, usualLocation } from "../../../iceberg/location.ts";
import type { Failure } from "../../../engine/model.ts";
import { metadataText } from "../../../iceberg/codecs.ts";
import { MetadataError, readTableMetadata } from "../../../iceberg/metadata.ts";
import { hash53, seenSet } from "./seen.ts";
import { ahead } from "./ahead.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import { openState, type Progressed, type Resumable } from "./resume.ts";
import { findStrays, type Locations, locations, type Strays } from "./strays.ts";
import { type MemoryGuard, memoryGuard, MetadataTooLarge, roomOf } from "./memory/mod.ts";
import { inShard, settled, type Shard } from "./shards/mod.ts";
import { lookAt, type TableSeen, type TableTools } from "./table.ts";
import { type Catalog, type CatalogTable, type Item, itemsOf, referencesOf, sampleOf } from "./tables_of.ts";
import { type Tally, tallyTable } from "./tally.ts";
import type { Walked } from "./walked.ts";
import { size } from "./words.ts";

export interface WalkOptions {
  catalog: Catalog;
  store: S3Reader;
  /** Who is talked to, for messages about the store. */
  session: S3Session;
  /** Where tables belong: `s3://bucket/prefix`; empty: not known. */
  warehouses: readonly string[];
  /** The references to walk; default: all. */
  references?: (name: string) => boolean;
  /** Look at so many tables only, taken by chance. */
  sample?: number;
  /** Of that chance; default: another one each time. */
  seed?: number;
  /** Look at these tables only. What they come to is settled when all shards are joined. */
  shard?: Shard;
  /** Bytes that this process may have; default: no bound but those of what is read. */
  memory?: number;
  /** Take no further table after so many data and delete files. */
  limit?: number;
  /** The file that says where an earlier run came to, and where this one comes to. */
  resume?: string;
  /** Tables at a time; default 24. */
  tablesAtATime?: number;
  now?: number;
  signal: AbortSignal;
  /** Called now and then, at most once a second. */
  say?: (progress: Progressed) => void;
  /** One line for people: that the walk goes on, or why it starts anew. */
  note?: (line: string) => void;
}

const TABLES_AT_A_TIME = 24;
/** How far tables that are done may be before one that is not: what they gave waits for it. */
const WINDOW = 1000;
const SAY_MS = 1000;
/** The catalog's pages are fetched while tables are looked at. */
const AHEAD = 500;

/** Of what the process has when the walk begins: for V8 itself, pages of lists, and what is known of tables. */
const SLACK = 48 * 1024 * 1024;
const LEAST_ROOM = 16 * 1024 * 1024;

/** Walks. Throws Interrupted after it has written down where it came to; CannotLook when the catalog does not answer. */
export async function walk(options: WalkOptions): Promise<Walked> {
  const guard = options.memory === undefined ? undefined : memoryGuard(options.memory);
  try {
    const walked = await walkWithin(options, guard);
    const all = options.shard ? walked : settled(walked);
    return guard ? { ...all, mostMemory: guard.most() } : all;
  } finally {
    guard?.end();
  }
}

async function walkWithin(options: WalkOptions, guard: MemoryGuard | undefined): Promise<Walked> {
  const started = performance.now();
  const { catalog, store, signal, sample, resume } = options;
  const references = await referencesOf(catalog, options.references);
  const state = await openState(references, options);
  const tables = locations();
  const going: Going = { state, tables, guard, files: 0, full: false, silent: 0, started, saidMs: 0 };
  let partly: Walked["partly"];
  let source: AsyncIterable<Item> | Item[] = itemsOf(catalog, references);
  if (sample !== undefined) {
    const seed = state.state.seed ?? 0;
    const chosen = await sampleOf(source, sample, seed);
    source = chosen.items;
    if (chosen.of > chosen.items.length) partly = { why: "sample", of: chosen.of, seed };
  }
  let stopped: Failure | undefined;
  try {
    await walkItems(source, going, options);
  } catch (error) {
    await state.save(false);
    if (signal.aborted) throw signal.reason instanceof Interrupted ? signal.reason : error;
    if (!(error instanceof CannotLook)) throw error;
    stopped = error.failure;
  }
  if (going.full) partly = { why: "limit" };
  const whole = !stopped && !partly && !options.references && state.state.tally.unread.length === 0;
  const strays = whole ? await allStrays(options, tables, () => itemsOf(catalog, references)) : undefined;
  if (!stopped) await state.save(!going.full);
  if (resume && (stopped || going.full)) {
    options.note?.(`Where the walk came to is in ${resume}; the same command goes on there.`);
  }
  return {
    tally: state.state.tally,
    references: references.length,
    commits: hash53(references.map(({ name, hash }) => `${name}@${hash}`).join(" ")).toString(16),
    ...partly ? { partly } : {},
    ...stopped ? { stopped } : {},
    ...strays ? { strays } : {},
    durationMs: performance.now() - started,
    requests: store.requests(),
  };
}

interface Going {
  state: Resumable;
  tables: Locations;
  guard: MemoryGuard | undefined;
  /** In this run. */
  files: number;
  /** The limit is reached. */
  full: boolean;
  /** Tables one after the other for which the store gave no answer. */
  silent: number;
  started: number;
  /** When progress was told last, in milliseconds since the start. */
  saidMs: number;
}

async function walkItems(
  source: AsyncIterable<Item> | Item[],
  going: Going,
  options: WalkOptions,
): Promise<void> {
  const { limit = Infinity, tablesAtATime = TABLES_AT_A_TIME, signal } = options;
  const { state, tables } = going;
  const tools: TableTools = {
    store: options.store,
    listTable: neighbourLists(options.store.list),
    sorted: seenSet(),
    ...going.guard
      ? {
        room: roomOf(Math.max(LEAST_ROOM, going.guard.limit - going.guard.resident() - SLACK), tablesAtATime),
      }
      : {},
    now: options.now ?? Date.now(),
    buckets: new Set(options.warehouses.flatMap((one) => placeOf(one)?.bucket ?? [])),
  };
  const items = Array.isArray(source) ? source : ahead(source, AHEAD);
  await inParallel(taken(items, () => going.full), tablesAtATime, async (item) => {
    const { table } = item;
    const usual = table && placeOf(usualLocation(table.metadataLocation) ?? "");
    if (usual) tables.add(usual);
    if (item.index < state.from) {
      if (usual) tools.sorted.add(`${usual.bucket}/${prefixOf(usual)}`);
      return;
    }
    await state.near(item.index, WINDOW);
    if (options.shard && !inShard(item.home, options.shard)) {
      return await state.done(item.index, undefined, () => {});
    }
    signal.throwIfAborted();
    const seen = table && await look(table, tools, going, options);
    if (seen && "flaws" in seen) {
      const place = placeOf(seen.location ?? "");
      if (place) tables.add(place);
      going.files += seen.files;
      going.full = going.files >= limit;
    }
    await state.done(item.index, table?.name, (tally) => apply(tally, item, seen));
    going.guard?.look();
    const elapsedMs = performance.now() - going.started;
    if (elapsedMs - going.saidMs < SAY_MS) return;
    going.saidMs = elapsedMs;
    options.say?.(state.progress(going.files, elapsedMs));
  });
}

/** Stops taking when it is enough. */
async function* taken(
  items: AsyncIterable<Item> | Item[],
  enough: () => boolean,
): AsyncGenerator<Item, void, void> {
  for await (const item of items) {
    if (enough()) return;
    yield item;
  }
}

interface Unread {
  why: string;
  bucket: string;
  status: number;
}

function apply(tally: Tally, { table, same }: Item, seen: TableSeen | Unread | undefined): void {
  if (same) tally.same++;
  else if (!table || !seen) tally.others++;
  else if ("flaws" in seen) tallyTable(tally, table, seen);
  else {
    const before = tally.unread.find(({ why, bucket }) => why === seen.why && bucket === seen.bucket);
    if (before) before.tables++;
    else tally.unread.push({ ...seen, tables: 1, first: table.name });
  }
}

/** So many tables one after the other without an answer, and the store is taken for unreachable. */
const SILENT_TABLES = 3;

async function look(
  table: CatalogTable,
  tools: TableTools,
  going: Going,
  options: WalkOptions,
): Promise<TableSeen | Unread> {
  try {
    const seen = await lookTwice(table, tools, options);
    going.silent = 0;
    return seen;
  } catch (error) {
    const bucket = placeOf(table.metadataLocation)?.bucket ?? "";
    if (error instanceof S3ReplyError) {
      if (forEverything(error)) throw refusalWords(error, options.session);
      return { why: error.code, bucket: error.bucket, status: error.status };
    }
    if (error instanceof MetadataTooLarge) return { why: tooLargeWords(error), bucket, status: 0 };
    if (!(error instanceof NoAnswer)) throw error;
    const trouble = s3Failure(error, options.session);
    // One object may be too large, or slow; when nothing answers, the next table won't either.
    const nobody = error.trouble.why === "network" || ++going.silent >= SILENT_TABLES;
    if (nobody && error.trouble.why !== "too-big") throw trouble;
    return { why: trouble.message, bucket, status: 0 };
  }
}

const tooLargeWords = ({ allowed }: MetadataTooLarge) =>
  `its metadata needs more than the ${
    size(allowed)
  } that --memory leaves for a table. Next: give --memory more`;

const refusalWords = ({ seen }: S3ReplyError, session: S3Session): CannotLook =>
  wordsOf({ ...seen, text: () => seen.text }, session);

/** Refusals that say nothing of one object or bucket: keys, clock, a store that is down. */
function forEverything({ status, code }: S3ReplyError): boolean {
  return status >= 500 || status === 429 ||
    /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|ExpiredToken|InvalidToken|UserSuspended)$/
      .test(code);
}

/**
 * What is wrong with a table is said only when the catalog still has it so: maintenance may have replaced its files
 * while they were looked for.
 */
async function lookTwice(
  table: CatalogTable,
  tools: TableTools,
  { catalog }: WalkOptions,
): Promise<TableSeen> {
  const seen = await lookAt(table, tools);
  if (seen.flaws.length === 0 || table.reference.type !== "BRANCH") return seen;
  const now = await currentLocation(catalog, table);
  if (now === table.metadataLocation) return seen;
  // Dropped since: nobody misses anything.
  if (now === undefined) return { ...seen, flaws: [] };
  return await lookAt({ ...table, metadataLocation: now, snapshotId: undefined }, tools);
}

async function currentLocation(catalog: Catalog, table: CatalogTable): Promise<string | undefined> {
  try {
    const [found] = await catalog.contents(table.reference.name, [table.key]);
    return found?.content.metadataLocation;
  } catch (error) {
    if (error instanceof CannotLook) return table.metadataLocation;
    throw error;
  }
}

/**
 * What lies outside of tables; of several shards the first looks, for its tables and for those of all others, whose metadata
 * says where they lie when it is not where metadata usually is.
 */
async function allStrays(
  options: WalkOptions,
  tables: Locations,
  items: () => AsyncIterable<Item>,
): Promise<Strays | undefined> {
  const { shard } = options;
  if (shard && shard.at !== 1) return undefined;
  const strays = await straysOf(options, tables);
  if (!shard || !strays || strays.strays.count + strays.young.count === 0) return strays;
  return await otherLocations(options, shard, items(), tables) ? await straysOf(options, tables) : undefined;
}

/** Whether all were read; a file that is missing or broken says nothing, and is its own shard's to tell. */
async function otherLocations(
  { store, signal, session }: WalkOptions,
  shard: Shard,
  items: AsyncIterable<Item>,
  tables: Locations,
): Promise<boolean> {
  let all = true;
  await inParallel(items, TABLES_AT_A_TIME, async ({ table, home }) => {
    const at = table?.type === "table" && !inShard(home, shard) && placeOf(table.metadataLocation);
    if (!at || !all) return;
    signal.throwIfAborted();
    try {
      const bytes = await store.get(at.bucket, at.key);
      const place = bytes && placeOf(readTableMetadata(metadataText(bytes)).location);
      if (place) tables.add(place);
    } catch (error) {
      if (error instanceof NoAnswer) throw s3Failure(error, session);
      if (error instanceof S3ReplyError) all = false;
      else if (!(error instanceof MetadataError)) throw error;
    }
  });
  return all;
}

async function straysOf(
  { store, warehouses, now, session }: WalkOptions,
  tables: Locations,
): Promise<Strays | undefined> {
  let all: Strays | undefined;
  for (const warehouse of warehouses) {
    const place = placeOf(warehouse);
    if (!place) continue;
    try {
      const found = await findStrays(store, place, tables, now ?? Date.now());
      if (!all) all = found;
      else {
        for (const kind of ["strays", "young"] as const) {
          all[kind].count += found[kind].count;
          all[kind].bytes += found[kind].bytes;
        }
        all.largest.push(...found.largest);
        all.list = all.list.concat(found.list);
        all.cut ||= found.cut;
      }
    } catch (error) {
      if (error instanceof NoAnswer) throw s3Failure(error, session);
      if (!(error instanceof S3ReplyError)) throw error;
      return undefined;
    }
  }
  return all;
}
