// STAND-IN for 1Password's connect-api, which is proprietary: a small server that speaks its published HTTP API.
// https://developer.1password.com/docs/connect/api-reference lists what is here but /v1/activity and files.
import { readFileSync } from "node:fs";
import { type Cloud, log, newId, readCloud, STATE_FILE, writeCloud } from "./cloud.ts";
import type { Item, Vault } from "./cloud.ts";
import { type Grants, readToken } from "./token.ts";

let asked = false;

function failure(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ status, message }, { status, headers });
}

function syncAccepted(): boolean {
  try {
    return JSON.parse(readFileSync(STATE_FILE, "utf8")).ok === true;
  } catch {
    return false;
  }
}

function vaultView(vault: Vault): unknown {
  return {
    id: vault.id,
    name: vault.name,
    attributeVersion: 1,
    contentVersion: 1,
    items: vault.items.length,
    type: "USER_CREATED",
  };
}

function itemView(item: Item, vault: Vault, full: boolean): unknown {
  const { fields, ...rest } = item;
  return { ...rest, vault: { id: vault.id, name: vault.name }, ...(full ? { fields } : {}) };
}

/** Applies a SCIM filter such as `title eq "x"`. Undefined: the filter can't be read. */
function filtered<T>(
  all: T[],
  filter: string | null,
  names: Record<string, (one: T) => string[]>,
): T[] | undefined {
  if (filter === null || filter === "") return all;
  const parts = /^(\w+) eq "((?:[^"\\]|\\.)*)"$/.exec(filter.trim());
  const values = names[parts?.[1] ?? ""];
  if (!parts || !values) return undefined;
  const wanted: unknown = JSON.parse(`"${parts[2]}"`);
  return all.filter((one) => values(one).some((value) => value === wanted));
}

function health(): Response {
  return Response.json({
    name: "1Password Connect API",
    version: "1.7.3",
    dependencies: [
      { service: "sync", status: asked ? "ACTIVE" : "TOKEN_NEEDED" },
      { service: "sqlite", status: "ACTIVE", message: "Connected to /home/opuser/.op/data/1password.sqlite" },
    ],
  });
}

/** A body as an item: what the caller may set, with ids where it gave none. */
function incoming(body: Partial<Item>, old?: Item): Item {
  const now = new Date().toISOString();
  return {
    ...old,
    ...body,
    id: old?.id ?? newId(),
    title: body.title ?? old?.title ?? "",
    category: body.category ?? old?.category ?? "LOGIN",
    version: (old?.version ?? 0) + 1,
    fields: (body.fields ?? old?.fields ?? []).map((field) => ({ ...field, id: field.id || newId() })),
    createdAt: old?.createdAt ?? now,
    updatedAt: now,
  };
}

/** JSON Patch on one item, as Connect takes it: /title, /tags, /fields, /fields/ID, /fields/ID/value and the like. */
function patched(item: Item, operations: { op: string; path: string; value?: unknown }[]): Item {
  const copy: Item = structuredClone(item);
  for (const { op, path, value } of operations) {
    const [, first, id, attribute] = path.split("/");
    if (first !== "fields") Reflect.set(copy, first ?? "", value);
    else if (!id || id === "-") copy.fields.push({ id: newId(), ...Object(value) });
    else if (op === "remove" && !attribute) copy.fields = copy.fields.filter((one) => one.id !== id);
    else {
      const field = copy.fields.find((one) => one.id === id);
      if (field && attribute) Reflect.set(field, attribute, op === "remove" ? undefined : value);
      else if (field) Object.assign(field, Object(value));
    }
  }
  return incoming(copy, item);
}

