/**
 * The Iceberg REST catalog protocol, as Nessie serves it below `/iceberg`. Contract: the OpenAPI document of
 * github.com/apache/iceberg (open-api/rest-catalog-open-api.yaml).
 */
import { restPath } from "../untrusted/api_path.ts";
import type { Reader } from "../engine/model.ts";
import { anyText, list, map, messageText, num, obj, ShapeError, str, via } from "../engine/decode.ts";
import { type ErrorBody, errorReplyFailure, malformedReplyFailure } from "./catalog_failures.ts";
import {
  type CatalogOptions,
  type CatalogReply,
  type CatalogRequest,
  sendToCatalog,
} from "./catalog_http.ts";
import { cannotLook } from "./network_errors.ts";
import { codeOf } from "../untrusted/code.ts";

export interface IcebergOptions extends CatalogOptions {
  /** Below the way's URL; default: `/iceberg`. */
  base?: string;
  /** A reference of Nessie, perhaps with a hash or a warehouse: `main`, `main@HASH`, `main|lakehouse`. */
  prefix: string;
}

/** The levels of a namespace, outermost first. */
export type Levels = readonly string[];

export interface TableName {
  namespace: Levels;
  name: string;
}

export interface IcebergConfig {
  defaults: Record<string, string>;
  overrides: Record<string, string>;
  /** `GET /v1/{prefix}/namespaces` ...; absent: the server does not say what it serves. */
  endpoints?: string[];
}

/** What a table or a view is loaded as; `metadata` is as the server sent it, 64-bit ids as bigints. */
export interface Loaded {
  metadataLocation?: string;
  metadata: Record<string, unknown>;
  config: Record<string, string>;
}

/**
 * Every call throws CannotLook when it is not answered; rejected by the catalog itself, `errorBodyOf` of
 * ./catalog_failures.ts gives its words: `code` is the type, as NoSuchTableException.
 */
