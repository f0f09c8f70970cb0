/** Locations as Iceberg writes them, as buckets and keys. */
import { trimEnd } from "../untrusted/text.ts";

export interface ObjectPlace {
  bucket: string;
  /** As it stands in the bucket; Iceberg writes keys unescaped. */
  key: string;
}

const IN_S3 = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/s;

/** `s3://bucket/key`, also with s3a and s3n; undefined for what lies in no S3 store. */
export function placeOf(location: string): ObjectPlace | undefined {
  const [, bucket, key = ""] = IN_S3.exec(location) ?? [];
  return bucket === undefined ? undefined : { bucket, key };
}

/** The prefix of all objects under a location: ends with a slash, so that `orders` is not `orders_old`. */
export function prefixOf({ key }: ObjectPlace): string {
  const bare = trimEnd(key, "/");
  return bare === "" ? "" : `${bare}/`;
}

/** Where the table of a metadata file lies, by the usual layout: `LOCATION/metadata/NAME.metadata.json`. */
export function usualLocation(metadataLocation: string): string | undefined {
  return /^(.+)\/metadata\/[^/]+$/.exec(metadataLocation)?.[1];
}

/** Whether a key is that of a table's metadata file, packed or not. */
export function isMetadataFile(key: string): boolean {
  return /\/[^/]+\.metadata\.json(?:\.(?:gz|zst|zstd))?$/.test(key);
}
