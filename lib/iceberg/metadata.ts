/**
 * Table metadata of Iceberg, versions 1 to 3: where the table lies and what its snapshots are. Contract:
 * https://iceberg.apache.org/spec/#table-metadata. Ids of 64 bits are text, exact.
 */
import { anyText, list, map, num, obj, part, ShapeError, str } from "../engine/decode.ts";
import type { Reader } from "../engine/model.ts";
import { parseExact } from "./exact_json.ts";
import { DEEPEST, TooDeep } from "../untrusted/json.ts";

export interface Snapshot {
  id: string;
  /** Absent in version 1 where the manifests stand in the metadata itself. */
  manifestList?: string;
  manifests?: string[];
  /** With which its manifest list is encrypted. */
  keyId?: string;
}

export interface TableMetadata {
  formatVersion: number;
  uuid?: string;
  /** As it is written: `s3://bucket/prefix`, perhaps with a slash at the end. */
  location: string;
  /** Absent: the table has no snapshot. */
  currentSnapshotId?: string;
  /** Every snapshot that has not been expired. */
  snapshots: Snapshot[];
  /** The snapshots that branches of the table itself (not of the catalog) stand at. */
  branches: string[];
  /** Earlier metadata files that it remembers; they may have been removed. */
  earlier: string[];
  /** Statistics files (Puffin, Parquet), which the metadata names itself. */
  statistics: { path: string; size?: number }[];
  properties: Record<string, string>;
}

/** The metadata is not what Iceberg promises; the message goes on after the file's name. */
export class MetadataError extends Error {
  override name = "MetadataError";
  /** `unsupported`: it may be whole, and is not read here. `over-limit`: it is larger than the caller allows. */
  constructor(message: string, readonly why: "damaged" | "unsupported" | "over-limit" = "damaged") {
    super(message);
  }
}

/** An id: a number where it is exact as one, else what parseExact left as text. */
const id: Reader<string> = (value) => typeof value === "number" ? String(value) : str(value);

const STATISTICS = list(obj({ "statistics-path": str, "file-size-in-bytes": num }));

const METADATA = obj({
  "format-version": num,
  "table-uuid": str,
  location: str,
  "current-snapshot-id": id,
  snapshots: list(
    obj({ "snapshot-id": id, "manifest-list": str, manifests: list(str), "key-id": str }),
  ),
  refs: map(obj({ "snapshot-id": id, type: str })),
  "metadata-log": list(obj({ "metadata-file": str })),
  statistics: STATISTICS,
  "partition-statistics": STATISTICS,
  properties: map(anyText),
});

/** Reads the text of a metadata file. Throws MetadataError. */
export function readTableMetadata(text: string): TableMetadata {
  const read = decoded(text);
  const version = read["format-version"];
  if (version === undefined || read.location === undefined) {
    throw new MetadataError("is JSON, but no table metadata: it has no format-version or no location");
  }
  if (version < 1 || version > 3) {
    throw new MetadataError(`has format-version ${version}; versions 1 to 3 are read here`, "unsupported");
  }
  const current = read["current-snapshot-id"];
  return {
    formatVersion: version,
    ...read["table-uuid"] === undefined ? {} : { uuid: read["table-uuid"] },
    location: read.location,
    // Version 1 writes -1 for none.
    ...current === undefined || current === "-1" ? {} : { currentSnapshotId: current },
    snapshots: (read.snapshots ?? []).map(snapshotOf),
    branches: Object.values(read.refs ?? {}).flatMap((ref) =>
      ref["snapshot-id"] && ref.type === "branch" ? [ref["snapshot-id"]] : []
    ),
    earlier: (read["metadata-log"] ?? []).flatMap((one) => one["metadata-file"] ?? []),
    statistics: [...read.statistics ?? [], ...read["partition-statistics"] ?? []].flatMap((one) =>
      one["statistics-path"] === undefined ? [] : [{
        path: one["statistics-path"],
        ...one["file-size-in-bytes"] === undefined ? {} : { size: one["file-size-in-bytes"] },
      }]
    ),
    properties: read.properties ?? {},
  };
}

/** Reads the text of a view's metadata file: where the view lies. Throws MetadataError. */
export function readViewMetadata(text: string): { location: string } {
  const { location } = decoded(text);
  if (location === undefined) throw new MetadataError("is JSON, but no view metadata: it has no location");
  return { location };
}

function snapshotOf(
  read: { "snapshot-id"?: string; "manifest-list"?: string; manifests?: string[]; "key-id"?: string },
  at: number,
): Snapshot {
  if (read["snapshot-id"] === undefined) throw new MetadataError(`has no snapshot-id in .snapshots[${at}]`);
  return {
    id: read["snapshot-id"],
    ...read["manifest-list"] === undefined ? {} : { manifestList: read["manifest-list"] },
    ...read.manifests === undefined ? {} : { manifests: read.manifests },
    ...read["key-id"] === undefined ? {} : { keyId: read["key-id"] },
  };
}

function decoded(text: string): NonNullable<ReturnType<typeof METADATA>> {
  try {
    const read = part(METADATA, parseExact(text), "");
    if (read) return read;
  } catch (error) {
    if (error instanceof ShapeError) throw new MetadataError(`is not table metadata: ${error.message}`);
    if (error instanceof TooDeep) {
      throw new MetadataError(
        `is nested deeper than ${DEEPEST} levels, which is not read here`,
        "unsupported",
      );
    }
    if (error instanceof SyntaxError) throw new MetadataError("is not JSON, or not all of it");
    throw error;
  }
  throw new MetadataError("is not table metadata: it is null");
}
