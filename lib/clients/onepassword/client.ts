/**
 * The API of a 1Password Connect server, as far as it is used here. Contract:
 * https://developer.1password.com/docs/connect/api-reference and github.com/1Password/connect/docs/openapi/spec.yaml
 */
import { bare } from "../route/proxies.ts";
import { restPath, sendable } from "../../untrusted/api_path.ts";
import { Interrupted, UsageError } from "../../engine/errors.ts";
import type { Failure, Reader } from "../../engine/model.ts";
import { anyText, list, num, obj, ShapeError, str, via } from "../../engine/decode.ts";
import { cannotLook } from "../network_errors.ts";
import { pause } from "../kubernetes/client.ts";
import { type ConnectCall, errorReplyFailure, noReplyFailure } from "./failures.ts";
import { fetchOnce, type Reply } from "../transport.ts";
import { trimEnd } from "../../untrusted/text.ts";
import { parseJson } from "../../untrusted/json.ts";

export interface Vault {
  /** 26 characters of base 32, as all ids of vaults and items. */
  id: string;
  name: string;
}

/** An item without its fields. */
export interface ItemSummary {
  id: string;
  title: string;
  vaultId: string;
  category: string;
  tags: string[];
  version?: number;
  /** RFC 3339. */
  updatedAt?: string;
}

export interface ItemField {
  /** Not only 26 characters: `username`, `password` and `notesPlain` are ids too. */
  id: string;
  label: string;
  value?: string;
  /** STRING, CONCEALED, URL, OTP ... */
  type?: string;
  /** USERNAME, PASSWORD or NOTES. */
  purpose?: string;
  sectionId?: string;
}

export interface Item extends ItemSummary {
  fields: ItemField[];
}

export interface NewItem {
  title: string;
  /** LOGIN, PASSWORD, API_CREDENTIAL, SERVER, DATABASE ...; Connect refuses CUSTOM. */
  category: string;
  tags?: string[];
  fields: {
    id?: string;
    label: string;
    value: string;
    type: string;
    purpose?: string;
    section?: { id: string };
  }[];
  sections?: { id: string; label?: string }[];
}

/** JSON Patch as Connect takes it; paths are `/title`, `/tags`, `/fields` (adds one), `/fields/ID`, `/fields/ID/value`. */
export interface Operation {
  op: "add" | "remove" | "replace";
  path: string;
  value?: unknown;
}

/** Every call throws CannotLook when it is refused or not answered. No message holds the token or a value that was sent. */
export interface ConnectApi {
  /** The vaults that the token opens. */
  vaults(): Promise<Vault[]>;
  /** The items of a vault; with `title`, those that are called exactly that. 1Password allows several of one title. */
  items(vaultId: string, title?: string): Promise<ItemSummary[]>;
  item(vaultId: string, itemId: string): Promise<Item>;
  create(vaultId: string, item: NewItem): Promise<Item>;
  patch(vaultId: string, itemId: string, operations: readonly Operation[]): Promise<Item>;
}

export interface ConnectApiOptions {
  /** Where Connect answers: `http://127.0.0.1:8080`. */
  url: string;
  token: string;
  /** Limit of each call, its retry after a 429 included. */
  timeoutMs: number;
  /** Ends what is under way; its reason is thrown and should be an Interrupted. */
  signal?: AbortSignal;
  /** The token may go over plain http to another machine. Default: only to this one, where a port-forward ends. */
  plainHttp?: boolean;
  /** Knows more of a connection that broke: `failure` of a Forward. */
  why?: () => Failure | undefined;
}

/** Largest answer that is read. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A client of the Connect server at `url`; asks nothing yet. UsageError when URL or token can't be used. */
export function connectApi(options: ConnectApiOptions): ConnectApi {
  const base = baseOf(options);
  if (!/^[\x21-\x7e]+$/.test(options.token)) {
    throw new UsageError(
      "the token of 1Password Connect is empty or holds characters that no token has, perhaps a line break. " +
        "Next: give it as 1Password showed it",
    );
  }
  const ask = <T>(call: ConnectCall, read: Reader<T>) => converse(base, options, call, read);
  const inVault = (vaultId: string) => restPath`/v1/vaults/${vaultId}/items`;
  return {
    vaults: () => ask({ method: "GET", path: "/v1/vaults", what: "list the vaults" }, list(VAULT)),
    async items(vaultId, title) {
      const filter = title === undefined ? undefined : titleFilter(title);
      const all = inVault(vaultId);
      const path = filter === undefined ? all : restPath`${all}?filter=${filter}`;
      const found = await ask(
        { method: "GET", path, what: `list the items of vault ${vaultId}` },
        list(SUMMARY),
      );
      return title === undefined ? found : found.filter((one) => one.title === title);
    },
    async item(vaultId, itemId) {
      const path = restPath`${inVault(vaultId)}/${itemId}`;
      return await ask({ method: "GET", path, what: `read item ${itemId} of vault ${vaultId}` }, ITEM);
    },
    async create(vaultId, item) {
      const body = { ...item, vault: { id: vaultId } };
      const what = `create an item in vault ${vaultId}`;
      return await ask({ method: "POST", path: inVault(vaultId), body, what }, ITEM);
    },
    async patch(vaultId, itemId, operations) {
      const path = restPath`${inVault(vaultId)}/${itemId}`;
      const what = `change item ${itemId} of vault ${vaultId}`;
      return await ask({ method: "PATCH", path, body: operations, what }, ITEM);
    },
  };
}

