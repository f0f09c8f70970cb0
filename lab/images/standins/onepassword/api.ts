// STAND-IN for 1Password's connect-api, which is proprietary: a small server that speaks its published HTTP API, all of it
// but the content of files. https://developer.1password.com/docs/connect/api-reference and docs/1password.md.
import { readFileSync } from "node:fs";
import { activityList, type Resource } from "./activity.ts";
import {
  type Cloud,
  CloudError,
  CREDENTIALS_FILE,
  type Item,
  type Link,
  linkTo,
  log,
  STATE_FILE,
  type SyncState,
  type Trouble,
  type Vault,
} from "./cloud.ts";
import { BadRequest, filtered, incoming, itemView, patched, vaultView } from "./items.ts";
import { parseToken, refusal, type Token } from "./token.ts";

const VERSION = "1.7.3";
const ID = /^[a-z0-9]{26}$/;

/** What the API stands on; tests give their own. */
export interface Parts {
  /** The way to the cloud. */
  link(): Link;
  sync(): SyncState;
  /** How long a request waits for the first sync, in milliseconds. */
  syncTimeoutMs: number;
}

/** Answers one request; `ip` is the caller's, for the list of activity. Never throws. */
export type Handler = (request: Request, ip?: string) => Promise<Response>;

/** What is known of a request on the way to its answer. */
interface Call {
  request: Request;
  url: URL;
  token: Token;
  cloud: Cloud;
  /** What it was about, for the list of activity. */
  resource: Resource;
  save(): Promise<void>;
}

function failure(status: number, message: string, headers?: Record<string, string>): Response {
  return Response.json({ status, message }, { status, headers });
}

function health(state: SyncState, asked: boolean): Response {
  const synced = asked && state === "ACTIVE";
  const ask = "Make a request with a valid bearer token to initialize";
  const missing = "Account data is not available because synchronization has not yet started";
  return Response.json({
    name: "1Password Connect API",
    version: VERSION,
    dependencies: [
      { service: "sqlite", status: "ACTIVE", message: "Connected to /home/opuser/.op/data/1password.sqlite" },
      synced
        ? { service: "account_data", status: "AVAILABLE", message: "Account data is available" }
        : { service: "account_data", status: "NOT_SYNCED", message: missing },
      { service: "sync", status: "ACTIVE" },
      synced
        ? { service: "1Password", status: "ACTIVE" }
        : { service: "1Password", status: "UNINITIALIZED", message: ask },
    ],
  });
}

/** The answer that goes wrong. A cut one promises more than it sends. */
function troubled({ status = 200, message, headers, cut }: Trouble): Response {
  if (!cut) {
    const usual = status === 429 ? { "retry-after": "60" } : undefined;
    const words = status === 429 ? "Too Many Requests" : "Something went wrong";
    return failure(status, message ?? words, headers ?? usual);
  }
  const body = new Blob(["[{"]).stream();
  return new Response(body, {
    status,
    headers: { "content-type": "application/json", "content-length": "1000", ...headers },
  });
}

async function single(call: Call, vault: Vault, item: Item, rest: string[]): Promise<Response> {
  const { request } = call;
  call.resource.version = item.version;
  if (rest.length > 0) {
    if (rest[0] !== "files" || request.method !== "GET") return failure(404, "Not found");
    return rest[1] === undefined ? Response.json([]) : failure(404, `file ${rest[1]} not found`);
  }
  const index = vault.items.indexOf(item);
  if (request.method === "GET") return Response.json(itemView(item, vault, true));
  if (request.method === "DELETE") {
    vault.items.splice(index, 1);
    await call.save();
    return new Response(null, { status: 204 });
  }
  if (request.method !== "PUT" && request.method !== "PATCH") return failure(405, "Method Not Allowed");
  const body = await request.json();
  const made = request.method === "PUT" ? incoming(body, vault, item) : patched(item, body);
  vault.items[index] = made;
  if (made !== item) await call.save();
  return Response.json(itemView(made, vault, true));
}

async function items(call: Call, vault: Vault, rest: string[]): Promise<Response> {
  const { request, url, token, resource } = call;
  const [id, ...more] = rest;
  if (request.method !== "GET" && token.grants.get(vault.id) !== true) {
    return failure(403, "Authorization: token does not have write access to vault");
  }
  if (id !== undefined) {
    if (!ID.test(id)) return failure(400, "Invalid Item UUID");
    resource.item = id;
    const item = vault.items.find((one) => one.id === id);
    return item ? await single(call, vault, item, more) : failure(404, `item ${id} not found`);
  }
  if (request.method === "POST") {
    const made = incoming(await request.json(), vault);
    Object.assign(resource, { item: made.id, version: made.version });
    vault.items.push(made);
    await call.save();
    return Response.json(itemView(made, vault, true));
  }
  if (request.method !== "GET") return failure(405, "Method Not Allowed");
  const found = filtered(vault.items, url.searchParams.get("filter"), {
    title: (one) => [one.title],
    tag: (one) => one.tags ?? [],
  });
  return Response.json(found.map((one) => itemView(one, vault, false)));
}

