/** Whether the tables of the catalog lie in the store as Iceberg lays them out. Reads the real tables; writes nothing. */
import { Ended, fail, outcomeOf } from "../../../checkpoint/expect.ts";
import type { S3Context } from "../context.ts";
import type { Codecs } from "../../../iceberg/avro.ts";
import { AvroError } from "../../../iceberg/avro_values.ts";
import {
  isMetadataFile,
  type ObjectPlace,
  placeOf,
  prefixOf,
  usualLocation,
} from "../../../iceberg/location.ts";
import { type NamedFile, readManifest, readManifestList } from "../../../iceberg/manifest.ts";
import { MetadataError, readTableMetadata, type TableMetadata } from "../../../iceberg/metadata.ts";
import { failed, type Outcome, passed, skipped, type Trial, unknown } from "../../../checkpoint/trial.ts";
import { notServed, rangeOf } from "./store.ts";
import { oddPartition, partitionNames } from "./partitions.ts";
import { trimEnd } from "../../../untrusted/text.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** A table as the catalog names it. */
export interface CatalogTable {
  /** `NAMESPACE.TABLE`. */
  table: string;
  /** `s3://.../metadata/NNNNN-UUID.metadata.json`. */
  metadataLocation?: string;
}

/** What else this trial is given; without it, it is skipped. CannotLook when the catalog cannot be asked. */
export interface WithTables {
  tableLocations?(): Promise<readonly CatalogTable[]>;
}

/** Tables, and data files of each, that are looked at: as a sample, the walk of the whole catalog is another command. */
const MOST_TABLES = 5;
const MOST_FILES = 3;

export const layoutTrial: Trial<S3Context & WithTables> = {
  id: "s3.format-layout",
  title: "tables lie in the store as Iceberg lays them out",
  explain:
    `Up to ${MOST_TABLES} tables of the catalog: the metadata file is where the catalog says and says that it ` +
    "lies there, the manifest list and the manifests of the current snapshot can be read, and data files begin and " +
    "end as Parquet does, in directories of their partition. What is missing breaks the table; what lies elsewhere " +
    "is only told, because policies and lifecycle rules go by places.",
  weight: "critical",
  async run(context) {
    const tables = await context.tableLocations?.();
    if (!tables) return skipped("the catalog was not asked for its tables");
    const named = tables.flatMap(({ table, metadataLocation }) =>
      metadataLocation === undefined ? [] : [{ table, metadataLocation }]
    );
    if (tables.length === 0) return skipped("no table yet: there is no layout to look at");
    if (named.length === 0) return skipped("the catalog was not asked where the metadata of its tables is");
    const step = Math.ceil(named.length / MOST_TABLES);
    const sample = named.filter((_, at) => at % step === 0);
    return await Promise.all(sample.map(async (one) => ({
      object: { kind: "IcebergTable", name: one.table },
      ...await outcomeOf(() => lookAt(context, one)),
    })));
  },
};

/** A table and how the store is asked about it. */
interface Look {
  context: Pick<S3Context, "raw">;
  name: string;
}

async function lookAt(
  context: Pick<S3Context, "raw">,
  { table: name, metadataLocation }: Required<CatalogTable>,
): Promise<Outcome> {
  const look: Look = { context, name };
  const place = inS3(look, metadataLocation);
  const { metadataText } = await import("../../../iceberg/codecs.ts");
  const bytes = await read(look, place, "its metadata file");
  const text = understood(look, metadataLocation, () => metadataText(bytes));
  const metadata = understood(look, metadataLocation, () => readTableMetadata(text));
  const odd = [...oddName(metadataLocation), ...oddLocation(metadata, metadataLocation)];
  const files = await currentFiles(look, metadata);
  const data = files.filter(({ kind, path }) => kind === "data" && /\.parquet$/.test(path));
  const sample = data.slice(0, MOST_FILES);
  await Promise.all(sample.map((file) => looksLikeParquet(look, file)));
  odd.push(...oddPlaces(metadata, files, partitionNames(text)));
  if (odd.length > 0) {
    return { ...warned(look, odd), evidence: metadataLocation };
  }
  const found = `metadata, manifests and ${files.length} files of its snapshot lie as Iceberg lays them out`;
  const looked = `${sample.length} Parquet files were looked into`;
  return passed(`table ${name}: ${found}; ${looked}`, { evidence: metadataLocation });
}

function warned({ name }: Look, odd: readonly string[]): Outcome {
  const what = odd.slice(0, 3).join("; ");
  const message = `table ${name} can be read, but does not lie as Iceberg lays tables out: ${what}`;
  return failed("OddLayout", message, { status: "warning", next: [nextStep("look-for-rules")] });
}

function inS3({ name }: Look, location: string): ObjectPlace {
  const place = placeOf(location);
  if (place && place.key !== "") return place;
  fail("NotInS3", `table ${name} names a file that lies in no bucket`, {
    observed: location,
    expected: "s3://BUCKET/KEY",
  });
}

async function read(look: Look, { bucket, key }: ObjectPlace, what: string): Promise<Uint8Array> {
  const reply = await look.context.raw.send({ method: "GET", bucket, key });
  const evidence = `GET s3://${bucket}/${key}`;
  if (reply.status === 404) {
    fail("FileMissing", `table ${look.name} cannot be read: ${what} is not there`, {
      evidence,
      observed: `404${reply.code ? ` ${reply.code}` : ""}`,
      expected: "200",
      next: [nextStep("validate-nessie")],
    });
  }
  if (reply.status !== 200) notServed(reply, evidence);
  return reply.bytes;
}

