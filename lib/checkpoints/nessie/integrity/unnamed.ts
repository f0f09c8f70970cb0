/**
 * Tells apart the objects below a table's location that its metadata does not name: earlier states of the table, which
 * the catalog's history or another reference may still lead to; what is perhaps being written; and orphans.
 */
import type { ListedObject } from "../../../clients/s3/list.ts";
import { AvroError } from "../../../iceberg/avro_values.ts";
import { isMetadataFile, placeOf } from "../../../iceberg/location.ts";
import { readManifest, readManifestList } from "../../../iceberg/manifest.ts";
import { MetadataError, readTableMetadata, type TableMetadata } from "../../../iceberg/metadata.ts";
import { inSlice, type Names } from "./names.ts";
import { type ChainTools, holding, PARSED, type Share } from "./chain.ts";
import { Overfull } from "./memory/mod.ts";
import { hash53 } from "./seen.ts";
import { codecsWithin, metadataText } from "../../../iceberg/codecs.ts";

/** The objects below a location that nothing names, as far as they are kept. */
export interface UnnamedObjects {
  objects: Map<string, ListedObject>;
  /** More than are kept. */
  more: { count: number; bytes: number };
}

export interface Amount {
  count: number;
  bytes: number;
}

/** What nothing refers to, for people. */
export interface Orphan {
  path: string;
  bytes: number;
  /** RFC 3339. */
  modified: string;
}

export interface Unnamed {
  /** Metadata files of earlier states, and what only those name. */
  earlier: Amount;
  /** Younger than a day: perhaps being written. */
  young: Amount;
  orphans: Amount;
  /** Not looked at: more than are. */
  undecided: Amount;
  /** The largest orphans, largest first. */
  largest: Orphan[];
  /** Each orphan, by the hash of `bucket/key` and its bytes: another table may name it. */
  orphanList: Listed[];
}

export type Listed = [hash: number, bytes: number];

/** Hashes of objects, by `bucket/key`. */
export const elsewhereOf = (paths: Iterable<string>): number[] => Array.from(paths, hash53);

/** Adds what was sorted of another part of the same table. */
export function addUnnamed(to: Unnamed, more: Unnamed): void {
  for (const kind of ["earlier", "young", "orphans", "undecided"] as const) {
    add(to[kind], more[kind].bytes, more[kind].count);
  }
  for (const orphan of more.largest) keepLargest(to.largest, orphan);
  to.orphanList = to.orphanList.concat(more.orphanList);
}

/** An object without a name is an orphan at this age: what writes a commit for longer has failed. */
export const ORPHAN_AGE_MS = 24 * 3_600_000;
/** So many of the newest earlier metadata files are read; Iceberg keeps 100 by default. */
const EARLIER_READ = 100;
const KEPT_ORPHANS = 20;
/** Earlier states are worth as many parts; of a table as it is now there may be more. */
const MOST_PARTS_FOR_EARLIER = 64;

export const amount = (): Amount => ({ count: 0, bytes: 0 });

export function add(to: Amount, bytes: number, count = 1): void {
  to.count += count;
  to.bytes += bytes;
}

export interface UnnamedTools extends ChainTools {
  now: number;
}

/** Sorts what was found without a name. Reads earlier metadata only when something else than such files is left. */
export async function sortUnnamed(
  { objects, more }: UnnamedObjects,
  metadata: TableMetadata,
  names: Names,
  share: Share,
  tools: UnnamedTools,
): Promise<Unnamed> {
  const out: Unnamed = {
    earlier: amount(),
    young: amount(),
    orphans: amount(),
    undecided: { ...more },
    largest: [],
    orphanList: [],
  };
  // Metadata files are known to every part of the table, and counted in one.
  const mine = (key: string) => inSlice(share.slice, key);
  const take = (key: string, as: Amount) => {
    const object = objects.get(key);
    if (!object) return false;
    objects.delete(key);
    if (mine(key)) add(as, object.size);
    return true;
  };
  for (const path of metadata.earlier) take(placeOf(path)?.key ?? "", out.earlier);
  const states = [...objects.values()].filter(({ key }) => isMetadataFile(key))
    .sort((a, b) => b.modified - a.modified);
  for (const { key } of states) take(key, out.earlier);
  let followed = true;
  for (const { key } of states.slice(0, EARLIER_READ)) {
    if (objects.size === 0) break;
    followed = await followEarlier(key, names, share, tools, (place) => take(place, out.earlier)) && followed;
  }
  const decided = followed && states.length <= EARLIER_READ && more.count === 0;
  for (const object of objects.values()) settle(object, names.bucket, decided, tools.now, out);
  return out;
}

