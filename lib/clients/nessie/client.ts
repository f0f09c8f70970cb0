/**
 * Nessie's API v2, as far as it is used here. Contract: the OpenAPI document of github.com/projectnessie/nessie
 * (api/model, HttpTreeApi and HttpConfigApi of v2).
 */
import { restPath } from "../../untrusted/api_path.ts";
import type { Reader } from "../../engine/model.ts";
import { ShapeError } from "../../engine/decode.ts";
import { errorBodyOf, errorReplyFailure, malformedReplyFailure } from "../catalog_failures.ts";
import {
  type CatalogOptions,
  type CatalogReply,
  type CatalogRequest,
  sendToCatalog,
} from "../catalog_http.ts";
import { cannotLook } from "../network_errors.ts";
import {
  COMMITTED,
  CONFIG,
  CONTENTS,
  DIFF,
  ENTRIES,
  LOG,
  MERGED,
  nessieError,
  REFERENCES,
  SINGLE,
} from "./readers.ts";
import type {
  Commit,
  Committed,
  Content,
  Difference,
  Entry,
  Key,
  Merged,
  MergeRequest,
  NessieConfig,
  Operation,
  OwnReference,
  Page,
  Reference,
} from "./types.ts";
import { trimEnd } from "../../untrusted/text.ts";

export type NessieOptions = CatalogOptions;

export interface PageOptions {
  /** Asked of the server, which may give fewer or more on a page; default: as many as it likes. */
  pageSize?: number;
  /** A filter in CEL: `entry.contentType == 'ICEBERG_TABLE'`, `ref.name.startsWith('x')`. */
  filter?: string;
}

export interface EntryOptions extends PageOptions {
  /** With what each entry points to. */
  content?: boolean;
  /** Only what is below this namespace, itself included. */
  below?: Key;
}

/**
 * `at` names a commit: `main`, `main@HASH`, `@HASH`, `main~2`, `main*2026-11-21T08:00:00Z`, or `-` for the default
 * branch. Every call throws CannotLook when it is not answered; rejected by Nessie itself, `errorBodyOf` gives its words.
 *
 * Lists come page by page, as they are taken. They show one commit from the first page to the last, whatever is
 * committed meanwhile. Nobody need take them to their end.
 */
export interface NessieApi {
  config(): Promise<NessieConfig>;
  references(options?: PageOptions): AsyncGenerator<Reference, void, void>;
  reference(name: string): Promise<Reference>;
  entries(at: string, options?: EntryOptions): AsyncGenerator<Entry, void, void>;
  /** What these keys have there; a key without content is not among them. */
  contents(at: string, keys: readonly Key[]): Promise<{ key: string[]; content: Content }[]>;
  /** Commits, newest first; with `operations`, what each of them changed. */
  history(at: string, options?: PageOptions & { operations?: boolean }): AsyncGenerator<Commit, void, void>;
  diff(from: string, to: string, options?: PageOptions): AsyncGenerator<Difference, void, void>;
  /** A new branch or tag, at this commit of that reference. */
  create(type: "BRANCH" | "TAG", name: string, from: Reference): Promise<Reference>;
  /** Commits what was true at `hash`; refused with conflicts when one of the keys was changed since. */
  commit(branch: string, hash: string, message: string, operations: readonly Operation[]): Promise<Committed>;
  merge(branch: string, hash: string, request: MergeRequest): Promise<Merged>;
  /** Deletes it. Refused when the reference is no longer at this hash. */
  remove(reference: OwnReference): Promise<void>;
  /** One page as the server gives it, for whoever tries the paging itself. */
  page(list: "references", options?: PageOptions & { token?: string }): Promise<Page<Reference>>;
  page(list: "entries", options: EntryOptions & { at: string; token?: string }): Promise<Page<Entry>>;
  /** The release of the server, from the API document that it serves; undefined when it serves none. */
  serverVersion(): Promise<string | undefined>;
  /** Any request below `/api/v2` that deletes nothing; every status is an answer. */
  raw(
    method: Exclude<CatalogRequest["method"], "DELETE">,
    path: string,
    body?: unknown,
  ): Promise<CatalogReply>;
}

/** More pages than this are no list but a circle. */
const MAX_PAGES = 100_000;

