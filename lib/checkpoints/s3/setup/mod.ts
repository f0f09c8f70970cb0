/** Finds the object store, a way to it and keys that open it, and gives trials their clients and their scratch place. */
import type { Asked } from "../../../command.ts";
import type { Scratch } from "../../../checkpoint/scratch.ts";
import { connectWriter } from "../../../clients/kubernetes/writer.ts";
import {
  connectToService,
  type Destination,
  givenConnection,
  type ServiceConnection,
} from "../../../clients/kubernetes/service_connection.ts";
import { openS3, type RawS3, rawS3, type S3Options, type S3Session } from "../../../clients/s3/client.ts";
import { CannotLook, UsageError } from "../../../engine/errors.ts";
import type { ObjectRef, World } from "../../../engine/model.ts";
import type { GivenAddress, GivenCa } from "../../../checkpoint/given_address.ts";
import { hostName } from "../../../checkpoint/host.ts";
import type { S3Context } from "../context.ts";
import { chosenCredential, type Credential, readCredentials, signs, tryCredentials } from "./credentials.ts";
import type { TableLocation } from "../lifecycle/rules.ts";
import type { SetupRecord } from "../records.ts";
import { markPlace } from "../scratch/marker.ts";
import { type Refusal, refusalText } from "./calls.ts";
import { trusting } from "../../ready_pod.ts";
import {
  type BucketElsewhere,
  bucketsElsewhere,
  credentialRefs,
  noSuchStore,
  type RealBucket,
  realBuckets,
  storeAt,
  storeOf,
  storeOfKeys,
  storesNamed,
  storeText,
} from "./facts.ts";
import { type ObjectStore, storeBehind } from "../../../components/object_store/mod.ts";
import { listed } from "../../../engine/sentence.ts";
import { empty } from "../scratch/delete.ts";
import { type OwnPlace, scratchBelow } from "../scratch/own_place.ts";
import { type Hands, makeBucket, scratchBucket, scratchPrefix } from "../scratch/places.ts";
import { stillUnclear, type Sweep, sweepPlaces, type SweepTools, type SweptPlace } from "../scratch/sweep.ts";

/** Buckets of the platform that are asked for at an address of which nothing says whose it is. */
const MOST_ASKED = 100;

/** What is asked of the store, checked as far as it can be without asking anybody. */
export interface Wanted {
  /** An address that was given, and by what; or the CA for the gateway that is found. */
  endpoint?: GivenAddress | GivenCa;
  /** The Secret of `--credentials`. */
  credentials?: string;
  /** Keys that were given: no Secret is read. */
  keys?: Credential;
  /** The store of this cluster that is meant, or that the address leads to: `[NAMESPACE/]NAME`. */
  store?: string;
  /** The one bucket that is looked at, in place of those that the platform names. */
  bucket?: string;
  region: string;
  /** Longest wait for a lifecycle rule to be carried out; absent: as long as costs nothing. */
  lifecycleWaitMs?: number;
}

/** An object store with a way to it, before anything is made in it. */
export interface Store {
  connection: ServiceConnection;
  region: string;
  timeoutMs: number;
  signal: AbortSignal;
  gateway?: ObjectRef;
  credentials: Credential[];
  /** The first whose signature the store takes. */
  chosen?: Credential;
  buckets: RealBucket[];
  /** Buckets of the platform that are not looked at, because they lie in another store or may do so. */
  elsewhere: BucketElsewhere[];
  /** The store of this cluster that is tried; absent where nothing shows that it is one. */
  known?: ObjectStore;
  close(): Promise<void>;
}

/** Trials of the setup and of real buckets see more than the others. */
export interface S3Setup extends S3Context {
  store: Store;
  /** Why there is no scratch bucket. */
  refusal?: Refusal;
  lifecycleWaitMs?: number;
  /** Where the tables of the catalog are; undefined when no cluster is asked. CannotLook when it cannot be asked. */
  tableLocations(): Promise<TableLocation[] | undefined>;
  /** Scratch places of other runs: what became of each. */
  swept: Sweep;
  /** Those of `swept` whose owner is not known, and which are still there. */
  stillUnclear(): Promise<(SweptPlace & { state: "unclear" })[]>;
}

