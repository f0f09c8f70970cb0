/** Finds the catalog and ways to it, and gives trials their clients and their scratch place. */
import type { Scratch } from "../../../checkpoint/scratch.ts";
import type { Asked } from "../../../command.ts";
import { icebergRest } from "../../../clients/iceberg_rest.ts";
import { connectWriter, type KubeWriter } from "../../../clients/kubernetes/writer.ts";
import {
  catalogRoot,
  errorBodyOf,
  nessieApi,
  type NessieConfig,
  type Reference,
} from "../../../clients/nessie/client.ts";
import {
  connectToService,
  type Destination,
  givenConnection,
  type ServiceConnection,
} from "../../../clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { World } from "../../../engine/model.ts";
import type { GivenAddress, GivenCa } from "../../../checkpoint/given_address.ts";
import { hostName } from "../../../checkpoint/host.ts";
import type { CatalogTime, NessieContext, Place, PodWay } from "../context.ts";
import { type Management, managementOf } from "../api/management_port.ts";
import { createPatiently } from "../scratch/create.ts";
import { ownReference, referenceName } from "../scratch/own_reference.ts";
import type { SetupRecord } from "../records.ts";
import { markRun } from "../scratch/marker.ts";
import type { Catalog as Part } from "../../../components/nessie/mod.ts";
import { proxyPath } from "../../../components/kubernetes/mod.ts";
import { readyPods, trusting } from "../../ready_pod.ts";
import { catalogOf, destinationOf } from "./facts.ts";
import { removeAll } from "../scratch/sweep.ts";
import { readWanted, type WantedCatalog } from "./wanted.ts";

/** A catalog with a way to it, before anything is made in it. */
export interface Catalog {
  connection: ServiceConnection;
  /** Not bound to the signal: what was made must be cleaned up over the same way. */
  kube?: KubeWriter;
  given?: GivenAddress;
  config: NessieConfig;
  management: Management | { why: string };
  wanted: WantedCatalog | { why: string };
  /** Absent when an address was given. */
  place?: Place;
  eachPod?: () => Promise<PodWay[]>;
  /** Given for the TLS of that place. */
  ca?: string;
  timeoutMs: number;
  signal: AbortSignal;
  close(): Promise<void>;
}