async function converse<T>(
  base: string,
  options: ConnectApiOptions,
  call: ConnectCall,
  read: Reader<T>,
): Promise<T> {
  const { timeoutMs, token, signal } = options;
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...signal ? [signal] : []]);
  const deadline = performance.now() + timeoutMs;
  const secrets = [token, ...valuesIn(call.body)];
  let reply = await sendOnce(base, options, call, limit);
  const wait = reply.status === 429 ? reply.retryAfterMs : undefined;
  if (wait !== undefined && performance.now() + wait < deadline) {
    await pause(wait, limit);
    reply = await sendOnce(base, options, call, limit);
  }
  const refused = errorReplyFailure(reply, call, secrets);
  if (refused) throw refused;
  return decode(reply.text, read, call);
}

async function sendOnce(
  base: string,
  options: ConnectApiOptions,
  call: ConnectCall,
  limit: AbortSignal,
): Promise<Reply> {
  const client = directClient(base);
  try {
    const headers: [string, string][] = [
      ["authorization", `Bearer ${options.token}`],
      ["accept", "application/json"],
      ["content-type", "application/json"],
      ["user-agent", "lakecheck"],
    ];
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const init = { method: call.method, headers, body, redirect: "manual", signal: limit, client } as const;
    const sent = await fetchOnce(base + sendable(call.path), init, MAX_BYTES);
    if (sent.ok) return sent.reply;
    const { signal } = options;
    if (signal?.aborted) {
      throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
    }
    throw noReplyFailure(sent.trouble, call, { base, timeoutMs: options.timeoutMs, why: options.why });
  } finally {
    client.close();
  }
}

/**
 * Over plain http straight to the server: fetch would hand the request, token and all, to the HTTP_PROXY of the
 * environment, even for 127.0.0.1. Over https a proxy sees nothing of it.
 */
function directClient(base: string): Deno.HttpClient {
  const { protocol, hostname, port } = new URL(base);
  if (protocol === "https:") return Deno.createHttpClient({});
  const address = bare(hostname);
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname: address, port: Number(port || 80) } });
}

function decode<T>(text: string, read: Reader<T>, { what }: ConnectCall): T {
  let problem = "is not JSON";
  try {
    const value = read(parseJson(text));
    if (value !== undefined) return value;
    problem = "is empty";
  } catch (error) {
    // The parser's words would quote the answer, which may hold secrets; a ShapeError holds paths and types only.
    if (error instanceof ShapeError) problem = `is not what its API promises: ${error.message.trim()}`;
  }
  throw cannotLook(
    "malformed",
    `could not ${what}: the answer of 1Password Connect ${problem}. Next: check that its address is right, and its ` +
      "version (1.5 or later)",
  );
}

/** Narrows a search to a title. Connect has trouble with quotes in it; undefined: all items are listed. */
function titleFilter(title: string): string | undefined {
  return /["'\\]/.test(title) ? undefined : `title eq "${title}"`;
}

function needed<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new ShapeError(path, "is missing");
  return value;
}

const VAULT = via(obj({ id: str, name: str }), ({ id, name }): Vault => ({
  id: needed(id, ".id"),
  name: needed(name, ".name"),
}));

const SUMMARY_FIELDS = {
  id: str,
  title: str,
  vault: obj({ id: str }),
  category: str,
  tags: list(str),
  version: num,
  updatedAt: str,
};

const readSummary = obj(SUMMARY_FIELDS);
type SummaryFields = NonNullable<ReturnType<typeof readSummary>>;

function summaryOf({ id, title, vault, category, tags, version, updatedAt }: SummaryFields): ItemSummary {
  return {
    id: needed(id, ".id"),
    title: title ?? "",
    vaultId: needed(vault?.id, ".vault.id"),
    category: category ?? "",
    tags: tags ?? [],
    ...(version === undefined ? {} : { version }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

const SUMMARY = via(readSummary, summaryOf);

const FIELD = via(
  obj({ id: str, label: str, value: anyText, type: str, purpose: str, section: obj({ id: str }) }),
  ({ id, label, section, ...rest }): ItemField => ({
    id: needed(id, ".id"),
    label: label ?? "",
    ...rest,
    ...(section?.id === undefined ? {} : { sectionId: section.id }),
  }),
);

const ITEM = via(obj({ ...SUMMARY_FIELDS, fields: list(FIELD) }), ({ fields, ...summary }): Item => ({
  ...summaryOf(summary),
  fields: fields ?? [],
}));

/** Every value of a field in a body: what may be secret. */
function valuesIn(body: unknown): string[] {
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([key, part]) =>
    key === "value" && typeof part === "string" ? [part] : valuesIn(part)
  );
}

function baseOf({ url: text, plainHttp = false }: ConnectApiOptions): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new UsageError(
      "the address of 1Password Connect is not an http(s) URL without user and query. Next: give one like " +
        "http://127.0.0.1:8080",
    );
  }
  if (url.protocol === "http:" && !plainHttp && !isThisMachine(url.hostname)) {
    throw new UsageError(
      `the address of 1Password Connect is ${url.origin}, where token and keys would go unencrypted. ` +
        "Next: give an https URL, or --plain-http if nobody can listen on the way",
    );
  }
  return `${url.origin}${trimEnd(url.pathname, "/")}`;
}

/** URLs spell every IPv4 address as four numbers. */
const isThisMachine = (hostname: string): boolean =>
  /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === "localhost" || hostname === "[::1]";
