/** What the performance part measures of an object store: operations by size and concurrency, on objects of its own. */
import { type LoadClient, loadClient, type LoadRequest } from "../../../clients/s3/load.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { load } from "../../../load/generator.ts";
import type { Cell } from "../../../load/measure.ts";
import type { CellWords } from "../../../load/rows.ts";
import type { RawMethod, RawRequest } from "../../../clients/s3/client.ts";
import type { S3Context } from "../context.ts";
import { DELETES, rawDelete } from "../scratch/delete.ts";
import { below, type OwnPlace } from "../scratch/own_place.ts";
import { same } from "../operations/bytes.ts";
import { uploadInParts } from "./upload.ts";

/** Below the prefix of the checkpoint; all of it is this part's own. */
export const PLACE = "performance/";

const KiB = 1024;
const MiB = 1024 * KiB;

/** How large and how many; tests take less. */
export interface Matrix {
  small: number;
  medium: number;
  /** 0: none. */
  large: number;
  /** Bytes of an upload in parts; 0: none. */
  upload: number;
  concurrency: readonly number[];
  /** Keys in a listed page. */
  keys: number;
}

export const FULL: Matrix = {
  small: 4 * KiB,
  medium: MiB,
  large: 16 * MiB,
  upload: 32 * MiB,
  concurrency: [1, 8, 32],
  keys: 250,
};

/** What a reader of Parquet asks for first: the end of the file, with its footer. */
const FOOTER = 64 * KiB;
/** More than this many large objects at once measure the memory of both sides. */
const MOST_LARGE = 8;
/** Of large objects, a round. What is overwritten fills a Ceph until its garbage collection, hours later. */
const LARGE_PUTS = 1;
/** Keys that small objects are put to, and deleted from. */
const RING = 512;
const EXPIRES_S = 3600;

/** The cells that a matrix has, before anything is made. */
export function cellsOf(matrix: Matrix): CellWords[] {
  return plan(matrix).map(({ operation, bytes, concurrency }) => ({ operation, bytes, concurrency }));
}

type Kind = "put" | "put large" | "delete" | "upload" | "get" | "footer" | "head" | "list";

interface Planned extends CellWords {
  kind: Kind;
  weight: number;
}

/** In the order of a round: what is deleted has been put just before. */
function plan({ small, medium, large, upload, concurrency, keys }: Matrix): Planned[] {
  const cells: Planned[] = [];
  const add = (kind: Kind, operation: string, bytes: number, workers: number, weight = 1) =>
    void cells.push({ kind, operation, bytes, concurrency: workers, weight });
  for (const workers of concurrency) {
    add("put", "PUT", small, workers);
    add("delete", "DELETE", small, workers);
  }
  for (const workers of concurrency) add("put", "PUT", medium, workers);
  if (large > 0) add("put large", "PUT", large, 1, 2);
  if (upload > 0) add("upload", "PUT in parts", upload, 1, 2);
  for (const bytes of [small, medium]) for (const workers of concurrency) add("get", "GET", bytes, workers);
  const few = large > 0 ? concurrency.filter((workers) => workers <= MOST_LARGE) : [];
  for (const workers of few) add("get", "GET", large, workers, 2);
  for (const workers of concurrency) add("footer", "GET range", Math.min(FOOTER, medium), workers);
  for (const workers of concurrency) add("head", "HEAD", 0, workers);
  for (const workers of concurrency) add("list", `LIST ${keys}`, 0, workers);
  return cells;
}

interface Place {
  client: LoadClient;
  sign(method: RawMethod, key: string): Promise<string>;
  /** The URL that deletes the object. */
  signDelete(key: string): Promise<string>;
  bodies: Map<number, Uint8Array<ArrayBuffer>>;
}

/**
 * Makes the objects that are read, reads some back, and gives the cells. `within` bounds the making, in milliseconds.
 * CannotLook when the store rejects, or gives other bytes than it was given.
 */
export async function prepare(
  context: S3Context,
  matrix: Matrix,
  within: number,
): Promise<Cell[]> {
  const client = loadClient(context.session);
  const { bucket, prefix, raw } = context;
  const own: OwnPlace = below(context.place, PLACE);
  const sign = (method: RawMethod, key: string) =>
    raw.presign({ method, bucket, key: `${own.prefix}${key}`, expiresS: EXPIRES_S });
  const signDelete = (key: string) => raw.presign({ ...rawDelete(own, key), expiresS: EXPIRES_S });
  const sizes = [matrix.small, matrix.medium, matrix.large].filter((bytes) => bytes > 0);
  const random = randomBytes(Math.max(...sizes));
  const place = {
    client,
    sign,
    signDelete,
    bodies: new Map(sizes.map((bytes) => [bytes, random.slice(0, bytes)])),
  };
  await furnish(context, place, matrix, within);
  const list = await raw.presign({
    method: "GET",
    bucket,
    query: {
      "list-type": "2",
      "max-keys": String(matrix.keys),
      prefix: `${prefix}${PLACE}read/${matrix.small}/`,
    },
    expiresS: EXPIRES_S,
  });
  await checkList(context, matrix);
  const requests = await requestsOf(place, matrix, list);
  const made = { keys: 0 };
  return plan(matrix).map((planned) => cellOf(context, planned, requests, made));
}

function listOf({ bucket, prefix }: S3Context, { keys, small }: Matrix): RawRequest {
  const query = { "list-type": "2", "max-keys": String(keys), prefix: `${prefix}${PLACE}read/${small}/` };
  return { method: "GET", bucket, query };
}

