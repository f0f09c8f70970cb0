/**
 * DuckDB as an engine of Iceberg tables, in this process. It sees nothing of the disk once its extensions are loaded, and of
 * the network only the catalog and the object store, through a relay.
 */
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { ServiceConnection } from "../../../clients/kubernetes/service_connection.ts";
import type { S3Keys } from "../../../clients/s3/client.ts";
import { CannotLook, Interrupted } from "../../../engine/errors.ts";
import { quote, redact } from "../../../redact/mod.ts";
import { restPath } from "../../../untrusted/api_path.ts";
import { sqlText } from "../../../untrusted/quoting.ts";
import { cellOf } from "./duckdb_cells.ts";
import { findExtensions } from "./duckdb_extensions.ts";
import { type Engine, EngineError, type Rows } from "./engine.ts";
import { type LostAnswer, openRelay, type Relay, relayedUrl } from "./relay.ts";

type Api = typeof import("@duckdb/node-api");

export interface DuckDbEngineOptions {
  /** A Nessie. */
  catalog: ServiceConnection;
  /** Where its warehouse lies. */
  store: ServiceConnection;
  keys: S3Keys;
  region: string;
  /** Its name; default: the catalog's own default. */
  warehouse?: string;
  /** The Iceberg REST catalog below the catalog's URL; default: `/iceberg`. */
  base?: string;
  /** The directory of DuckDB's extensions; default: where `deno task duckdb:extensions` puts them. */
  extensions?: string;
  /** Longest wait for one statement. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface DuckDbEngine extends Engine {
  /** Loses one answer of the catalog or of the store on its way back: see Relay. */
  loseAnswer: Relay["loseAnswer"];
}

/** More rows than this are not read into memory. */
const MAX_ROWS = 100_000;
/** Longest wait for a statement that was interrupted, until it is left alone. */
const INTERRUPTED_MS = 2000;
const CLOSING_MS = 5000;

/** CannotLook where its extensions are not there. */
export async function openDuckDbEngine(options: DuckDbEngineOptions): Promise<DuckDbEngine> {
  const paths = await findExtensions(options.extensions);
  const api = await import("@duckdb/node-api");
  const base = options.base ?? "/iceberg";
  const references = new Map<string, string>();
  const relay = await openRelay({
    connections: [options.catalog, options.store],
    rewrite: (path) => nessiePath(path, prefixOf(options.catalog) + base, references, options.warehouse),
    timeoutMs: options.timeoutMs,
  });
  const instance = await api.DuckDBInstance.create(":memory:", SETTINGS);
  const { statement, ended } = statementsOn(api, instance, options);
  const close = once(async () => {
    await relay.close();
    // What does not end, although nothing answers it any more, is left to the end of the process.
    if (await ended()) instance.closeSync();
  });
  try {
    await prepare(instance, paths, relay, options);
  } catch (error) {
    await close();
    throw error;
  }
  const catalogs = new Map<string, Promise<string>>();
  const attach = async (reference: string): Promise<string> => {
    const segment = restPath`/${reference}`.slice(1);
    references.set(segment, reference);
    const name = `lake${references.size}`;
    const endpoint = `${relayedUrl(options.catalog)}${restPath`${base}/${reference}`}`;
    await statement(
      `ATTACH ${sqlText(options.warehouse ?? "")} AS ${name} (TYPE iceberg, ENDPOINT ${sqlText(endpoint)}, ` +
        "AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')",
    );
    return name;
  };
  return {
    name: "duckdb",
    title: "DuckDB",
    version: api.version().replace(/^v/, ""),
    words: "in this process",
    catalogAt(reference) {
      const known = catalogs.get(reference);
      if (known) return known;
      const made = attach(reference);
      catalogs.set(reference, made);
      made.catch(() => catalogs.delete(reference));
      return made;
    },
    run: statement,
    loseAnswer: (method, path): LostAnswer => relay.loseAnswer(method, path),
    close,
  };
}

/**
 * `memory_limit`: each statement that writes takes 77 MB for a row group, and several run side by side. `temp_directory`: what does
 * not fit into memory fails, instead of going to the disk.
 */
const SETTINGS = {
  threads: "2",
  memory_limit: "1GB",
  temp_directory: "",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
};

/** Loads the extensions, and locks the database in. */
async function prepare(
  instance: DuckDBInstance,
  paths: readonly string[],
  relay: Relay,
  { store, keys, region, timeoutMs }: DuckDbEngineOptions,
): Promise<void> {
  const connection = await instance.connect();
  try {
    for (const path of paths) await connection.run(`LOAD ${sqlText(path)}`);
    for (const setting of settingsOf(relay, timeoutMs)) await connection.run(setting);
    // What goes wrong here may quote the statement.
    await connection.run(secretOf(store, keys, region)).catch(() => {
      throw new CannotLook({
        kind: "malformed",
        message: "DuckDB does not take the keys of the object store",
      });
    });
    await connection.run("SET lock_configuration = true");
  } catch (error) {
    if (error instanceof CannotLook) throw error;
    const { type, message } = linkOf(error);
    throw new CannotLook({
      kind: "server-error",
      message: `DuckDB did not start: ${type}: ${quote(message, [], 300)}. Next: deno task duckdb:extensions`,
    });
  } finally {
    connection.closeSync();
  }
}

