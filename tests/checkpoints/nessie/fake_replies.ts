import type { CatalogReply } from "../../../lib/clients/catalog_http.ts";

export const reply = (status: number, body?: unknown): CatalogReply => ({
  status,
  headers: new Headers(),
  text: body === undefined ? "" : JSON.stringify(body, (_k, v) => typeof v === "bigint" ? Number(v) : v),
  body,
});

export const problem = (status: number, type: string, message = type): CatalogReply =>
  reply(status, { error: { message, type, code: status } });