async function items(
  request: Request,
  cloud: Cloud,
  vault: Vault,
  id: string | undefined,
  writable: boolean,
): Promise<Response> {
  const url = new URL(request.url);
  const method = request.method;
  if (method !== "GET" && !writable) {
    return failure(403, "Authorization: token does not have write access to this vault");
  }
  const index = vault.items.findIndex((item) => item.id === id);
  const item = vault.items[index];
  if (id === undefined) {
    if (method === "POST") {
      const made = incoming(await request.json());
      vault.items.push(made);
      writeCloud(cloud);
      return Response.json(itemView(made, vault, true));
    }
    const found = filtered(vault.items, url.searchParams.get("filter"), {
      title: (one) => [one.title],
      tag: (one) => one.tags ?? [],
    });
    if (!found) return failure(400, "Invalid filter");
    return Response.json(found.map((one) => itemView(one, vault, false)));
  }
  if (!item) return failure(404, "Item not found");
  if (method === "GET") return Response.json(itemView(item, vault, true));
  if (method === "DELETE") {
    vault.items.splice(index, 1);
    writeCloud(cloud);
    return new Response(null, { status: 204 });
  }
  if (method !== "PUT" && method !== "PATCH") return failure(405, "Method not allowed");
  const body = await request.json();
  const made = method === "PUT" ? incoming(body, item) : patched(item, body);
  vault.items[index] = made;
  writeCloud(cloud);
  return Response.json(itemView(made, vault, true));
}

async function vaults(request: Request, cloud: Cloud, grants: Grants, rest: string[]): Promise<Response> {
  const [vaultId, collection, itemId] = rest;
  const open = cloud.vaults.filter((vault) => grants.has(vault.id));
  if (vaultId === undefined) {
    const found = filtered(open, new URL(request.url).searchParams.get("filter"), {
      name: (one) => [one.name],
      title: (one) => [one.name],
    });
    return found ? Response.json(found.map(vaultView)) : failure(400, "Invalid filter");
  }
  if (!/^[a-z0-9]{26}$/.test(vaultId)) return failure(400, "Invalid Vault UUID");
  const vault = cloud.vaults.find((one) => one.id === vaultId);
  if (!vault) return failure(404, "Vault not found");
  if (!grants.has(vaultId)) return failure(403, "Authorization: token does not have access to this vault");
  if (collection === undefined) return Response.json(vaultView(vault));
  if (collection !== "items") return failure(404, "Not found");
  if (itemId !== undefined && !/^[a-z0-9]{26}$/.test(itemId)) return failure(400, "Invalid Item UUID");
  return await items(request, cloud, vault, itemId, grants.get(vaultId) === true);
}

async function answer(request: Request): Promise<Response> {
  const [version, room, ...rest] = new URL(request.url).pathname.split("/").filter((part) => part !== "");
  if (version === "heartbeat") return new Response(".");
  if (version === "health") return health();
  if (version === "metrics") return new Response("# HELP go_info Information.\n");
  if (version !== "v1" || room !== "vaults") return failure(404, "Not found");
  if (!syncAccepted()) {
    return failure(500, "failed to initiate, review the sync container's logs for details");
  }
  const cloud = readCloud();
  const { trouble } = cloud;
  if (trouble?.delayMs) await new Promise((resolve) => setTimeout(resolve, trouble.delayMs));
  if (trouble?.status) {
    return failure(trouble.status, trouble.message ?? "Internal server error", trouble.headers);
  }
  const grants = readToken(request.headers.get("authorization"), cloud.tokenKey);
  if (typeof grants === "string") return failure(401, grants);
  asked = true;
  return await vaults(request, cloud, grants, rest);
}

Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
Deno.serve({ port: Number(Deno.env.get("OP_HTTP_PORT") ?? 8080), onListen: () => {} }, async (request) => {
  const path = new URL(request.url).pathname;
  let response: Response;
  try {
    response = await answer(request);
  } catch (error) {
    const malformed = error instanceof SyntaxError;
    response = failure(malformed ? 400 : 500, malformed ? "Invalid request body" : "Internal server error");
    log(1, `${request.method} ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (path.startsWith("/v1/")) log(3, `${request.method} ${path} completed (${response.status})`);
  return response;
});
log(3, "starting 1Password Connect API, version 1.7.3 (build 010703, the lab's stand-in)");