/** A client of the Nessie at the way's URL; asks nothing yet. */
export function nessieApi(options: NessieOptions): NessieApi {
  const calls = callsOver(options);
  return {
    ...readsOver(calls),
    ...writesOver(calls),
    async serverVersion() {
      const what = "read the server's API document";
      const reply = await sendToCatalog(options, {
        method: "GET",
        path: API_DOCUMENT,
        what,
        headers: { accept: "*/*" },
      });
      return reply.status === 200 ? documentVersion(reply.text) : undefined;
    },
    raw: async (method, path, body) =>
      await sendToCatalog(options, {
        ...{ method, path: restPath`${BASE}${path}`, body, what: `ask for ${path}` },
        headers: CLIENT_SPEC,
      }),
  };
}

/** Requests below `/api/v2`, each with what it is for. */
function callsOver(options: NessieOptions) {
  const ask = <T>(request: CatalogRequest, read: Reader<T>) => converse(options, request, read);
  return {
    ask,
    get: async <T>(path: string, what: string, read: Reader<T>) =>
      await ask({ method: "GET", path: restPath`${BASE}${path}`, what }, read),
    post: async <T>(path: string, body: unknown, what: string, read: Reader<T>) =>
      await ask({ method: "POST", path: restPath`${BASE}${path}`, body, what }, read),
  };
}

type Calls = ReturnType<typeof callsOver>;
type Writes = "create" | "commit" | "merge" | "remove";

function readsOver({ get, post }: Calls): Omit<NessieApi, Writes | "serverVersion" | "raw"> {
  const references = (o: PageOptions & { token?: string } = {}) =>
    get(withQuery("/trees", paging(o)), "list the references", REFERENCES);
  const entries = async ({ at, content, below, ...o }: EntryOptions & { at: string; token?: string }) => {
    const more = { content: content ? "true" : undefined, "prefix-key": below && keyPath(below) };
    return await get(
      withQuery(restPath`${tree(at)}/entries`, { ...paging(o), ...more }),
      `list the entries of ${at}`,
      ENTRIES,
    );
  };
  function page(list: "references", o?: PageOptions & { token?: string }): Promise<Page<Reference>>;
  function page(list: "entries", o: EntryOptions & { at: string; token?: string }): Promise<Page<Entry>>;
  function page(list: "references" | "entries", o?: EntryOptions & { at?: string; token?: string }) {
    return list === "references" ? references(o) : entries({ at: "-", ...o });
  }
  return {
    config: () => get("/config", "read the configuration of Nessie", CONFIG),
    references: (o) => walk("references", (token) => references({ ...o, token })),
    reference: async (name) => await get(tree(name), `read reference ${name}`, SINGLE),
    entries(at, o) {
      let pinned = at;
      return walk(`entries of ${at}`, async (token) => {
        const got = await entries({ ...o, at: pinned, token });
        pinned = exact(got.effective) ?? pinned;
        return got;
      });
    },
    async contents(at, keys) {
      const requestedKeys = keys.map((elements) => ({ elements }));
      const got = await post(
        restPath`${tree(at)}/contents`,
        { requestedKeys },
        `read contents of ${at}`,
        CONTENTS,
      );
      return got.contents;
    },
    history(at, { operations, ...o } = {}) {
      const fetch = operations ? "ALL" : undefined;
      return walk(`commits of ${at}`, (token) => {
        const path = withQuery(restPath`${tree(at)}/history`, { ...paging({ ...o, token }), fetch });
        return get(path, `read the history of ${at}`, LOG);
      });
    },
    diff(from, to, o) {
      let [left, right] = [from, to];
      return walk(`differences of ${from} and ${to}`, async (token) => {
        const path = withQuery(restPath`${tree(left)}/diff/${right}`, paging({ ...o, token }));
        const got = await get(path, `compare ${from} with ${to}`, DIFF);
        left = exact(got.effective) ?? left;
        right = exact(got.effectiveTo) ?? right;
        return got;
      });
    },
    page,
  };
}

function writesOver({ ask, post }: Calls): Pick<NessieApi, Writes> {
  return {
    async create(type, name, from) {
      return await post(
        withQuery("/trees", { name, type }),
        from,
        `create ${type.toLowerCase()} ${name}`,
        SINGLE,
      );
    },
    async commit(branch, hash, message, operations) {
      const body = {
        commitMeta: { message },
        operations: operations.map((one) => ({ ...one, key: { elements: one.key } })),
      };
      const path = restPath`${tree(`${branch}@${hash}`)}/history/commit`;
      return await post(path, body, `commit to branch ${branch}`, COMMITTED);
    },
    async merge(branch, hash, { dryRun, returnConflictAsResult, ...request }) {
      const path = restPath`${tree(`${branch}@${hash}`)}/history/merge`;
      // The API document leaves the "is" away; the server ignores these names then.
      const body = { ...request, isDryRun: dryRun, isReturnConflictAsResult: returnConflictAsResult };
      return await post(path, body, `merge ${request.fromRefName} into ${branch}`, MERGED);
    },
    async remove({ type, name, hash }) {
      const path = withQuery(restPath`${BASE}${tree(`${name}@${hash}`)}`, { type });
      await ask({ method: "DELETE", path, what: `delete ${type.toLowerCase()} ${name}` }, SINGLE);
    },
  };
}

