// The requests that a Connect server has answered, as /v1/activity lists them: newest first, none older than its start.
import { randomUUID } from "node:crypto";
import { BadRequest } from "./items.ts";
import type { Token } from "./token.ts";

const KEPT = 1_000;
const ACTIONS: Record<string, string> = { GET: "READ", POST: "CREATE", DELETE: "DELETE" };

/** What a request was about. */
export interface Resource {
  vault?: string;
  item?: string;
  version?: number;
}

/** Everything about one request that the list tells. */
export interface Asked {
  request: Request;
  ip: string;
  token: Token;
  resource: Resource;
  denied: boolean;
}

/** A list of requests: `note` adds one, `page` answers GET /v1/activity. */
export function activityList(): { note(asked: Asked): void; page(query: URLSearchParams): Response } {
  const all: unknown[] = [];
  function note({ request, ip, token, resource, denied }: Asked): void {
    const { vault, item, version } = resource;
    all.unshift({
      requestId: randomUUID(),
      timestamp: new Date().toISOString(),
      action: ACTIONS[request.method] ?? "UPDATE",
      result: denied ? "DENY" : "SUCCESS",
      actor: {
        id: token.id,
        account: token.account,
        jti: token.jti,
        userAgent: request.headers.get("user-agent") ?? "",
        requestIp: ip,
      },
      resource: {
        type: item ? "ITEM" : "VAULT",
        vault: vault ? { id: vault } : undefined,
        item: item ? { id: item } : undefined,
        itemVersion: version,
      },
    });
    all.splice(KEPT);
  }
  function page(query: URLSearchParams): Response {
    const [limit, offset] = [number(query, "limit", 50), number(query, "offset", 0)];
    const found = all.slice(offset, offset + limit);
    const range = found.length > 0 ? `${offset + 1}-${offset + found.length}` : "0-0";
    return Response.json(found, { headers: { "content-range": `${range}/${all.length}` } });
  }
  return { note, page };
}

function number(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name) ?? String(fallback);
  if (!/^\d{1,6}$/.test(text)) throw new BadRequest(`Invalid ${name}`);
  return Number(text);
}
