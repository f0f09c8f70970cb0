/** From the metadata file of a table to everything it names: manifest lists, manifests, data and delete files. */
import type { S3Reader } from "../../../clients/s3/reader.ts";
import { type Codecs, isEncrypted } from "../../../iceberg/avro.ts";
import { AvroError } from "../../../iceberg/avro_values.ts";
import { type ObjectPlace, placeOf, usualLocation } from "../../../iceberg/location.ts";
import { type FileKind, readManifest, readManifestList } from "../../../iceberg/manifest.ts";
import {
  MetadataError,
  readTableMetadata,
  readViewMetadata,
  type TableMetadata,
} from "../../../iceberg/metadata.ts";
import { type Expected, type Flaws, type Names, namesOf, type Part, sizeFlaw, type Slice } from "./names.ts";
import { type Allowance, Overfull } from "./memory/mod.ts";
import { codecsWithin, metadataText } from "../../../iceberg/codecs.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";

/** A table or view as a reference has it. */
export interface TableHead {
  /** `main:bronze.orders`. */
  name: string;
  type: "table" | "view";
  metadataLocation: string;
  /** The snapshot that the catalog says; default: the metadata's own. */
  snapshotId?: string;
  /** On a branch: what its current snapshot needs is needed now. */
  branch: boolean;
}

export interface ChainTools {
  store: S3Reader;
  /** Default: those that unpack no more than there is room for. */
  codecs?: Codecs;
}

/** What of a table is looked at, and what it may hold. */
export interface Share {
  slice: Slice;
  allowance: Allowance;
}

/** What was read of a table. */
export interface Chain {
  metadata?: TableMetadata;
  names?: Names;
  /** Something on the way could not be read, so that not all names are known. */
  cut: boolean;
  snapshots: number;
  manifests: number;
}

/** What the parsed JSON of a metadata file takes, against its text. */
export const PARSED = 8;
const SNAPSHOT_BYTES = 500;
const MANIFEST_BYTES = 300;

const PARTS: Readonly<Record<FileKind, Part>> = {
  "data": "data file",
  "position deletes": "position delete file",
  "equality deletes": "equality delete file",
  "deletion vectors": "deletion vector file",
};

/**
 * Follows a table or view; what is wrong is put into `flaws`. Throws S3ReplyError and NoAnswer, and Overfull when the table
 * needs more than it is allowed.
 */
export async function followTable(
  table: TableHead,
  tools: ChainTools,
  share: Share,
  flaws: Flaws,
): Promise<Chain> {
  const chain: Chain = { cut: false, snapshots: 0, manifests: 0 };
  const reading: Reading = { tools, share, flaws, chain };
  const head = { part: "metadata file", current: table.branch } as const;
  await readPart(reading, table.metadataLocation, head, PARSED, (bytes) => {
    readHead(table, bytes, reading);
  });
  if (!chain.metadata) return chain;
  const place = placeOf(chain.metadata.location) ?? placeOf(usualLocation(table.metadataLocation) ?? "");
  if (!place) {
    flaws.add("OtherStore", "metadata file", table.branch, chain.metadata.location);
    return { ...chain, cut: true };
  }
  chain.names = namesOf(place, share.slice, share.allowance);
  chain.names.add(table.metadataLocation, { part: "metadata file", current: table.branch, read: true });
  await followSnapshots(table, chain.metadata, chain.names, reading);
  return chain;
}

function readHead(
  table: TableHead,
  bytes: Uint8Array,
  { chain, flaws, share: { allowance } }: Reading,
): void {
  try {
    const text = metadataText(bytes, allowance.left());
    if (table.type === "view") readViewMetadata(text);
    else chain.metadata = readTableMetadata(text);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    if (error.why === "over-limit") throw new Overfull(false, allowance.left());
    chain.cut = true;
    const reason = error.why === "unsupported" ? "NotUnderstood" : "Broken";
    flaws.add(reason, "metadata file", table.branch, table.metadataLocation, error.message);
  }
  allowance.take((chain.metadata?.snapshots.length ?? 0) * SNAPSHOT_BYTES, false);
}

interface Reading {
  tools: ChainTools;
  share: Share;
  flaws: Flaws;
  chain: Chain;
}