/** What a reader of lib/iceberg gives; its complaint ends the look. */
function understood<T>({ name }: Look, file: string, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    if (!(error instanceof MetadataError || error instanceof AvroError)) throw error;
    const message = `table ${name} cannot be read: ${file} ${error.message}`;
    if (error.why === "unsupported") throw new Ended(unknown("NotUnderstood", message, { evidence: file }));
    fail("FileBroken", message, { evidence: file });
  }
}

/** The files of the current snapshot; none when there is no snapshot yet. */
async function currentFiles(look: Look, metadata: TableMetadata): Promise<NamedFile[]> {
  const { currentSnapshotId, snapshots } = metadata;
  if (currentSnapshotId === undefined) return [];
  const snapshot = snapshots.find(({ id }) => id === currentSnapshotId);
  if (!snapshot) {
    fail("SnapshotMissing", {
      message: `table ${look.name} has no snapshot ${currentSnapshotId}, which is its current one`,
    });
  }
  const { manifestList, manifests = [] } = snapshot;
  const { codecs: unpack } = await import("../../../iceberg/codecs.ts");
  const paths = manifestList === undefined ? manifests : await manifestsIn(look, manifestList, unpack);
  const each = await Promise.all(paths.map(async (path) => {
    const bytes = await read(look, inS3(look, path), "a manifest");
    return understood(look, path, () => [...readManifest(bytes, unpack)]);
  }));
  return each.flat();
}

async function manifestsIn(look: Look, manifestList: string, unpack: Codecs): Promise<string[]> {
  const bytes = await read(look, inS3(look, manifestList), "the manifest list of its current snapshot");
  return understood(look, manifestList, () => readManifestList(bytes, unpack).map(({ path }) => path));
}

/** What stands in the way of reading a file stands in the way of its table. */
async function ofTable<T>({ name }: Look, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    const { reason, message, ...more } = error.outcome;
    fail(reason, `table ${name} has a data file that cannot be read: ${message}`, more);
  }
}

const PARQUET = "PAR1";
const TAIL_BYTES = 8;

/** Magic at both ends, and a footer that fits: 12 bytes of a file of any size. */
async function looksLikeParquet(look: Look, { path, size }: NamedFile): Promise<void> {
  const { bucket, key } = inS3(look, path);
  if (size < PARQUET.length + TAIL_BYTES) broken(look, path, `${size} bytes`);
  const range = (from: number, to: number) => rangeOf(look.context, bucket, key, from, to);
  const [head, tail] = await ofTable(
    look,
    () => Promise.all([range(0, PARQUET.length), range(size - TAIL_BYTES, size)]),
  );
  const text = new TextDecoder("latin1");
  const [begins, ends] = [text.decode(head), text.decode(tail.subarray(4))];
  if (begins !== PARQUET || ends !== PARQUET) broken(look, path, `begins ${begins}, ends ${ends}`);
  const footer = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (footer + PARQUET.length + TAIL_BYTES > size) {
    broken(look, path, `a footer of ${footer} bytes in ${size}`);
  }
}

function broken({ name }: Look, path: string, observed: string): never {
  fail("NotParquet", `table ${name} has a data file that is no Parquet file`, {
    evidence: path,
    observed,
    expected: `${PARQUET} at both ends, and a footer within`,
  });
}

const METADATA_NAME =
  /\/metadata\/(?:\d{5,}-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|v\d+)\.(?:(?:gz|zstd)\.)?metadata\.json(?:\.(?:gz|zst|zstd))?$/;

function oddName(metadataLocation: string): string[] {
  if (isMetadataFile(metadataLocation) && METADATA_NAME.test(metadataLocation)) return [];
  return [`its metadata file is called ${metadataLocation}, not metadata/NNNNN-UUID.metadata.json`];
}

function oddLocation({ location }: TableMetadata, metadataLocation: string): string[] {
  const found = usualLocation(metadataLocation);
  if (found !== undefined && withoutScheme(found) === withoutScheme(location)) return [];
  return [`it says that it lies in ${location}, and its metadata is ${metadataLocation}`];
}

const withoutScheme = (location: string) => trimEnd(location.replace(/^s3[an]?:/, "s3:"), "/");

function oddPlaces(
  metadata: TableMetadata,
  files: readonly NamedFile[],
  partitions: readonly (readonly string[])[],
): string[] {
  const home = placeOf(metadata.location);
  if (!home) return [];
  const hashed = metadata.properties["write.object-storage.enabled"] === "true";
  const data = placeOf(
    metadata.properties["write.data.path"] ?? `${trimEnd(metadata.location, "/")}/data`,
  );
  return files.flatMap(({ path, kind }) => {
    const place = placeOf(path);
    const root = data && place?.bucket === data.bucket && place.key.startsWith(prefixOf(data))
      ? prefixOf(data)
      : undefined;
    if (root === undefined) return [`${kind} file ${path} does not lie in its data directory`];
    const odd = hashed || kind === "deletion vectors"
      ? undefined
      : oddPartition(place?.key.slice(root.length) ?? "", partitions);
    return odd ? [`${kind} file ${path}: ${odd}`] : [];
  });
}