function settle(object: ListedObject, bucket: string, decided: boolean, now: number, out: Unnamed): void {
  // Hadoop catalogs leave it; no metadata names it.
  if (object.key.endsWith("/metadata/version-hint.text")) return;
  if (!(now - object.modified >= ORPHAN_AGE_MS)) return add(out.young, object.size);
  if (!decided) return add(out.undecided, object.size);
  add(out.orphans, object.size);
  out.orphanList.push([hash53(`${bucket}/${object.key}`), object.size]);
  keepLargest(out.largest, {
    path: `s3://${bucket}/${object.key}`,
    bytes: object.size,
    modified: new Date(object.modified).toISOString(),
  });
}

/** Puts an orphan among the largest, if it is one of them. */
export function keepLargest(largest: Orphan[], orphan: Orphan): void {
  const at = largest.findIndex(({ bytes }) => bytes < orphan.bytes);
  if (at < 0 && largest.length >= KEPT_ORPHANS) return;
  largest.splice(at < 0 ? largest.length : at, 0, orphan);
  largest.length = Math.min(largest.length, KEPT_ORPHANS);
}

/**
 * Takes all that an earlier state names and that is below the location; damage in it is nobody's concern any more. Whether
 * there was room for all of it.
 */
async function followEarlier(
  key: string,
  { bucket }: Names,
  share: Share,
  tools: UnnamedTools,
  take: (key: string) => boolean,
): Promise<boolean> {
  try {
    await followState(key, bucket, share, tools, take);
    return true;
  } catch (error) {
    if (!(error instanceof Overfull) || !share.allowance.alone) throw error;
    if (error.divisible && share.slice.of < MOST_PARTS_FOR_EARLIER) throw error;
    // There is no more room to be had, and the rest of the table was looked at.
    return false;
  }
}

async function followState(
  key: string,
  bucket: string,
  { allowance, slice }: Share,
  { store, codecs = codecsWithin(allowance.left) }: UnnamedTools,
  take: (key: string) => boolean,
): Promise<void> {
  const ours = (path: string) => {
    const place = placeOf(path);
    return place?.bucket === bucket ? place.key : "";
  };
  const reading = <T>(key: string, weight: number, read: (bytes: Uint8Array) => T) =>
    holding(
      store,
      allowance,
      { bucket, key },
      weight,
      (bytes) => bytes && tolerant(() => read(bytes), allowance.left),
    );
  const metadata = await reading(
    key,
    PARSED,
    (bytes) => readTableMetadata(metadataText(bytes, allowance.left())),
  );
  for (const { path } of metadata?.statistics ?? []) take(ours(path));
  for (const { manifestList = "", manifests = [] } of metadata?.snapshots ?? []) {
    const paths = new Set(manifests);
    // What is named now was followed before; so was what another earlier state named.
    if (taken(manifestList)) {
      for (
        const { path } of await reading(ours(manifestList), 1, (bytes) => readManifestList(bytes, codecs)) ??
          []
      ) {
        paths.add(path);
      }
    }
    for (const path of paths) {
      if (!taken(path)) continue;
      await reading(ours(path), 1, (bytes) => {
        for (const file of readManifest(bytes, codecs)) take(ours(file.path));
      });
    }
  }
  /** Of the other parts nobody knows here whether they were; they are read. */
  function taken(path: string): boolean {
    const key = ours(path);
    return take(key) || (key !== "" && !inSlice(slice, key));
  }
}

function tolerant<T>(read: () => T, left: () => number): T | undefined {
  try {
    return read();
  } catch (error) {
    const known = error instanceof AvroError || error instanceof MetadataError;
    if (known && error.why === "over-limit") throw new Overfull(true, left());
    if (error instanceof AvroError || error instanceof MetadataError) return undefined;
    throw error;
  }
}
