/** Tables that PyIceberg 0.12 and Spark 3.5 with Iceberg 1.10 wrote: their metadata whole, and the sizes of all else. */
import { gunzipSync, inflateRawSync } from "node:zlib";
import type { Codecs } from "../../lib/iceberg/avro.ts";

export interface RecordedTable {
  writer: string;
  bucket: string;
  metadataLocation: string;
  /** By key. Without `base64`: only the size was kept. */
  objects: Record<string, { size: number; base64?: string }>;
}

export const TABLES = [
  "pyiceberg_orders_v1",
  "pyiceberg_orders_v2",
  "spark_orders_v1",
  "spark_orders_v2",
  "spark_orders_v3",
  "spark_orders_eq",
] as const;

export type TableName = typeof TABLES[number];

export async function recorded(name: TableName): Promise<RecordedTable> {
  const bytes = await Deno.readFile(new URL(`fixtures/${name}.json.gz`, import.meta.url));
  return JSON.parse(new TextDecoder().decode(gunzipSync(bytes)));
}

export const codecs: Codecs = { deflate: (block) => inflateRawSync(block) };

/** The bytes of an object that a path names; of those whose size was kept only, zeros. */
export function bytesOf(table: RecordedTable, path: string): Uint8Array<ArrayBuffer> {
  const object = table.objects[path.replace(/^s3:\/\/[^/]+\//, "")];
  if (!object) throw new Error(`${path} was not recorded`);
  return object.base64 === undefined ? new Uint8Array(object.size) : Uint8Array.fromBase64(object.base64);
}

export function metadataText(table: RecordedTable): string {
  const bytes = bytesOf(table, table.metadataLocation);
  return new TextDecoder().decode(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
}
