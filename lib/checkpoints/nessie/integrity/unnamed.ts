/**
 * Tells apart the objects below a table's location that its metadata does not name: earlier states of the table, which
 * the catalog's history or another reference may still lead to; what is perhaps being written; and orphans.
 */
import type { ListedObject } from "../../../clients/s3/list.ts";
import { AvroError } from "../../../iceberg/avro_values.ts";
import { isMetadataFile, placeOf } from "../../../iceberg/location.ts";
import { readManifest, readManifestList } from "../../../iceberg/manifest.ts";
import { MetadataError, readTableMetadata, type TableMetadata } from "../../../iceberg/metadata.ts";
import type { Names } from "./names.ts";
import type { ChainTools } from "./chain.ts";
import { metadataText } from "../../../iceberg/codecs.ts";

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
}

/** An object without a name is an orphan at this age: what writes a commit for longer has failed. */
export const ORPHAN_AGE_MS = 24 * 3_600_000;
/** So many of the newest earlier metadata files are read; Iceberg keeps 100 by default. */
const EARLIER_READ = 100;
const KEPT_ORPHANS = 20;

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
  tools: UnnamedTools,
): Promise<Unnamed> {
  const out: Unnamed = {
    earlier: amount(),
    young: amount(),
    orphans: amount(),
    undecided: { ...more },
    largest: [],
  };
  const take = (key: string, as: Amount) => {
    const object = objects.get(key);
    if (!object) return false;
    objects.delete(key);
    add(as, object.size);
    return true;
  };
  for (const path of metadata.earlier) take(placeOf(path)?.key ?? "", out.earlier);
  const states = [...objects.values()].filter(({ key }) => isMetadataFile(key))
    .sort((a, b) => b.modified - a.modified);
  for (const { key } of states) take(key, out.earlier);
  for (const { key } of states.slice(0, EARLIER_READ)) {
    if (objects.size === 0) break;
    await followEarlier(key, names, tools, (place) => take(place, out.earlier));
  }
  const decided = states.length <= EARLIER_READ && more.count === 0;
  for (const object of objects.values()) settle(object, names.bucket, decided, tools.now, out);
  return out;
}

function settle(object: ListedObject, bucket: string, decided: boolean, now: number, out: Unnamed): void {
  // Hadoop catalogs leave it; no metadata names it.
  if (object.key.endsWith("/metadata/version-hint.text")) return;
  if (!(now - object.modified >= ORPHAN_AGE_MS)) return add(out.young, object.size);
  if (!decided) return add(out.undecided, object.size);
  add(out.orphans, object.size);
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

/** Takes all that an earlier state names and that is below the location; damage in it is nobody's concern any more. */
async function followEarlier(
  key: string,
  { bucket }: Names,
  tools: UnnamedTools,
  take: (key: string) => boolean,
): Promise<void> {
  const ours = (path: string) => {
    const place = placeOf(path);
    return place?.bucket === bucket ? place.key : "";
  };
  const bytes = await tools.store.get(bucket, key);
  const metadata = bytes && tolerant(() => readTableMetadata(metadataText(bytes)));
  for (const { path } of metadata?.statistics ?? []) take(ours(path));
  for (const { manifestList = "", manifests = [] } of metadata?.snapshots ?? []) {
    const paths = new Set(manifests);
    // What is named now was followed before; so was what another earlier state named.
    if (take(ours(manifestList))) {
      const list = await tools.store.get(bucket, ours(manifestList));
      for (const { path } of list && tolerant(() => readManifestList(list, tools.codecs)) || []) {
        paths.add(path);
      }
    }
    for (const path of paths) {
      if (!take(ours(path))) continue;
      const manifest = await tools.store.get(bucket, ours(path));
      if (!manifest) continue;
      tolerant(() => {
        for (const file of readManifest(manifest, tools.codecs)) take(ours(file.path));
      });
    }
  }
}

function tolerant<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AvroError || error instanceof MetadataError) return undefined;
    throw error;
  }
}
