/** From the metadata file of a table to everything it names: manifest lists, manifests, data and delete files. */
import type { S3Reader } from "../../../clients/s3/reader.ts";
import { type Codecs, isEncrypted } from "../../../iceberg/avro.ts";
import { AvroError } from "../../../iceberg/avro_values.ts";
import { placeOf, usualLocation } from "../../../iceberg/location.ts";
import { type FileKind, readManifest, readManifestList } from "../../../iceberg/manifest.ts";
import {
  MetadataError,
  readTableMetadata,
  readViewMetadata,
  type TableMetadata,
} from "../../../iceberg/metadata.ts";
import { type Expected, type Flaws, type Names, namesOf, type Part, sizeFlaw } from "./names.ts";
import { metadataText } from "../../../iceberg/codecs.ts";
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
  codecs: Codecs;
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

/** Objects of one table that are read at a time. */
const SIDE_BY_SIDE = 8;

const PARTS: Readonly<Record<FileKind, Part>> = {
  "data": "data file",
  "position deletes": "position delete file",
  "equality deletes": "equality delete file",
  "deletion vectors": "deletion vector file",
};

/** Follows a table or view; what is wrong is put into `flaws`. Throws S3ReplyError and NoAnswer. */
export async function followTable(table: TableHead, tools: ChainTools, flaws: Flaws): Promise<Chain> {
  const chain: Chain = { cut: false, snapshots: 0, manifests: 0 };
  const reading = { tools, flaws, chain };
  const bytes = await readPart(reading, table.metadataLocation, {
    part: "metadata file",
    current: table.branch,
  });
  if (bytes === undefined) return chain;
  try {
    const text = metadataText(bytes);
    if (table.type === "view") readViewMetadata(text);
    else chain.metadata = readTableMetadata(text);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    chain.cut = true;
    const reason = error.why === "unsupported" ? "NotUnderstood" : "Broken";
    flaws.add(reason, "metadata file", table.branch, table.metadataLocation, error.message);
  }
  if (!chain.metadata) return chain;
  const place = placeOf(chain.metadata.location) ?? placeOf(usualLocation(table.metadataLocation) ?? "");
  if (!place) {
    flaws.add("OtherStore", "metadata file", table.branch, chain.metadata.location);
    return { ...chain, cut: true };
  }
  chain.names = namesOf(place);
  chain.names.add(table.metadataLocation, { part: "metadata file", current: table.branch, read: true });
  await followSnapshots(table, chain.metadata, chain.names, reading);
  return chain;
}

interface Reading {
  tools: ChainTools;
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
  const manifests = new Map<string, { length?: number; current: boolean }>();
  const add = (path: string, current: boolean, length?: number) => {
    const before = manifests.get(path);
    manifests.set(path, { length: length ?? before?.length, current: current || before?.current === true });
  };
  const noSnapshot = [...now].find((id) => !metadata.snapshots.some((one) => one.id === id));
  if (noSnapshot !== undefined) {
    const words = `has no snapshot ${noSnapshot}, which is the current one`;
    reading.flaws.add("Broken", "metadata file", table.branch, table.metadataLocation, words);
  }
  await inParallel(metadata.snapshots, SIDE_BY_SIDE, async (snapshot) => {
    const current = now.has(snapshot.id);
    reading.chain.snapshots++;
    for (const path of snapshot.manifests ?? []) add(path, current);
    if (snapshot.manifestList === undefined) return;
    const part = { part: "manifest list", current, keyId: snapshot.keyId } as const;
    const bytes = await readPart(reading, snapshot.manifestList, part);
    names.add(snapshot.manifestList, { part: part.part, current, read: true });
    if (!bytes) return;
    tolerate(reading, snapshot.manifestList, part, () => {
      for (const { path, length } of readManifestList(bytes, reading.tools.codecs)) {
        add(path, current, length);
      }
    });
  });
  await inParallel(
    manifests,
    SIDE_BY_SIDE,
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
  const bytes = await readPart(reading, path, part);
  names.add(path, { ...part, read: true });
  if (!bytes) return;
  reading.chain.manifests++;
  tolerate(reading, path, part, () => {
    for (const file of readManifest(bytes, reading.tools.codecs)) {
      const expected = { part: PARTS[file.kind], size: file.size, current: part.current, read: false };
      if (!names.add(file.path, expected)) {
        reading.flaws.add("OtherStore", expected.part, part.current, file.path);
      }
    }
  });
}

/** All bytes of an object that the rest hangs on; undefined, and a flaw, when they are not to be had. */
async function readPart(
  { tools, flaws, chain }: Reading,
  path: string,
  { part, current, size }: Omit<Expected, "read">,
): Promise<Uint8Array | undefined> {
  const place = placeOf(path);
  if (!place) {
    flaws.add("OtherStore", part, current, path);
    chain.cut = true;
    return undefined;
  }
  const bytes = await tools.store.get(place.bucket, place.key);
  if (bytes === undefined) flaws.add("Missing", part, current, path);
  else {
    // What is encrypted is longer than what was written.
    const wrong = isEncrypted(bytes)
      ? undefined
      : sizeFlaw(bytes.length, { part, current, size, read: true });
    if (!wrong) return bytes;
    flaws.add(wrong.reason, part, current, path, wrong.words);
  }
  chain.cut = true;
  return undefined;
}

/** What can't be read of one object is a flaw; the walk goes on with the next. */
function tolerate(
  { flaws, chain }: Reading,
  path: string,
  { part, current, keyId }: Omit<Expected, "read"> & { keyId?: string },
  read: () => void,
): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AvroError)) throw error;
    chain.cut = true;
    const encrypted = keyId !== undefined && error.why === "not-avro";
    const reason = encrypted || error.why === "unsupported" ? "NotUnderstood" : "Broken";
    flaws.add(reason, part, current, path, encrypted ? ENCRYPTED : error.message);
  }
}

/** The metadata says that its list has a key, and so it need not be Avro. */
const ENCRYPTED = "is encrypted, which is not read here";
