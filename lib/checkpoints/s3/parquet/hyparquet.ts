/** Parquet by hyparquet and hyparquet-writer, exact: no Date, no float for a decimal, no object for a map. */
import type { AsyncBuffer, FileMetaData, ParquetQueryFilter } from "hyparquet";
import { parquetSchema, shapeRead } from "../../../parquet/schema.ts";
import { fromStored, withoutConversions } from "../../../parquet/stored.ts";
import type { Field, Table, Value } from "../../../parquet/types.ts";

export type Codec = "ZSTD" | "SNAPPY" | "UNCOMPRESSED";

export interface WriteOptions {
  codec: Codec;
  /** Default: all in one. */
  rowGroupRows?: number;
  /** Of the values of a page, before compression; with it, every column has a page index. */
  pageBytes?: number;
}

export interface ReadOptions {
  /** Default: all. */
  columns?: readonly Field[];
  filter?: ParquetQueryFilter;
}

/** What a reader found. */
export interface ReadTable {
  /** As `shapeOf` says it. */
  shape: string[];
  columns: Value[][];
}

export interface Hyparquet {
  write(table: Table, options: WriteOptions): Uint8Array;
  /** The last 8 bytes, then the footer, as readers of Iceberg do. */
  footer(file: AsyncBuffer): Promise<FileMetaData>;
  read(
    file: AsyncBuffer,
    metadata: FileMetaData,
    fields: readonly Field[],
    options?: ReadOptions,
  ): Promise<ReadTable>;
}

const ENDING_BYTES = 8;
const same = <T>(value: T): T => value;

/** Loads both libraries. */
export async function openHyparquet(): Promise<Hyparquet> {
  const [reader, writer, { zstdCompressSync, zstdDecompressSync }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-writer"),
    import("node:zlib"),
  ]);
  const exactly = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const roughly = new TextDecoder();
  const parsers = {
    timestampFromMilliseconds: same<bigint>,
    timestampFromMicroseconds: same<bigint>,
    timestampFromNanoseconds: same<bigint>,
    dateFromDays: same<number>,
    stringFromBytes: (bytes: Uint8Array | undefined) => bytes && exactly.decode(bytes),
  };
  // The bounds of every column of bytes are read as text, and bytes are not always one.
  const footerParsers = { ...parsers, stringFromBytes: (bytes: Uint8Array) => roughly.decode(bytes) };
  return {
    write(table, { codec, rowGroupRows, pageBytes }) {
      const out = new writer.ByteWriter();
      writer.parquetWrite({
        writer: out,
        schema: parquetSchema(table.fields),
        columnData: table.fields.map(({ name }, at) => ({
          name,
          data: [...table.columns[at] ?? []],
          columnIndex: pageBytes !== undefined,
        })),
        codec,
        compressors: { ZSTD: (input) => zstdCompressSync(input) },
        rowGroupSize: rowGroupRows ?? Math.max(1, table.columns[0]?.length ?? 0),
        ...pageBytes === undefined ? {} : { pageSize: pageBytes },
        createdBy: "lakecheck",
      });
      return out.getBytes();
    },
    footer: (file) =>
      reader.parquetMetadataAsync(file, { parsers: footerParsers, initialFetchSize: ENDING_BYTES }),
    async read(file, metadata, fields, { columns = fields, filter } = {}) {
      const rows = await reader.parquetReadObjects({
        file,
        metadata: { ...metadata, schema: withoutConversions(metadata.schema) },
        columns: columns.map(({ name }) => name),
        ...filter ? { filter, usePageIndex: true } : {},
        compressors: { ZSTD: (input) => zstdDecompressSync(input) },
        parsers,
        utf8: false,
      });
      return {
        shape: shapeRead(metadata.schema),
        columns: columns.map(({ name, type }) => rows.map((row) => fromStored(type, row[name]))),
      };
    },
  };
}