async function followSnapshots(
  table: TableHead,
  metadata: TableMetadata,
  names: Names,
  reading: Reading,
): Promise<void> {
  const now = currentSnapshots(table, metadata);
  const { allowance } = reading.share;
  const manifests = new Map<string, { length?: number; current: boolean }>();
  const add = (path: string, current: boolean, length?: number) => {
    const before = manifests.get(path);
    if (!before) allowance.take(MANIFEST_BYTES + path.length, false);
    manifests.set(path, { length: length ?? before?.length, current: current || before?.current === true });
  };
  const noSnapshot = [...now].find((id) => !metadata.snapshots.some((one) => one.id === id));
  if (noSnapshot !== undefined) {
    const words = `has no snapshot ${noSnapshot}, which is the current one`;
    reading.flaws.add("Broken", "metadata file", table.branch, table.metadataLocation, words);
  }
  await inParallel(metadata.snapshots, allowance.sideBySide, async (snapshot) => {
    const current = now.has(snapshot.id);
    reading.chain.snapshots++;
    for (const path of snapshot.manifests ?? []) add(path, current);
    if (snapshot.manifestList === undefined) return;
    const part = { part: "manifest list", current, keyId: snapshot.keyId } as const;
    names.add(snapshot.manifestList, { part: part.part, current, read: true });
    await readPart(reading, snapshot.manifestList, part, 1, (bytes, codecs) => {
      for (const { path, length } of readManifestList(bytes, codecs)) add(path, current, length);
    });
  });
  await inParallel(
    manifests,
    allowance.sideBySide,
    ([path, { length, current }]) =>
      followManifest(path, { part: "manifest", current, size: length }, names, reading),
  );
  for (const { path, size } of metadata.statistics) {
    names.add(path, { part: "statistics file", size, current: false, read: false });
  }
}

/** Those that readers of branches see now. On a tag nothing is current: it is a view of the past. */
function currentSnapshots(table: TableHead, metadata: TableMetadata): Set<string> {
  if (!table.branch) return new Set();
  const ids = [metadata.currentSnapshotId, ...metadata.branches];
  // Catalogs write -1 for a table without snapshots.
  if (table.snapshotId !== undefined && table.snapshotId !== "-1") ids.push(table.snapshotId);
  return new Set(ids.filter((id) => id !== undefined));
}

async function followManifest(
  path: string,
  part: Omit<Expected, "read">,
  names: Names,
  reading: Reading,
): Promise<void> {
  names.add(path, { ...part, read: true });
  await readPart(reading, path, part, 1, (bytes, codecs) => {
    reading.chain.manifests++;
    for (const file of readManifest(bytes, codecs)) {
      const expected = { part: PARTS[file.kind], size: file.size, current: part.current, read: false };
      if (!names.add(file.path, expected)) {
        reading.flaws.add("OtherStore", expected.part, part.current, file.path);
      }
    }
  });
}

/**
 * Reads an object that the rest hangs on, and holds its bytes, `weight` times, only for so long; when it is not to be had
 * or can't be read, that is a flaw, and the walk goes on with the next.
 */
async function readPart(
  reading: Reading,
  path: string,
  part: Omit<Expected, "read"> & { keyId?: string },
  weight: number,
  read: (bytes: Uint8Array, codecs: Codecs) => void,
): Promise<void> {
  const {
    tools: { store, codecs = codecsWithin(reading.share.allowance.left) },
    share: { allowance },
    flaws,
    chain,
  } = reading;
  const place = placeOf(path);
  if (!place) {
    flaws.add("OtherStore", part.part, part.current, path);
    chain.cut = true;
    return;
  }
  await holding(store, allowance, place, weight, (bytes) => {
    const wrong = bytes && wrongSize(bytes, part);
    if (bytes && !wrong) tolerate(reading, path, part, () => read(bytes, codecs));
    else {
      flaws.add(wrong?.reason ?? "Missing", part.part, part.current, path, wrong?.words);
      chain.cut = true;
    }
  });
}

/** What is encrypted is longer than what was written. */
function wrongSize(bytes: Uint8Array, part: Omit<Expected, "read">): ReturnType<typeof sizeFlaw> {
  return isEncrypted(bytes) ? undefined : sizeFlaw(bytes.length, { ...part, read: true });
}

/** Reads an object and gives it to `use`, within the allowance, which has its bytes back afterwards. Throws Overfull. */
export async function holding<T>(
  store: S3Reader,
  allowance: Allowance,
  { bucket, key }: ObjectPlace,
  weight: number,
  use: (bytes: Uint8Array | undefined) => T,
): Promise<T> {
  let held = 0;
  const hold = (bytes: number) => {
    allowance.give(held);
    held = 0;
    allowance.take(bytes, true);
    held = bytes;
  };
  try {
    return use(await store.get(bucket, key, (bytes) => hold(bytes * weight)));
  } finally {
    allowance.give(held);
  }
}

function tolerate(
  { flaws, chain, share: { allowance } }: Reading,
  path: string,
  { part, current, keyId }: Omit<Expected, "read"> & { keyId?: string },
  read: () => void,
): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AvroError)) throw error;
    if (error.why === "over-limit") throw new Overfull(true, allowance.left());
    chain.cut = true;
    const encrypted = keyId !== undefined && error.why === "not-avro";
    const reason = encrypted || error.why === "unsupported" ? "NotUnderstood" : "Broken";
    flaws.add(reason, part, current, path, encrypted ? ENCRYPTED : error.message);
  }
}

/** The metadata says that its list has a key, and so it need not be Avro. */
const ENCRYPTED = "is encrypted, which is not read here";