export interface IcebergRest {
  /** Any request below `/iceberg`; every status is an answer. */
  send(
    method: CatalogRequest["method"],
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<CatalogReply>;
  config(warehouse?: string): Promise<IcebergConfig>;
  /** Those directly below `parent`; default: the outermost. */
  namespaces(parent?: Levels): Promise<string[][]>;
  createNamespace(namespace: Levels, properties?: Record<string, string>): Promise<void>;
  loadNamespace(namespace: Levels): Promise<Record<string, string>>;
  dropNamespace(namespace: Levels): Promise<void>;
  tables(namespace: Levels): Promise<{ namespace: string[]; name: string }[]>;
  views(namespace: Levels): Promise<{ namespace: string[]; name: string }[]>;
  /** The body as the protocol has it: `{ name, schema, "partition-spec", properties, "stage-create" ... }`. */
  createTable(namespace: Levels, body: Record<string, unknown>): Promise<Loaded>;
  loadTable(table: TableName): Promise<Loaded>;
  /** `{ requirements, updates }` of the protocol; refused with 409 CommitFailedException when a requirement fails. */
  commitTable(table: TableName, body: Record<string, unknown>): Promise<Loaded>;
  dropTable(table: TableName, purge?: boolean): Promise<void>;
  createView(namespace: Levels, body: Record<string, unknown>): Promise<Loaded>;
  loadView(view: TableName): Promise<Loaded>;
  dropView(view: TableName): Promise<void>;
  /** `/v1/PREFIX` with what comes below it, for `send`. */
  at(path: string): string;
}

/** What changes nothing. */
export interface IcebergReads extends
  Pick<
    IcebergRest,
    "config" | "namespaces" | "loadNamespace" | "tables" | "views" | "loadTable" | "loadView"
  > {
  send(method: "GET" | "HEAD", path: string): Promise<CatalogReply>;
}

/** More pages than this are no list but a circle. */
const MAX_PAGES = 10_000;

/** A client of the Iceberg REST catalog at the way's URL; asks nothing yet. */
export function icebergRest(options: IcebergOptions): IcebergRest {
  const base = options.base ?? "/iceberg";
  const calls = callsOver(options, base);
  return {
    ...namespacesOver(calls),
    ...tablesOver(calls),
    ...viewsOver(calls),
    at: calls.at,
    send: async (method, path, body, headers) =>
      await sendToCatalog(options, {
        ...{ method, path: restPath`${base}${path}`, body, what: `${method} ${path}` },
        headers,
      }),
    config(warehouse) {
      const path = warehouse === undefined ? "/v1/config" : restPath`/v1/config?warehouse=${warehouse}`;
      return calls.ask("GET", path, "read the configuration of the Iceberg catalog", CONFIG);
    },
  };
}

function callsOver(options: IcebergOptions, base: string) {
  const ask = async <T>(
    method: CatalogRequest["method"],
    path: string,
    what: string,
    read: Reader<T>,
    body?: unknown,
  ) => await converse(options, { method, path: restPath`${base}${path}`, body, what }, read);
  const listAll = <T>(path: string, what: string, read: Reader<Listed<T>>) =>
    pages((token) => ask("GET", withToken(path, token), what, read), what);
  return { ask, listAll, at: (path: string) => restPath`/v1/${options.prefix}${path}` };
}

type Calls = ReturnType<typeof callsOver>;
const done: Reader<true> = () => true;

function namespacesOver(
  { ask, listAll, at }: Calls,
): Pick<IcebergRest, "namespaces" | "createNamespace" | "loadNamespace" | "dropNamespace"> {
  return {
    namespaces(parent) {
      const path = parent ? restPath`/namespaces?parent=${levels(parent)}` : "/namespaces";
      return listAll(at(path), "list the namespaces", NAMESPACES);
    },
    async createNamespace(namespace, properties = {}) {
      await ask("POST", at("/namespaces"), `create ${called(namespace)}`, done, { namespace, properties });
    },
    loadNamespace: async (namespace) =>
      await ask("GET", at(space(namespace)), `read ${called(namespace)}`, PROPERTIES),
    async dropNamespace(namespace) {
      await ask("DELETE", at(space(namespace)), `drop ${called(namespace)}`, done);
    },
  };
}

function tablesOver(
  { ask, listAll, at }: Calls,
): Pick<IcebergRest, "tables" | "createTable" | "loadTable" | "commitTable" | "dropTable"> {
  return {
    tables: async (namespace) =>
      await listAll(
        at(restPath`${space(namespace)}/tables`),
        `list the tables of ${called(namespace)}`,
        NAMES,
      ),
    createTable: async (namespace, body) =>
      await ask(
        "POST",
        at(restPath`${space(namespace)}/tables`),
        `create a table in ${called(namespace)}`,
        LOADED,
        body,
      ),
    loadTable: async (table) => await ask("GET", at(tablePath(table)), `load ${tableText(table)}`, LOADED),
    commitTable: async (table, body) =>
      await ask("POST", at(tablePath(table)), `commit to ${tableText(table)}`, LOADED, body),
    async dropTable(table, purge = false) {
      await ask(
        "DELETE",
        at(restPath`${tablePath(table)}?purgeRequested=${String(purge)}`),
        `drop ${tableText(table)}`,
        done,
      );
    },
  };
}

function viewsOver(
  { ask, listAll, at }: Calls,
): Pick<IcebergRest, "views" | "createView" | "loadView" | "dropView"> {
  return {
    views: async (namespace) =>
      await listAll(at(restPath`${space(namespace)}/views`), `list the views of ${called(namespace)}`, NAMES),
    createView: async (namespace, body) =>
      await ask(
        "POST",
        at(restPath`${space(namespace)}/views`),
        `create a view in ${called(namespace)}`,
        LOADED,
        body,
      ),
    loadView: async (view) =>
      await ask("GET", at(tablePath(view, "views")), `load view ${tableText(view)}`, LOADED),
    async dropView(view) {
      await ask("DELETE", at(tablePath(view, "views")), `drop view ${tableText(view)}`, done);
    },
  };
}

/** The levels of a namespace as one segment of a path: joined by the unit separator, which none may hold itself. */
function levels(namespace: Levels): string {
  if (namespace.every((level) => level !== "" && !level.includes("\u001f"))) return namespace.join("\u001f");
  const shown = JSON.stringify(namespace).slice(0, 200);
  throw cannotLook("malformed", `${shown} is not a valid name of a namespace, so no request was made for it`);
}

/** The path of a namespace below the prefix. */
export const space = (namespace: Levels): string => restPath`/namespaces/${levels(namespace)}`;
const called = (namespace: Levels) => `namespace ${namespace.join(".")}`;
/** The path of a table or view below the prefix. */
export const tablePath = ({ namespace, name }: TableName, kind: "tables" | "views" = "tables"): string =>
  restPath`${space(namespace)}/${kind}/${name}`;
const tableText = ({ namespace, name }: TableName) => [...namespace, name].join(".");

interface Listed<T> {
  items: T[];
  token?: string;
}

function withToken(path: string, token: string | undefined): string {
  if (token === undefined) return path;
  return path.includes("?") ? restPath`${path}&pageToken=${token}` : restPath`${path}?pageToken=${token}`;
}

async function pages<T>(next: (token?: string) => Promise<Listed<T>>, what: string): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let n = 0; n < MAX_PAGES; n++) {
    const page = await next(token);
    for (const item of page.items) all.push(item);
    if (page.token === undefined || page.token === "") return all;
    if (page.token === token) {
      throw cannotLook("malformed", `could not ${what}: page ${n + 1} leads back to itself`);
    }
    token = page.token;
  }
  throw cannotLook("malformed", `could not ${what}: it has more than ${MAX_PAGES} pages`);
}

