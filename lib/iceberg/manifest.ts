/**
 * Manifest lists and manifests of Iceberg, versions 1 to 3: which files a snapshot is made of, and how long they are.
 * Contract: https://iceberg.apache.org/spec/#manifests. Statistics and partitions are gone past.
 */
import { type Codecs, openAvro } from "./avro.ts";
import { AvroError } from "./avro_values.ts";

/** A manifest as a manifest list names it. */
export interface ManifestRef {
  path: string;
  /** Bytes. */
  length: number;
  content: "data" | "deletes";
}

export type FileKind = "data" | "position deletes" | "equality deletes" | "deletion vectors";

/** A file as a manifest names it. */
export interface NamedFile {
  path: string;
  /** Bytes of the whole object, also where several deletion vectors lie in one. */
  size: number;
  kind: FileKind;
}

const MANIFEST_LIST = {
  manifest_path: { id: 500 },
  manifest_length: { id: 501 },
  content: { id: 517 },
} as const;

const DATA_FILE = {
  content: { id: 134 },
  file_path: { id: 100 },
  file_format: { id: 101 },
  file_size_in_bytes: { id: 104 },
} as const;

const MANIFEST_ENTRY = {
  status: { id: 0 },
  data_file: { id: 2, of: DATA_FILE },
} as const;

/** Entries of this status say that a file left with that snapshot: it is nobody's any more. */
const DELETED = 2;

const CONTENTS: readonly FileKind[] = ["data", "position deletes", "equality deletes"];

/** The manifests of a snapshot. Throws AvroError. */
export function readManifestList(bytes: Uint8Array, codecs: Codecs): ManifestRef[] {
  const out: ManifestRef[] = [];
  for (
    const { manifest_path, manifest_length, content } of openAvro(bytes, MANIFEST_LIST, codecs).records()
  ) {
    out.push({
      path: text(manifest_path, "manifest_path"),
      length: size(manifest_length, "manifest_length"),
      content: content === 1 ? "deletes" : "data",
    });
  }
  return out;
}

/** The files that a manifest adds or keeps. Throws AvroError, perhaps after some were given. */
export function* readManifest(bytes: Uint8Array, codecs: Codecs): Generator<NamedFile> {
  for (const { status, data_file } of openAvro(bytes, MANIFEST_ENTRY, codecs).records()) {
    if (status === DELETED) continue;
    if (!isFields(data_file)) {
      throw new AvroError("damaged", "is an Avro file, but no manifest: it names no data_file");
    }
    yield {
      path: text(data_file.file_path, "file_path"),
      size: size(data_file.file_size_in_bytes, "file_size_in_bytes"),
      kind: data_file.file_format === "PUFFIN"
        ? "deletion vectors"
        : CONTENTS[Number(data_file.content ?? 0)] ?? "data",
    };
  }
}

function isFields(value: unknown): value is Record<keyof typeof DATA_FILE, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new AvroError("damaged", `is an Avro file, but not as Iceberg writes it: it has no ${name}`);
}

function size(value: unknown, name: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new AvroError("damaged", `is an Avro file, but not as Iceberg writes it: its ${name} is no length`);
}
