/** What the tests of the integrity walk share: a store and a catalog that answer from memory. */
import { givenConnection } from "../../../../lib/clients/kubernetes/service_connection.ts";
import { type S3Reader, s3Reader } from "../../../../lib/clients/s3/reader.ts";
import type { Content, Entry, Reference } from "../../../../lib/clients/nessie/client.ts";
import { walk, type WalkOptions } from "../../../../lib/checkpoints/nessie/integrity/mod.ts";
import type { Walked } from "../../../../lib/checkpoints/nessie/integrity/walked.ts";
import type { Catalog } from "../../../../lib/checkpoints/nessie/integrity/tables_of.ts";
import { placeOf } from "../../../../lib/iceberg/location.ts";
import { bytesOf, recorded, type RecordedTable, type TableName } from "../../../iceberg/fixtures.ts";
import { PATIENT_MS } from "../../../patience.ts";

export const KEYS = { accessKeyId: "AKCANARY", secretAccessKey: "canary-secret-key-41c2" };
/** Two days after everything that is in the store. */
export const NOW = Date.parse("2026-11-21T00:00:00Z");
const WRITTEN = "2026-11-19T00:00:00.000Z";

export interface FakeStore {
  reader: S3Reader;
  /** By `bucket/key`. */
  objects: Map<string, { bytes: Uint8Array<ArrayBuffer>; modified: string }>;
  /** `METHOD /path?query` of every request. */
  requests: string[];
  /** Answers instead of the store, when it gives something. */
  instead: { answer?: (request: Request) => Response | undefined };
  options: Pick<WalkOptions, "store" | "session">;
}

export async function withStore(
  use: (store: FakeStore) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const objects: FakeStore["objects"] = new Map();
  const requests: string[] = [];
  const instead: FakeStore["instead"] = {};
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      return instead.answer?.(request) ?? answer(request, objects);
    },
  );
  const connection = givenConnection("--url", `http://127.0.0.1:${server.addr.port}`);
  const options = { connection, keys: KEYS, region: "us-east-1", timeoutMs: PATIENT_MS, signal };
  const reader = s3Reader(options);
  try {
    await use({ reader, objects, requests, instead, options: { store: reader, session: options } });
  } finally {
    await connection.close();
    stop.abort();
    await server.finished;
  }
}

function answer(request: Request, objects: FakeStore["objects"]): Response {
  const { pathname, searchParams } = new URL(request.url);
  const [bucket = "", ...rest] = decodeURIComponent(pathname).slice(1).split("/");
  const key = rest.join("/");
  if (![...objects.keys()].some((one) => one.startsWith(`${bucket}/`))) return refuse(404, "NoSuchBucket");
  if (key === "") return list(bucket, searchParams, objects);
  const object = objects.get(`${bucket}/${key}`);
  if (!object) {
    return request.method === "HEAD" ? new Response(null, { status: 404 }) : refuse(404, "NoSuchKey");
  }
  const headers = { "content-length": String(object.bytes.length) };
  return new Response(request.method === "HEAD" ? null : object.bytes, { headers });
}

export function refuse(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, {
    status,
    headers: { "content-type": "application/xml" },
  });
}

/** Pages of 10, so that every table has several. */
const PAGE = 10;

function list(bucket: string, query: URLSearchParams, objects: FakeStore["objects"]): Response {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const found = new Map<string, string>();
  for (const [path, { bytes, modified }] of objects) {
    const key = path.slice(bucket.length + 1);
    if (!path.startsWith(`${bucket}/`) || !key.startsWith(prefix)) continue;
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    if (cut >= 0) {
      const common = key.slice(0, cut + 1);
      found.set(common, `<CommonPrefixes><Prefix>${escape(common)}</Prefix></CommonPrefixes>`);
    } else {
      found.set(
        key,
        `<Contents><Key>${
          escape(key)
        }</Key><LastModified>${modified}</LastModified><Size>${bytes.length}</Size></Contents>`,
      );
    }
  }
  const keys = [...found.keys()].sort().filter((key) => key > after);
  const page = keys.slice(0, PAGE);
  const more = keys.length > page.length;
  const next = more ? `<NextContinuationToken>${escape(page.at(-1) ?? "")}</NextContinuationToken>` : "";
  return new Response(
    `<?xml version="1.0"?><ListBucketResult><Name>${bucket}</Name><Prefix>${escape(prefix)}</Prefix>` +
      `<IsTruncated>${more}</IsTruncated>${next}${
        page.map((key) => found.get(key)).join("")
      }</ListBucketResult>`,
  );
}

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Puts the objects of a recorded table into the store. */
export async function put(store: FakeStore, name: TableName): Promise<RecordedTable> {
  const table = await recorded(name);
  for (const key of Object.keys(table.objects)) {
    store.objects.set(`${table.bucket}/${key}`, {
      bytes: bytesOf(table, `s3://${table.bucket}/${key}`),
      modified: WRITTEN,
    });
  }
  return table;
}

export function putBytes(
  store: FakeStore,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  modified = WRITTEN,
): void {
  const place = placeOf(path);
  if (!place) throw new Error(`${path} is not in a store`);
  store.objects.set(`${place.bucket}/${place.key}`, { bytes, modified });
}

/** References with their entries by key, `db.orders`: a metadata location of a table, or a content. */
export type Contents = Record<
  string,
  { type?: "BRANCH" | "TAG"; hash?: string; entries: Record<string, string | Content> }
>;

export function fakeCatalog(contents: Contents): Catalog {
  const content = (one: string | Content): Content =>
    typeof one === "string" ? { type: "ICEBERG_TABLE", metadataLocation: one } : one;
  const entriesOf = (at: string) => Object.entries(contents[at.replace(/@.*/, "")]?.entries ?? {});
  return {
    config: () =>
      Promise.resolve({ defaultBranch: "main", minSupportedApiVersion: 1, maxSupportedApiVersion: 2 }),
    async *references() {
      for (const [name, { type = "BRANCH", hash = "00" }] of Object.entries(contents)) {
        yield await Promise.resolve({ type, name, hash } satisfies Reference);
      }
    },
    async *entries(at) {
      for (const [key, one] of entriesOf(at)) {
        const found = content(one);
        yield await Promise.resolve(
          { key: key.split("."), type: found.type, content: found } satisfies Entry,
        );
      }
    },
    contents(at, keys) {
      const wanted = new Set(keys.map((key) => key.join(".")));
      return Promise.resolve(
        entriesOf(at).filter(([key]) => wanted.has(key)).map(([key, one]) => ({
          key: key.split("."),
          content: content(one),
        })),
      );
    },
  };
}

/** Walks that catalog over that store. */
export function walkOver(
  store: FakeStore,
  contents: Contents | Catalog,
  more: Partial<WalkOptions> = {},
): Promise<Walked> {
  return walk({
    catalog: "config" in contents && typeof contents.config === "function"
      ? contents as Catalog
      : fakeCatalog(contents as Contents),
    ...store.options,
    warehouses: ["s3://lake/"],
    now: NOW,
    signal: new AbortController().signal,
    ...more,
  });
}
