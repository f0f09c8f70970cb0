/** The files of an Iceberg table, as Spark writes them in format version 2, with statistics for five columns. */
import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import avro from "avsc";

export interface BenchFile {
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface BenchTable {
  files: BenchFile[];
  metadataLocation: string;
  snapshotId: bigint;
}

const COLUMNS = ["id", "at", "name", "amount", "place"];
/** Data objects hold no Parquet: what counts is that they are there, and how long they are. */
const DATA = new TextEncoder().encode("PAR1".padEnd(96, ".") + "PAR1");

/** A table with one snapshot of so many data files, below `s3://bucket/prefix`, and so many of them in a manifest. */
export function benchTable(
  bucket: string,
  prefix: string,
  dataFiles: number,
  uuid: string = crypto.randomUUID(),
  inManifest: number = dataFiles,
): BenchTable {
  const snapshotId = BigInt(`0x${uuid.replaceAll("-", "").slice(0, 15)}`) | 2n ** 59n;
  const path = (key: string) => `s3://${bucket}/${key}`;
  const data = Array.from({ length: dataFiles }, (_, n): BenchFile => ({
    key: `${prefix}/data/00000-${n}-${uuid}-0-${String(n + 1).padStart(5, "0")}.parquet`,
    bytes: DATA,
  }));
  const properties = { "format-version": "2", content: "data" };
  const manifests = Array.from({ length: Math.ceil(dataFiles / inManifest) }, (_, n): BenchFile => {
    const files = data.slice(n * inManifest, (n + 1) * inManifest);
    const bytes = container(ENTRY, files.map(({ key }) => entryOf(path(key))), properties);
    return { key: `${prefix}/metadata/${uuid}-m${n}.avro`, bytes };
  });
  const named = manifests.map(({ key, bytes }) => listed(path(key), bytes.length, inManifest));
  const list = {
    key: `${prefix}/metadata/snap-${snapshotId}-1-${uuid}.avro`,
    bytes: container(MANIFEST_FILE, named, { "format-version": "2" }),
  };
  const metadata = {
    key: `${prefix}/metadata/00001-${uuid}.metadata.json`,
    bytes: new TextEncoder().encode(metadataText(path(prefix), path(list.key), uuid, snapshotId, dataFiles)),
  };
  return { files: [...data, ...manifests, list, metadata], metadataLocation: path(metadata.key), snapshotId };
}

function metadataText(
  location: string,
  list: string,
  uuid: string,
  snapshotId: bigint,
  files: number,
): string {
  const fields = COLUMNS.map((name, at) => ({
    id: at + 1,
    name,
    required: false,
    type: at === 0 ? "long" : "string",
  }));
  const summary = {
    operation: "append",
    "added-data-files": String(files),
    "total-data-files": String(files),
  };
  const text = JSON.stringify({
    "format-version": 2,
    "table-uuid": uuid,
    location,
    "last-sequence-number": 1,
    "last-updated-ms": 1795000000000,
    "last-column-id": fields.length,
    "current-schema-id": 0,
    schemas: [{ type: "struct", "schema-id": 0, fields }],
    "default-spec-id": 0,
    "partition-specs": [{ "spec-id": 0, fields: [] }],
    "last-partition-id": 999,
    "default-sort-order-id": 0,
    "sort-orders": [{ "order-id": 0, fields: [] }],
    properties: { owner: "bench", "write.parquet.compression-codec": "zstd" },
    "current-snapshot-id": "ID",
    refs: { main: { "snapshot-id": "ID", type: "branch" } },
    snapshots: [{
      "sequence-number": 1,
      "snapshot-id": "ID",
      "timestamp-ms": 1795000000000,
      summary,
      "manifest-list": list,
      "schema-id": 0,
    }],
    statistics: [],
    "snapshot-log": [{ "timestamp-ms": 1795000000000, "snapshot-id": "ID" }],
    "metadata-log": [],
  });
  return text.replaceAll('"ID"', String(snapshotId));
}

const field = (name: string, type: unknown, id: number) => ({ name, type, "field-id": id });
const optional = (name: string, type: unknown, id: number) => ({
  ...field(name, ["null", type], id),
  default: null,
});
const stats = (name: string, value: string, id: number) =>
  optional(name, {
    type: "array",
    items: {
      type: "record",
      name: `k${id + 9}_v${id + 18}`,
      fields: [field("key", "int", id + 9), field("value", value, id + 18)],
    },
    logicalType: "map",
  }, id);

/** Field ids from the specification; those of keys and values only have to differ here. */
const ENTRY = avro.Type.forSchema({
  type: "record",
  name: "manifest_entry",
  fields: [
    field("status", "int", 0),
    optional("snapshot_id", "long", 1),
    optional("sequence_number", "long", 3),
    field("data_file", {
      type: "record",
      name: "r2",
      fields: [
        field("content", "int", 134),
        field("file_path", "string", 100),
        field("file_format", "string", 101),
        field("partition", { type: "record", name: "r102", fields: [] }, 102),
        field("record_count", "long", 103),
        field("file_size_in_bytes", "long", 104),
        stats("column_sizes", "long", 108),
        stats("value_counts", "long", 109),
        stats("null_value_counts", "long", 110),
        stats("lower_bounds", "bytes", 125),
        stats("upper_bounds", "bytes", 128),
        optional("sort_order_id", "int", 140),
      ],
    }, 2),
  ],
} as never);

const MANIFEST_FILE = avro.Type.forSchema({
  type: "record",
  name: "manifest_file",
  fields: [
    field("manifest_path", "string", 500),
    field("manifest_length", "long", 501),
    field("partition_spec_id", "int", 502),
    field("content", "int", 517),
    field("sequence_number", "long", 515),
    field("added_files_count", "int", 504),
    field("added_rows_count", "long", 512),
  ],
} as never);

function entryOf(path: string): unknown {
  const each = (value: unknown) => COLUMNS.map((_, at) => ({ key: at + 1, value }));
  const bound = Buffer.from("a value of 16 by");
  return {
    status: 1,
    snapshot_id: null,
    sequence_number: null,
    data_file: {
      content: 0,
      file_path: path,
      file_format: "PARQUET",
      partition: {},
      record_count: 1000,
      file_size_in_bytes: DATA.length,
      column_sizes: each(20),
      value_counts: each(1000),
      null_value_counts: each(0),
      lower_bounds: each(bound),
      upper_bounds: each(bound),
      sort_order_id: 0,
    },
  };
}

function listed(path: string, length: number, files: number): unknown {
  return {
    manifest_path: path,
    manifest_length: length,
    partition_spec_id: 0,
    content: 0,
    sequence_number: 1,
    added_files_count: files,
    added_rows_count: files * 1000,
  };
}

const HEADER = avro.Type.forSchema({ type: "map", values: "bytes" });
const LONG = avro.Type.forSchema("long");

/** An Avro file of one block, packed as Spark packs it. */
function container(
  type: avro.Type,
  records: unknown[],
  properties: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, Buffer> = {};
  const all = {
    "avro.schema": JSON.stringify(type.schema({ exportAttrs: true })),
    "avro.codec": "deflate",
    ...properties,
  };
  for (const [name, value] of Object.entries(all)) header[name] = Buffer.from(value);
  const sync = crypto.getRandomValues(new Uint8Array(16));
  const block = deflateRawSync(Buffer.concat(records.map((record) => type.toBuffer(record))));
  return new Uint8Array(Buffer.concat([
    Buffer.from("Obj\x01", "latin1"),
    HEADER.toBuffer(header),
    sync,
    LONG.toBuffer(records.length),
    LONG.toBuffer(block.length),
    block,
    sync,
  ]));
}