/** The protocol's ErrorModel, if the body is one. */
export function icebergError(status: number, body: unknown): ErrorBody | undefined {
  try {
    const error = ERROR(body)?.error;
    if (error?.type === undefined && error?.message === undefined) return undefined;
    return { status, code: codeOf(error.type) ?? "", message: error.message ?? "", conflicts: [] };
  } catch {
    return undefined;
  }
}

const ERROR = obj({ error: obj({ message: messageText, type: str, code: num }) });

async function converse<T>(options: IcebergOptions, request: CatalogRequest, read: Reader<T>): Promise<T> {
  const reply = await sendToCatalog(options, request);
  if (reply.status < 200 || reply.status > 299) {
    throw errorReplyFailure(reply, request, options, icebergError(reply.status, reply.body));
  }
  if (reply.body === undefined && reply.text.trim() !== "") {
    throw errorReplyFailure(reply, request, options, undefined);
  }
  try {
    const value = read(reply.body);
    if (value !== undefined) return value;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw malformedReplyFailure(request, options, `is not what its API promises: ${error.message.trim()}`);
  }
  throw malformedReplyFailure(request, options, "is empty");
}

const CONFIG: Reader<IcebergConfig> = via(
  obj({ defaults: map(str), overrides: map(str), endpoints: list(str) }),
  ({ defaults, overrides, endpoints }) => {
    if (!defaults && !overrides) throw new ShapeError(".defaults", "is missing");
    return { defaults: defaults ?? {}, overrides: overrides ?? {}, ...endpoints ? { endpoints } : {} };
  },
);

const NAMESPACES: Reader<Listed<string[]>> = via(
  obj({ namespaces: list(list(str)), "next-page-token": str }),
  ({ namespaces, ...rest }) => ({ items: namespaces ?? [], token: rest["next-page-token"] }),
);

const NAMES: Reader<Listed<{ namespace: string[]; name: string }>> = via(
  obj({ identifiers: list(obj({ namespace: list(str), name: str })), "next-page-token": str }),
  ({ identifiers, ...rest }) => ({
    items: (identifiers ?? []).map(({ namespace, name }) => ({
      namespace: namespace ?? [],
      name: name ?? "",
    })),
    token: rest["next-page-token"],
  }),
);

const PROPERTIES: Reader<Record<string, string>> = via(
  obj({ properties: map(anyText) }),
  ({ properties }) => properties ?? {},
);

const anything: Reader<Record<string, unknown>> = map((value: unknown) => value);

const LOADED: Reader<Loaded> = via(
  obj({ "metadata-location": str, metadata: anything, config: map(str) }),
  (got) => {
    if (!got.metadata) throw new ShapeError(".metadata", "is missing");
    return { metadataLocation: got["metadata-location"], metadata: got.metadata, config: got.config ?? {} };
  },
);