async function vaults(call: Call, rest: string[]): Promise<Response> {
  const { request, url, token, cloud, resource } = call;
  const [id, collection, ...more] = rest;
  if (collection === undefined && request.method !== "GET") return failure(405, "Method Not Allowed");
  if (id === undefined) {
    const open = cloud.vaults.filter((vault) => token.grants.has(vault.id));
    const name = (one: Vault) => [one.name];
    const found = filtered(open, url.searchParams.get("filter"), { name, title: name });
    return Response.json(found.map(vaultView));
  }
  if (!ID.test(id)) return failure(400, "Invalid Vault UUID");
  resource.vault = id;
  const vault = cloud.vaults.find((one) => one.id === id);
  if (!vault) return failure(404, `vault ${id} not found`);
  if (!token.grants.has(id)) return failure(403, "Authorization: token does not have access to vault");
  if (collection === undefined) return Response.json(vaultView(vault));
  return collection === "items" ? await items(call, vault, more) : failure(404, "Not found");
}

/** Waits for the first sync. Gives why nothing can be answered; undefined once the vaults are at hand. */
async function unsynced({ sync, syncTimeoutMs }: Parts): Promise<Response | undefined> {
  for (const end = Date.now() + syncTimeoutMs; sync() === "WAITING";) {
    if (Date.now() >= end) {
      return failure(408, "sync did not complete within timeout, please retry the request");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (sync() === "ACTIVE") return undefined;
  return failure(500, "failed to initiate, review the sync container's logs for details");
}

/** Reads the cloud as it is now or, for those who only read, as it was when it was last reached: Connect has a copy too. */
function withCopy(link: () => Link): (writing: boolean) => Promise<Cloud> {
  let copy: Cloud | undefined;
  return async (writing) => {
    try {
      copy = await link().read();
    } catch (error) {
      if (writing || !copy || !(error instanceof CloudError)) throw error;
      log(2, `serving the last copy: ${error.message}`);
    }
    return structuredClone(copy);
  };
}

function errorAnswer(error: unknown, what: string): Response {
  if (error instanceof BadRequest) return failure(400, error.message);
  if (error instanceof SyntaxError) return failure(400, "Invalid request body");
  log(1, `${what}: ${error instanceof Error ? error.message : error}`);
  return failure(500, "Something went wrong");
}

/** Answers below /v1, and tells by the way that somebody with a good token has asked. */
function versionOne(parts: Parts, onToken: () => void) {
  const activity = activityList();
  const read = withCopy(parts.link);
  return async (request: Request, url: URL, [room, ...rest]: string[], ip: string): Promise<Response> => {
    const token = parseToken(request.headers.get("authorization"));
    if (!token) return failure(401, "Invalid bearer token");
    const waiting = await unsynced(parts);
    if (waiting) return waiting;
    const cloud = await read(request.method !== "GET");
    const { trouble } = cloud;
    if (trouble?.delayMs) await new Promise((resolve) => setTimeout(resolve, trouble.delayMs));
    if (trouble?.status || trouble?.cut) return troubled(trouble);
    const refused = refusal(token, cloud.tokenKey);
    if (refused) return failure(401, refused);
    onToken();
    if (room === "activity") return activity.page(url.searchParams);
    if (room !== "vaults") return failure(404, "Not found");
    const resource: Resource = {};
    const save = () => parts.link().write(cloud);
    const response = await vaults({ request, url, token, cloud, resource, save }, rest);
    const denied = response.status === 403;
    if (response.ok || denied) activity.note({ request, ip, token, resource, denied });
    return response;
  };
}

/** The API's handler. */
export function connectApi(parts: Parts): Handler {
  let asked = false;
  let writes: Promise<unknown> = Promise.resolve();
  const v1 = versionOne(parts, () => asked = true);
  async function answer(request: Request, ip: string): Promise<Response> {
    const url = new URL(request.url);
    const [room, ...rest] = url.pathname.split("/").filter((part) => part !== "");
    if (room === "heartbeat") return new Response(".");
    if (room === "health") return health(parts.sync(), asked);
    if (room === "metrics") return new Response("# HELP go_info Information.\n");
    if (room !== "v1") return failure(404, "Not found");
    if (request.method === "GET") return await v1(request, url, rest, ip);
    // The file is written whole: one change after the other.
    const turn = writes.then(() => v1(request, url, rest, ip));
    writes = turn.catch(() => {});
    return await turn;
  }
  return async (request, ip = "") => {
    const { pathname } = new URL(request.url);
    const what = `${request.method} ${pathname}`;
    const response = await answer(request, ip).catch((error) => errorAnswer(error, what));
    if (pathname.startsWith("/v1/")) log(3, `${what} completed (${response.status})`);
    response.headers.set("1Password-Connect-Version", VERSION);
    return response;
  };
}

function syncState(): SyncState {
  try {
    return JSON.parse(readFileSync(STATE_FILE, "utf8"));
  } catch {
    return "WAITING"; // connect-sync has not said anything yet.
  }
}

if (import.meta.main) {
  const handler = connectApi({
    link: () => linkTo(readFileSync(CREDENTIALS_FILE, "utf8")),
    sync: syncState,
    syncTimeoutMs: 10_000,
  });
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  const port = Number(Deno.env.get("OP_HTTP_PORT") ?? 8080);
  Deno.serve(
    { port, onListen: () => {} },
    (request, { remoteAddr }) => handler(request, remoteAddr.hostname),
  );
  log(3, `starting 1Password Connect API, version ${VERSION} (build 010703, the lab's stand-in)`);
}