const BASE = "/api/v2";

/** Without it Nessie leaves the conflicts out of its errors: it can't know that they would be understood. */
const CLIENT_SPEC = { "nessie-client-spec": "2" };

/** Carries the version of the release it came with. */
const API_DOCUMENT = "/nessie-openapi/openapi.yaml";

function documentVersion(text: string): string | undefined {
  const info = /^info:\n((?:[ \t].*\n|\n)*)/m.exec(text)?.[1] ?? "";
  return /^ {2}version: *["']?(\d+\.\d+\.\d+[^\s"']*)/m.exec(info)?.[1];
}

/** The root of a server from any of its addresses: with `/api/v2`, `/iceberg`, `/iceberg/v1/config` or without. */
export function catalogRoot(url: string): string {
  return trimEnd(url, "/").replace(
    /\/(?:api(?:\/v\d+(?:\/config|\/trees)?)?|iceberg(?:\/v1(?:\/config)?)?)$/,
    "",
  );
}

/** The text of a key in a URL: parts are joined by dots, and a dot inside of one is the group separator. */
export function keyPath(key: Key): string {
  return key.map((part) => part.replaceAll(/[.\0]/g, "\u001d")).join(".");
}

const tree = (at: string) => restPath`/trees/${at}`;

function paging({ pageSize, filter, token }: PageOptions & { token?: string }) {
  return { "max-records": pageSize?.toString(), filter, "page-token": token };
}

function withQuery(path: string, fields: Record<string, string | undefined>): string {
  return Object.entries(fields).reduce((made, [name, value]) => {
    if (value === undefined) return made;
    return made.includes("?") ? restPath`${made}&${name}=${value}` : restPath`${made}?${name}=${value}`;
  }, path);
}

function exact(reference: Reference | undefined): string | undefined {
  if (!reference) return undefined;
  return reference.type === "DETACHED" ? `@${reference.hash}` : `${reference.name}@${reference.hash}`;
}

/** Takes the pages one after the other. CannotLook when they run in a circle, or what they show goes away under way. */
async function* walk<T>(
  what: string,
  next: (token: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, void> {
  let token: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await nextPage(what, next, token, pages);
    yield* page.items;
    if (!page.hasMore) return;
    if (page.token === undefined || page.token === token) {
      throw cannotLook(
        "malformed",
        `page ${pages + 1} of the ${what} says that more follows, but ${
          page.token === undefined ? "not where" : "leads back to itself"
        }. Next: look for a proxy in between that caches or changes answers`,
      );
    }
    token = page.token;
  }
  throw cannotLook(
    "malformed",
    `the ${what} have more than ${MAX_PAGES} pages, so they were not read to their end`,
  );
}

async function nextPage<T>(
  what: string,
  next: (token: string | undefined) => Promise<Page<T>>,
  token: string | undefined,
  pages: number,
): Promise<Page<T>> {
  try {
    return await next(token);
  } catch (error) {
    const said = pages > 0 ? errorBodyOf(error) : undefined;
    if (said && (said.status === 404 || said.status === 400)) {
      throw cannotLook(
        "server-error",
        `the ${what} changed while they were read: page ${pages + 1} is gone (${said.status} ${said.code}: ` +
          `${said.message}). Next: run it again`,
      );
    }
    throw error;
  }
}

async function converse<T>(options: NessieOptions, request: CatalogRequest, read: Reader<T>): Promise<T> {
  const reply = await sendToCatalog(options, { ...request, headers: CLIENT_SPEC });
  if (reply.status < 200 || reply.status > 299) {
    throw errorReplyFailure(reply, request, options, nessieError(reply.status, reply.body));
  }
  try {
    const value = read(reply.body);
    if (value !== undefined) return value;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw malformedReplyFailure(request, options, `is not what its API promises: ${error.message.trim()}`);
  }
  if (reply.status !== 204 && reply.text.trim() !== "") {
    throw errorReplyFailure(reply, request, options, undefined);
  }
  throw malformedReplyFailure(request, options, "is empty");
}

export type * from "./types.ts";
export { type Conflict, type ErrorBody, errorBodyOf } from "../catalog_failures.ts";