/** CannotLook when there is no catalog, no way to it, or nobody who answers as Nessie does. */
export async function openCatalog(
  world: World,
  asked: Asked,
  given: GivenAddress | GivenCa | undefined,
): Promise<Catalog> {
  const { cluster, timeoutMs, signal } = asked;
  const opened: { close(): Promise<void> | void }[] = [];
  const close = async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  };
  try {
    // An address needs no cluster.
    const kube = given?.url === undefined ? await connectWriter({ cluster, timeoutMs }) : undefined;
    if (kube) opened.push(kube);
    const found = kube
      ? await openFound(world, asked, { kube, ca: given?.ca }, opened)
      : await openGiven(given as GivenAddress, asked, opened);
    signal.throwIfAborted();
    return { ...found, ...kube ? { kube } : {}, timeoutMs, signal, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function whyNot(error: unknown): { why: string } {
  if (error instanceof CannotLook) return { why: error.failure.message };
  throw error;
}

type Opened = { close(): Promise<void> | void }[];

type Found = Pick<
  Catalog,
  "connection" | "config" | "management" | "wanted" | "given" | "place" | "ca" | "eachPod"
>;

async function openGiven(given: GivenAddress, { timeoutMs, signal }: Asked, opened: Opened): Promise<Found> {
  const { flag, url, ca } = given;
  const connection = givenConnection(flag, catalogRoot(url), ca);
  opened.push(connection);
  const config = await nessieApi({ connection, timeoutMs, signal }).config();
  const why = `an address was given (${flag})`;
  return { connection, given, config, management: { why }, wanted: { why } };
}

/** The Service's own address where Nessie answers there; else a port-forward to a Ready pod. */
async function openFound(
  world: World,
  asked: Asked,
  { kube, ca }: { kube: KubeWriter; ca?: string },
  opened: Opened,
): Promise<Found> {
  const { cluster, timeoutMs, signal } = asked;
  const catalog = catalogOf(world, asked.isPlaced);
  if ("failure" in catalog) throw new CannotLook(catalog.failure);
  const api = destinationOf(world, catalog, "api");
  if ("failure" in api) throw new CannotLook(api.failure);
  const { workload, service } = catalog;
  const configPath = proxyPath(world, catalog.api, "/api/v2/config");
  const replicas = readyPods(world, service).length;
  const place = { workload, service, api, replicas, ...configPath ? { configPath } : {} };
  const configOf = (connection: ServiceConnection) => nessieApi({ connection, timeoutMs, signal }).config();
  const recognise = (connection: ServiceConnection) => configOf(connection).then(() => true, unrecognised);
  const connection = await connectToService(api, { cluster, timeoutMs, recognise, ...trusting(api, ca) });
  opened.push(connection);
  const config = await configOf(connection);
  const [management, wanted] = await Promise.all([
    openManagement(world, asked, connection, { catalog, api, ca }, opened),
    readWanted(kube, workload).catch(whyNot),
  ]);
  const eachPod = () =>
    podWays(readyPods(world, service).flatMap(({ metadata }) => metadata?.name ?? []), api, asked, ca);
  return { connection, config, management, wanted, place, eachPod, ...ca === undefined ? {} : { ca } };
}

/** More replicas say nothing that these do not. */
const MOST_PODS = 5;

/** Through a port-forward to each: the Service's address leads to any of them. */
async function podWays(
  names: readonly string[],
  api: Destination,
  { cluster, timeoutMs, signal }: Asked,
  ca: string | undefined,
): Promise<PodWay[]> {
  const port = api.pod?.port ?? api.port;
  const opened: PodWay[] = [];
  try {
    for (const name of names.slice(0, MOST_PODS)) {
      const options = { cluster, timeoutMs, ...trusting(api, ca) };
      const connection = await connectToService({ ...api, pod: { name, port } }, options);
      opened.push({
        name,
        api: nessieApi({ connection, timeoutMs, signal }),
        close: () => connection.close(),
      });
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((one) => one.close()));
    throw error;
  }
}

function unrecognised(error: unknown): false {
  if (error instanceof CannotLook) return false;
  throw error;
}

/** To the same pod as the API where that is forwarded: health and metrics are those of the pod that is tried. */
async function openManagement(
  world: World,
  { cluster, timeoutMs, signal }: Asked,
  connection: ServiceConnection,
  { catalog, api, ca }: { catalog: Part; api: Destination; ca?: string },
  opened: Opened,
): Promise<Management | { why: string }> {
  const found = destinationOf(world, catalog, "management");
  if ("failure" in found) return { why: found.failure.message };
  try {
    const pod = api.pod && found.pod && { ...found.pod, name: api.pod.name };
    const trust = found.scheme === "https" ? trusting(found, ca) : {};
    const management = await connectToService({ ...found, ...pod ? { pod } : {} }, {
      cluster,
      timeoutMs,
      ...trust,
    });
    opened.push(management);
    const samePod = connection.how === "port-forward";
    return managementOf({ connection: management, timeoutMs, signal, samePod });
  } catch (error) {
    return whyNot(error);
  }
}

/** Gives the context of all trials. */
export function contextOf(catalog: Omit<Catalog, "kube">, scratch: Scratch, world: World): NessieContext {
  const { connection, timeoutMs, signal, config, management, wanted, place, eachPod } = catalog;
  const bound = { connection, timeoutMs, signal };
  const nessie = nessieApi(bound);
  const undoNessie = nessieApi({ connection, timeoutMs });
  const names = new Set<string>();
  const made = new Set<string>();
  const ask = async (type: "BRANCH" | "TAG", name: string, from: Reference) => {
    await marked();
    // One thing to undo, however many there are: side by side they are gone before anybody loses patience.
    if (names.size === 0) scratch.undo("scratch references", () => removeAll(undoNessie, names, scratch));
    names.add(name);
    signal.throwIfAborted();
    try {
      // Not given up half-way: it would be made after it was cleaned up.
      const reference = await createPatiently(undoNessie, type, name, from);
      made.add(name);
      return ownReference(reference, scratch, names);
    } catch (error) {
      // It was not made: what has this name is somebody else's, unless it was made before.
      if (!made.has(name) && (errorBodyOf(error)?.status ?? 500) < 500) names.delete(name);
      throw error;
    }
  };
  const make = (type: "BRANCH" | "TAG", purpose: string, from: Reference) =>
    ask(type, referenceName(scratch.id, purpose), from);
  const main = () => nessie.reference(config.defaultBranch);
  let marking: Promise<CatalogTime> | undefined;
  const marked = () =>
    marking ??= main().then((from) => markRun(scratch, () => undoNessie, from, hostName()));
  return {
    ...{
      scratch,
      world,
      connection,
      nessie,
      undoNessie,
      config,
      management,
      wanted,
      timeoutMs,
      signal,
    },
    ...place ? { place } : {},
    ...eachPod ? { eachPod } : {},
    iceberg: (prefix) => icebergRest({ ...bound, prefix }),
    ownIceberg: ({ name }, warehouse) =>
      icebergRest({ ...bound, prefix: warehouse === undefined ? name : `${name}|${warehouse}` }),
    makeBranch: async (purpose, from) => await make("BRANCH", purpose, from ?? await main()),
    makeTag: (purpose, from) => make("TAG", purpose, from),
    askForBranch: (name, from) => ask("BRANCH", name, from),
    marked,
  };
}

/** What of this goes into the facts. */
export async function setupRecord(
  { connection, nessie, config, place }: NessieContext,
): Promise<SetupRecord> {
  const serverVersion = await nessie.serverVersion();
  return {
    url: connection.url,
    words: connection.words,
    ...place ? { service: place.service, workload: place.workload } : {},
    defaultBranch: config.defaultBranch,
    ...config.specVersion === undefined ? {} : { specVersion: config.specVersion },
    ...serverVersion === undefined ? {} : { serverVersion },
  };
}