async function checkList(context: S3Context, matrix: Matrix): Promise<void> {
  const reply = await context.raw.send(listOf(context, matrix));
  const keys = reply.text().split("<Key>").length - 1;
  if (keys === matrix.keys) return;
  const message =
    `a list of ${matrix.keys} keys gives ${keys} (HTTP ${reply.status}): its speed means nothing`;
  throw new CannotLook({ kind: "malformed", message });
}

const readKey = (bytes: number, i: number) => `read/${bytes}/${String(i).padStart(4, "0")}`;

/** How many objects of a size are read in turn. */
function readCount({ small, keys }: Matrix, bytes: number): number {
  return bytes === small ? Math.min(keys, RING) : 4;
}

async function furnish(context: S3Context, place: Place, matrix: Matrix, within: number): Promise<void> {
  const { client, sign, bodies } = place;
  const put = async (bytes: number, i: number, signal: AbortSignal) =>
    await client.send(
      { method: "PUT", url: await sign("PUT", readKey(bytes, i)), body: bodies.get(bytes) },
      signal,
    );
  for (const bytes of bodies.keys()) {
    const requests = bytes === matrix.small ? matrix.keys : readCount(matrix, bytes);
    const { latency, firstErrors } = await load({
      concurrency: bytes === matrix.small ? 16 : 2,
      requests,
      durationMs: within,
      operation: (i, signal) => put(bytes, i, signal),
      timeoutMs: context.timeoutMs,
      signal: context.signal,
    });
    if (latency.count < requests) {
      const why = firstErrors[0] ??
        `only ${latency.count} of ${requests} were made in ${Math.round(within / 1000)} s`;
      throw new CannotLook({ kind: "server-error", message: `objects to be read could not be made: ${why}` });
    }
    const got = await context.raw.send({
      method: "GET",
      bucket: context.bucket,
      key: `${context.prefix}${PLACE}${readKey(bytes, 0)}`,
    });
    const written = bodies.get(bytes);
    if (got.status === 200 && written && same(got.bytes, written)) continue;
    throw new CannotLook({
      kind: "malformed",
      message:
        `what is read is not what was written (${bytes} bytes, HTTP ${got.status}): its speed means nothing`,
    });
  }
}

interface Requests {
  read: Map<number, LoadRequest[]>;
  put: Map<number, LoadRequest[]>;
  remove: LoadRequest[];
  head: LoadRequest[];
  footer: LoadRequest[];
  list: LoadRequest;
}

/** All that will be sent, signed beforehand. */
async function requestsOf(place: Place, matrix: Matrix, list: string): Promise<Requests> {
  const { sign, signDelete, bodies } = place;
  const ring = (count: number, make: (i: number) => Promise<LoadRequest>) =>
    Promise.all(Array.from({ length: count }, (_, i) => make(i)));
  const [read, put] = [new Map<number, LoadRequest[]>(), new Map<number, LoadRequest[]>()];
  for (const [bytes, body] of bodies) {
    read.set(
      bytes,
      await ring(readCount(matrix, bytes), async (i) => (
        { method: "GET", url: await sign("GET", readKey(bytes, i)), expect: bytes }
      )),
    );
    put.set(
      bytes,
      await ring(bytes === matrix.small ? RING : 32, async (i) => (
        { method: "PUT", url: await sign("PUT", `written/${bytes}/${i}`), body }
      )),
    );
  }
  const footer = Math.min(FOOTER, matrix.medium);
  const source = matrix.large || matrix.medium;
  return {
    read,
    put,
    remove: await ring(RING, async (i) => (
      { method: DELETES, url: await signDelete(`written/${matrix.small}/${i}`) }
    )),
    head: await ring(readCount(matrix, matrix.small), async (i) => (
      { method: "HEAD", url: await sign("HEAD", readKey(matrix.small, i)) }
    )),
    footer: (read.get(source) ?? []).map(({ method, url }) => (
      { method, url, headers: { range: `bytes=${source - footer}-${source - 1}` }, expect: footer }
    )),
    list: { method: "GET", url: list },
  };
}

function cellOf(context: S3Context, planned: Planned, requests: Requests, made: { keys: number }): Cell {
  const client = loadClient(context.session);
  const { kind, bytes } = planned;
  const cell = (ring: readonly LoadRequest[]): Cell => ({
    ...planned,
    run(i, signal) {
      const request = ring[i % ring.length];
      if (!request) throw new Error(`nothing to send for ${planned.operation}`);
      return client.send(request, signal);
    },
  });
  switch (kind) {
    case "put": {
      const puts = cell(requests.put.get(bytes) ?? []);
      return { ...puts, restart: true, ended: ({ begun }) => void (made.keys = Math.min(begun, RING)) };
    }
    case "put large":
      return { ...cell(requests.put.get(bytes) ?? []), most: () => ({ requests: LARGE_PUTS }) };
    case "delete":
      // What the cell before it has put, each key once.
      return { ...cell(requests.remove), restart: true, most: () => ({ requests: made.keys }) };
    case "upload":
      return {
        ...planned,
        run: (i) => uploadInParts(context, `${context.prefix}${PLACE}upload/${i % 2}`, bytes),
        most: () => ({ requests: 1 }),
      };
    case "get":
      return cell(requests.read.get(bytes) ?? []);
    case "footer":
      return cell(requests.footer);
    case "head":
      return cell(requests.head);
    case "list":
      return cell([requests.list]);
  }
}

/** Random, for a store that compresses would be measured by how well. */
function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
