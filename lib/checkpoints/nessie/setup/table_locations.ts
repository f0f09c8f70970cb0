/** Where the tables of a catalog lie, for whoever must not touch them, or wants to see how they are laid out. */
import { type S3Reader, S3ReplyError } from "../../../clients/s3/reader.ts";
import { placeOf, usualLocation } from "../../../iceberg/location.ts";
import { MetadataError, readTableMetadata } from "../../../iceberg/metadata.ts";
import { metadataText } from "../../../iceberg/codecs.ts";
import { type Catalog, itemsOf, referencesOf } from "../integrity/tables_of.ts";

export interface TableLocation {
  /** `bronze.orders`. */
  name: string;
  /** The first reference that has it so; the default branch comes first. */
  reference: string;
  /** `s3://bucket/prefix`, as the metadata says it. */
  location: string;
  metadataLocation: string;
  /** The metadata was not read, or could not be: the location is that of the usual layout. */
  guessed: boolean;
}

/**
 * The tables of all references, each metadata file once. With a store the metadata is read, one request for each table;
 * without one, locations are guessed from where the metadata lies. CannotLook when the catalog does not answer; NoAnswer
 * when the store does not.
 */
export async function* tableLocations(
  catalog: Catalog,
  store?: Pick<S3Reader, "get">,
): AsyncGenerator<TableLocation, void, void> {
  for await (const { table } of itemsOf(catalog, await referencesOf(catalog))) {
    if (table?.type !== "table") continue;
    const read = store && await locationIn(store, table.metadataLocation);
    const location = read ?? usualLocation(table.metadataLocation);
    if (location === undefined) continue;
    yield {
      name: table.key.join("."),
      reference: table.reference.name,
      location,
      metadataLocation: table.metadataLocation,
      guessed: read === undefined,
    };
  }
}

async function locationIn(store: Pick<S3Reader, "get">, path: string): Promise<string | undefined> {
  const place = placeOf(path);
  if (!place) return undefined;
  try {
    const bytes = await store.get(place.bucket, place.key);
    return bytes && readTableMetadata(metadataText(bytes)).location;
  } catch (error) {
    if (error instanceof S3ReplyError || error instanceof MetadataError) return undefined;
    throw error;
  }
}