/** CannotLook when there is no object store, no way to it, or nobody who answers; UsageError as of `--credentials`. */
export async function openStore(world: World, asked: Asked, wanted: Wanted): Promise<Store> {
  const { timeoutMs, signal } = asked;
  const { endpoint } = wanted;
  const to = endpoint?.url === undefined ? found(world, asked, wanted.store) : endpoint;
  const gateway = "service" in to
    ? { kind: "Service", namespace: to.namespace, name: to.service }
    : undefined;
  const reading = readKeys(world, asked, wanted, gateway);
  // A refusal waits here for its turn.
  reading.catch(() => {});
  const connection = "service" in to
    ? await wayTo(to, asked, endpoint?.ca)
    : givenConnection(to.flag, to.url, to.ca);
  try {
    signal.throwIfAborted();
    const read = await reading;
    const options = { connection, region: wanted.region, timeoutMs, signal };
    const credentials = await tried(options, read);
    const known = gateway
      ? storeBehind(gateway, world)
      : knownStore(world, connection.url, wanted, credentials);
    const chosen = credentials.find(signs);
    return {
      ...options,
      ...gateway ? { gateway } : {},
      credentials,
      chosen,
      ...wanted.bucket === undefined
        ? await bucketsAt(world, known?.gateway, options, chosen)
        : { buckets: [{ name: wanted.bucket, via: "--bucket" }], elsewhere: [] },
      ...known ? { known } : {},
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The keys that were given; else those in the cluster. */
async function readKeys(
  world: World,
  { cluster, timeoutMs }: Asked,
  { keys, credentials }: Wanted,
  gateway: ObjectRef | undefined,
): Promise<Credential[]> {
  if (keys) return [keys];
  const kube = await connectWriter({ cluster, timeoutMs });
  try {
    return credentials
      ? [await chosenCredential(kube, credentials)]
      : await readCredentials(kube, credentialRefs(world, gateway));
  } finally {
    kube.close();
  }
}

/** The store of this cluster that an address leads to, as far as something shows it. UsageError as of `--store`. */
function knownStore(
  world: World,
  url: string,
  { store: named }: Wanted,
  credentials: readonly Credential[],
): ObjectStore | undefined {
  if (named === undefined) {
    return storeAt(world, url) ?? storeOfKeys(world, credentials.filter(signs).map(({ secret }) => secret));
  }
  const [store, ...others] = storesNamed(world, named);
  if (store && others.length === 0) return store;
  if (!store) throw new UsageError(noSuchStore(world, named));
  throw new UsageError(
    `--store is ${JSON.stringify(named)}, which may mean ${
      listed([store, ...others].map(storeText))
    }. Give ` +
      "NAMESPACE/NAME.",
  );
}

/**
 * The platform's buckets in the store that is tried, and those elsewhere. Where nothing shows which store it is, those that
 * are open to the keys are here; that others are not proves nothing.
 */
async function bucketsAt(
  world: World,
  gateway: ObjectRef | undefined,
  options: Omit<S3Options, "keys">,
  chosen: Credential | undefined,
): Promise<Pick<Store, "buckets" | "elsewhere">> {
  const buckets = realBuckets(world, gateway);
  const elsewhere = bucketsElsewhere(world, gateway);
  if (gateway || elsewhere.length === 0 || !chosen?.keys) return { buckets, elsewhere };
  const raw = rawS3({ ...options, keys: chosen.keys });
  const open = new Set(
    (await Promise.all(
      elsewhere.slice(0, MOST_ASKED).map(async ({ name: bucket }) => {
        const { status } = await raw.send({ method: "HEAD", bucket });
        return status === 200 ? [bucket] : [];
      }),
    )).flat(),
  );
  const away = elsewhere.filter(({ name }) => !open.has(name));
  const names = new Set(away.map(({ name }) => name));
  return { buckets: buckets.filter(({ name }) => !names.has(name)), elsewhere: away };
}

function found(world: World, { isPlaced }: Asked, named: string | undefined): Destination {
  const to = storeOf(world, isPlaced, named);
  if ("failure" in to) throw new CannotLook(to.failure);
  return to;
}

/** Straight to the Service where an S3 answers there; else a port-forward. */
async function wayTo(to: Destination, { cluster, timeoutMs, signal }: Asked, ca: string | undefined) {
  const recognise = (connection: ServiceConnection) => speaksS3(connection, timeoutMs, signal);
  return await connectToService(to, { cluster, timeoutMs, recognise, ...trusting(to, ca) });
}

async function speaksS3(
  connection: ServiceConnection,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const nobody = { accessKeyId: "nobody", secretAccessKey: "nothing" };
    const raw = rawS3({ connection, keys: nobody, region: "us-east-1", timeoutMs, signal });
    const { headers } = await raw.send({ method: "GET", sign: "none" });
    return headers.has("x-amz-request-id");
  } catch (error) {
    if (error instanceof CannotLook) return false;
    throw error;
  }
}

async function tried(
  options: Omit<S3Options, "keys">,
  credentials: readonly Credential[],
): Promise<Credential[]> {
  const first = credentials.find(({ keys, flaw }) => keys && !flaw);
  return first?.keys
    ? await tryCredentials(rawS3({ ...options, keys: first.keys }), credentials)
    : [...credentials];
}

export interface Clients extends Hands {
  s3: S3Context["s3"];
  defaults: S3Context["defaults"];
  raw: RawS3;
  session: S3Session;
  destroy(): void;
}

const nothing = () => {};
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The clients of a store with keys that it takes. */
export async function clientsOf(store: Store): Promise<Clients> {
  const { connection, region, timeoutMs, signal, chosen } = store;
  if (!chosen?.keys) throw new Error("no keys that the store takes");
  const options: S3Options = { connection, region, timeoutMs, signal, keys: chosen.keys };
  const [s3, defaults, undoS3] = await Promise.all([
    openS3(options),
    openS3({ ...options, checksums: "WHEN_SUPPORTED" }),
    // A store that is slow now and then must not leave anything behind.
    openS3({ ...options, signal: undefined, maxAttempts: 3 }),
  ]);
  // The SDK says on the console that a stream was refused; we say so in the report.
  for (const { config } of [s3, defaults, undoS3]) config.logger = SILENT;
  const session: S3Session = { connection, region, timeoutMs, signal, keys: chosen.keys };
  const destroy = () => [s3, defaults, undoS3].forEach((client) => client.destroy());
  return { s3, defaults, undoS3, raw: rawS3(options), session, destroy };
}

/** Makes and marks the scratch place, removes those of runs that are over, and gives the context of all trials. */
export async function setUp(
  scratch: Scratch,
  store: Store,
  clients: Clients,
  wanted: Pick<S3Setup, "lifecycleWaitMs" | "tableLocations">,
): Promise<S3Setup> {
  const { connection, region, timeoutMs, signal, buckets } = store;
  const { s3, defaults, undoS3, raw, session } = clients;
  const made = await makeBucket(scratch, clients);
  const place = "bucket" in made ? made : borrowed(scratch, clients, buckets, made.refusal);
  const { bucket, prefix } = place;
  const blind = await markPlace(scratch, rawS3({ ...session, signal: undefined }), place, hostName());
  signal.throwIfAborted();
  const tools: SweepTools = {
    s3,
    raw,
    session,
    undoS3,
    within: buckets.map(({ name }) => name),
    own: scratch.id,
  };
  const swept = await sweepPlaces(tools, blind);
  return {
    ...{
      scratch,
      store,
      connection,
      region,
      endpoint: connection.url,
      s3,
      defaults,
      undoS3,
      raw,
      session,
      timeoutMs,
      signal,
    },
    ...{ place, bucket, prefix, ownBucket: "bucket" in made },
    ..."refusal" in made ? { refusal: made.refusal } : {},
    ...wanted,
    swept,
    stillUnclear: () => stillUnclear(tools, swept, blind),
    async makeBucket(purpose) {
      const further = await makeBucket(scratch, clients, purpose);
      if ("bucket" in further) return further;
      throw notMade(scratchBucket(scratch.id, purpose), further.refusal);
    },
  };
}

function notMade(bucket: string, refusal: Refusal): CannotLook {
  const message = `bucket ${bucket} could not be made: ${refusalText(refusal)}`;
  return new CannotLook({ kind: refusal.status === 403 ? "forbidden" : "server-error", message });
}

/** A place below a prefix of a bucket that is there. CannotLook when there is none. */
function borrowed(
  scratch: Scratch,
  { undoS3, session }: Clients,
  buckets: readonly RealBucket[],
  refusal: Refusal,
): OwnPlace {
  const [bucket] = buckets;
  if (!bucket) throw notMade(scratchBucket(scratch.id), refusal);
  const place = scratchBelow(bucket.name, scratchPrefix(scratch.id));
  scratch.undo(`objects below ${place.bucket}/${place.prefix}`, async () => {
    await empty(undoS3, place, { ...session, signal: undefined });
  });
  return place;
}

/** What of this goes into the facts. */
export function setupRecord(store: Store, warehouse?: string): SetupRecord {
  const { connection, region, gateway, chosen, buckets } = store;
  const names = buckets.map(({ name }) => name);
  return {
    endpoint: connection.url,
    region,
    words: connection.words,
    ...gateway ? { gateway } : {},
    ...chosen
      ? { credential: { secret: chosen.secret, idKey: chosen.idKey, secretKey: chosen.secretKey } }
      : {},
    buckets: names,
    ...warehouse ?? names[0] ? { warehouse: warehouse ?? names[0] } : {},
  };
}