const settingsOf = (relay: Relay, timeoutMs: number): string[] => [
  `SET GLOBAL http_proxy = ${sqlText(relay.url)}`,
  `SET GLOBAL http_timeout = ${Math.max(1, Math.ceil(timeoutMs / 1000))}`,
  // What others have changed meanwhile must be seen, and what is gone must not be read.
  "SET GLOBAL enable_external_file_cache = false",
  "SET GLOBAL TimeZone = 'UTC'",
  "SET GLOBAL allow_persistent_secrets = false",
  "SET GLOBAL allowed_directories = ['s3://', 's3a://', 's3n://']",
  // CREATE TABLE AS looks whether it may write to this before it knows where the table lies, and writes nothing there.
  "SET GLOBAL allowed_paths = ['data']",
  "SET GLOBAL enable_external_access = false",
];

const secretOf = (store: ServiceConnection, keys: S3Keys, region: string): string =>
  `CREATE SECRET (TYPE s3, KEY_ID ${sqlText(keys.accessKeyId)}, SECRET ${sqlText(keys.secretAccessKey)}, ` +
  `ENDPOINT ${sqlText(relayedUrl(store).slice("http://".length))}, REGION ${sqlText(region)}, ` +
  "URL_STYLE 'path', USE_SSL false)";

const prefixOf = ({ url }: ServiceConnection): string => new URL(url).pathname.replace(/\/$/, "");

/**
 * DuckDB takes its ENDPOINT for the base of all paths, `BASE/REFERENCE/v1/PREFIX/namespaces`, and does not go on at the `uri`
 * that the configuration gives. Nessie has only its configuration below a reference, and everything else at
 * `BASE/v1/REFERENCE|WAREHOUSE/namespaces`. `references`: by what they are called in a path.
 */
export function nessiePath(
  path: string,
  base: string,
  references: ReadonlyMap<string, string>,
  warehouse?: string,
): string {
  if (!path.startsWith(`${base}/`)) return path;
  const [, segment = "", below] = /^\/([^/]+)\/v1\/[^/?]+(\/.*)$/s.exec(path.slice(base.length)) ?? [];
  const reference = references.get(segment);
  if (reference === undefined || below === undefined) return path;
  const prefix = warehouse === undefined ? reference : `${reference}|${warehouse}`;
  return restPath`${base}/v1/${prefix}` + below;
}

export interface Statements {
  statement(sql: string): Promise<Rows>;
  /** Whether all that were begun have ended, after some waiting. */
  ended(): Promise<boolean>;
}

/** Statements side by side, each on a connection of its own. */
export function statementsOn(
  api: Api,
  instance: DuckDBInstance,
  { timeoutMs, signal, keys }: Pick<DuckDbEngineOptions, "timeoutMs" | "signal" | "keys">,
): Statements {
  const running = new Set<Promise<unknown>>();
  const secrets = [keys.secretAccessKey, keys.accessKeyId];
  return {
    async statement(sql) {
      signal?.throwIfAborted();
      const connection = await instance.connect();
      const doing = rowsOf(api, connection, sql);
      const over = doing.then(() => {}, () => {}).finally(() => {
        connection.closeSync();
        running.delete(over);
      });
      running.add(over);
      return await limited(connection, doing, over, { timeoutMs, signal }).catch((error) => {
        throw failureOf(error, secrets);
      });
    },
    ended: () => settled(Promise.all(running), CLOSING_MS),
  };
}

async function rowsOf(api: Api, connection: DuckDBConnection, sql: string): Promise<Rows> {
  const read = await connection.runAndReadUntil(sql, MAX_ROWS + 1);
  if (read.currentRowCount > MAX_ROWS) {
    const message = `DuckDB gave more than ${MAX_ROWS} rows, which are not read`;
    throw new CannotLook({ kind: "malformed", message });
  }
  const types = read.columnTypes();
  return {
    columns: read.columnNames().map((name, at) => ({ name, type: String(types[at]) })),
    rows: read.getRows().map((row) => row.map((value) => cellOf(api, value))),
  };
}

/** What `doing` gives; interrupted after that time, and when the signal says so. `over`: it has ended, however. */
async function limited<T>(
  connection: DuckDBConnection,
  doing: Promise<T>,
  over: Promise<void>,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = async (why: unknown) => {
    connection.interrupt();
    await settled(over, INTERRUPTED_MS);
    stopped.reject(why);
  };
  const message = `DuckDB gave no answer within ${timeoutMs / 1000} s`;
  let why: unknown;
  const late = setTimeout(() => stop(why ??= new CannotLook({ kind: "timeout", message })), timeoutMs);
  const interrupt = () =>
    stop(why ??= signal?.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted"));
  signal?.addEventListener("abort", interrupt);
  try {
    return await Promise.race([doing, stopped.promise]);
  } catch (error) {
    // Of a statement that was interrupted DuckDB only says that it was.
    throw why ?? error;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", interrupt);
  }
}

/** Whether it has ended within that time. */
async function settled(what: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([what.then(() => true, () => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(error: unknown, secrets: readonly string[]): unknown {
  if (error instanceof CannotLook || error instanceof Interrupted) return error;
  const { type, message } = linkOf(error);
  const link = { type, message: redact(message, secrets) };
  // DuckDB has given up on the whole database: no statement will be answered any more.
  if (type !== "FATAL Error") return new EngineError("duckdb", [link]);
  return new CannotLook({
    kind: "server-error",
    message: `DuckDB has stopped working: ${quote(link.message, secrets, 300)}`,
  });
}

/** DuckDB's own word for the kind of the error stands before the first colon: `HTTP Error: ...`. */
export function linkOf(error: unknown): { type: string; message: string } {
  const text = error instanceof Error ? error.message : String(error);
  const [, type = "Error", message = text] = /^([A-Za-z][A-Za-z ]{0,60} Error): ?(.*)$/s.exec(text) ?? [];
  return { type, message: message.trim() };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => done ??= work();
}
