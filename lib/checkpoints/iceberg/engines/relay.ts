/**
 * An HTTP proxy on this machine's loopback, for programs that can't be given a `Deno.HttpClient`: what they ask for in plain
 * HTTP goes on over a ServiceConnection, whether that is direct, given or a port-forward, and over TLS where the service has
 * it. Requests keep the name of their host, so that signatures stay right. It leads to no other host.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOnLoopback } from "../../../clients/loopback.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { ServiceConnection } from "../../../clients/kubernetes/service_connection.ts";
import { quote } from "../../../redact/mod.ts";

export interface RelayOptions {
  connections: readonly ServiceConnection[];
  /** What to ask for instead of a path with its query. */
  rewrite?: (path: string) => string;
  /** Longest wait for one answer, its body included. */
  timeoutMs: number;
}

export interface LostAnswer {
  /** Whether it was lost. */
  happened(): boolean;
  /** Loses none, if it has not yet. */
  cancel(): void;
}

export interface Relay {
  /** To be given to a client as its proxy: `http://127.0.0.1:PORT`. */
  url: string;
  /**
   * Loses one answer: the next request that fits is passed on and answered there, and then the client's connection is cut
   * before it sees a byte of it. `path` is matched with what is asked for there, query included.
   */
  loseAnswer(method: string, path: RegExp): LostAnswer;
  /** Cuts what is open. Twice does no harm. */
  close(): Promise<void>;
}

/** A body that is larger is refused: it is kept in memory, as stores want its length first. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;
/** Connections at a time; a client that has more must wait. */
const MAX_CONNECTIONS = 256;

/** What the headers of one connection say of it, and not of the message. */
const HOP = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length)$/;

/** Where clients must ask for what is behind a connection: its host over plain HTTP. */
export function relayedUrl({ url }: Pick<ServiceConnection, "url">): string {
  const { host, pathname } = new URL(url);
  return `http://${host}${pathname === "/" ? "" : pathname}`;
}

export async function openRelay(
  { connections, rewrite = (path) => path, timeoutMs }: RelayOptions,
): Promise<Relay> {
  const routes = routesOf(connections);
  const losses = new Set<Loss>();
  const closing = new AbortController();
  const relay: Passing = {
    ...{ routes, rewrite, losses },
    limit: () => AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
  };
  const server = createServer((request, response) => {
    pass(relay, request, response).catch((error) => refuse(response, 502, wordsOf(error, timeoutMs)));
  });
  server.maxConnections = MAX_CONNECTIONS;
  // TLS through a proxy: nobody is told to do that.
  server.on("connect", (_request, socket) => socket.destroy());
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    loseAnswer(method, path) {
      const loss: Loss = { method, path, happened: false };
      losses.add(loss);
      return { happened: () => loss.happened, cancel: () => void losses.delete(loss) };
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Loss {
  method: string;
  path: RegExp;
  happened: boolean;
}

interface Passing {
  routes: ReadonlyMap<string, ServiceConnection>;
  rewrite(path: string): string;
  losses: Set<Loss>;
  limit(): AbortSignal;
}

function routesOf(connections: readonly ServiceConnection[]): Map<string, ServiceConnection> {
  const routes = new Map<string, ServiceConnection>();
  for (const connection of connections) {
    const { host, protocol } = new URL(connection.url);
    const before = routes.get(host);
    if (before && new URL(before.url).protocol !== protocol) {
      const message = `${host} is asked over both http and https, and a relay leads to one of them. ` +
        "Next: give both addresses with the same scheme";
      throw new CannotLook({ kind: "unreachable", message });
    }
    routes.set(host, before ?? connection);
  }
  return routes;
}

async function pass(relay: Passing, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = URL.parse(request.url ?? "");
  const connection = asked && relay.routes.get(asked.host);
  if (!asked || !connection) {
    request.resume();
    return refuse(
      response,
      502,
      `nothing is asked through this relay at ${asked?.host ?? "an address without a host"}`,
    );
  }
  const path = relay.rewrite(asked.pathname + asked.search);
  const method = request.method ?? "GET";
  const body = await bodyOf(request);
  if (!body) return refuse(response, 413, `a body of more than ${MAX_BODY_BYTES} bytes is not passed on`);
  const left = new AbortController();
  response.once("close", () => left.abort());
  const reply = await fetch(new URL(connection.url).origin + path, {
    ...{ method, client: connection.client, redirect: "manual" },
    headers: headersOf(request),
    ...body.length > 0 || /^(?:POST|PUT|PATCH)$/.test(method) ? { body } : {},
    signal: AbortSignal.any([relay.limit(), left.signal]),
  });
  const loss = relay.losses.values().find((one) => one.method === method && one.path.test(path));
  if (loss) {
    relay.losses.delete(loss);
    await reply.arrayBuffer();
    loss.happened = true;
    response.destroy();
    return;
  }
  await answer(response, reply);
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (!HOP.test(name) && value !== undefined) headers.set(name, String(value));
  }
  // What fetch has unpacked has another length than its headers say.
  headers.set("accept-encoding", "identity");
  return headers;
}

/** Undefined for one that is too large. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes <= MAX_BODY_BYTES) parts.push(part);
    else parts.length = 0;
  }
  if (bytes > MAX_BODY_BYTES) return undefined;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function answer(response: ServerResponse, reply: Response): Promise<void> {
  const unpacked = reply.headers.has("content-encoding");
  const headers = [...reply.headers].filter(([name]) =>
    !(HOP.test(name) && name !== "content-length") &&
    !(unpacked && /^content-(?:encoding|length)$/.test(name))
  );
  response.writeHead(reply.status, headers.flat());
  try {
    for await (const part of reply.body ?? []) {
      if (!response.write(part)) await drained(response);
    }
    response.end();
  } catch {
    // Half an answer: the client must not take it for a whole one.
    response.destroy();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once("drain", resolve);
    response.once("close", () => reject(new Error("the client has gone")));
  });
}

/** As catalogs of the Iceberg REST protocol say it, so that engines pass the words on. */
function refuse(response: ServerResponse, code: number, message: string): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code, type: "RelayException", message } }));
}

function wordsOf(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `the service gave no answer within ${timeoutMs / 1000} s`;
  }
  return quote(error instanceof Error ? error.message : String(error), [], 300);
}
