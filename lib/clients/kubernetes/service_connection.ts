/**
 * A connection to a Service from wherever this runs: straight to its address where that answers (in the cluster, on a node,
 * over a VPN), else a port-forward through the API server. Either way requests are made for the name that the Service
 * has in the cluster, so that signatures, certificates and virtual-hosted buckets are those its clients see.
 */
import { bare } from "../route/proxies.ts";
import type { Socket } from "node:net";
import { listenOnLoopback } from "../loopback.ts";
import { kubePath } from "../../untrusted/api_path.ts";
import { CannotLook, UsageError } from "../../engine/errors.ts";
import type { Connection, Failure } from "../../engine/model.ts";
import { connectWriter, type WriterOptions } from "./writer.ts";
import { forward } from "./port_forward.ts";
import { trimEnd } from "../../untrusted/text.ts";

export interface ServiceConnection {
  /** `http://HOST[:PORT]`, without a slash at the end: the origin that requests are made for. */
  url: string;
  /** Give it to `fetch`; it connects there, whatever the name in the URL resolves to. */
  client: Deno.HttpClient;
  how: "given" | "direct" | "port-forward";
  /** For people: `through a port-forward to Pod rook-ceph/rgw-a`. */
  words: string;
  /** Why the last connection through a port-forward failed, if it did. */
  failure(): Failure | undefined;
  close(): Promise<void>;
}

/** A Service and one of the Ready pods behind it; none where it leads to addresses that no pod has. */
export interface Destination {
  namespace: string;
  service: string;
  scheme: "http" | "https";
  port: number;
  pod?: { name: string; port: number };
}

export interface ServiceConnectionOptions extends WriterOptions {
  /** Of the PEM certificates that sign the Service's own; default: those of the system. */
  ca?: string;
  /**
   * Whether what answers at the Service's own address is the service; without it that address is not tried. Outside of
   * the cluster the address may be somebody else's, or a proxy's that takes every connection.
   */
  recognise?: (connection: ServiceConnection) => Promise<boolean>;
  /** Longest wait for a connection to that address; default 300: enough in a cluster, and short where packets are dropped. */
  directMs?: number;
}

const DIRECT_MS = 300;

/** A URL that somebody gave. UsageError when it is none; whether anybody answers shows with the first request. */
export function givenConnection(flag: string, text: string, ca?: string): ServiceConnection {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new UsageError(
      `${flag} must be an http or https URL without a user or a query, like http://s3.example.com:8080.`,
    );
  }
  const origin = `${url.origin}${trimEnd(url.pathname, "/")}`;
  const client = url.protocol === "http:"
    ? straight(bare(url.hostname), Number(url.port || 80))
    : Deno.createHttpClient(trust(ca));
  return {
    url: origin,
    client,
    how: "given",
    words: `at ${origin} (${flag})`,
    failure: () => undefined,
    close: () => Promise.resolve(client.close()),
  };
}

/** How it is connected; nothing for a port-forward, which goes through the API server's own connection. */
export function connectionsOf(
  to: string,
  { url, how }: Pick<ServiceConnection, "url" | "how">,
): Connection[] {
  if (how === "port-forward") return [];
  const { origin, protocol } = new URL(url);
  return [{ to, url: origin, tls: protocol === "http:" ? "none" : "verified" }];
}

/** Connects; CannotLook when nothing can. Not given a `signal`, it is open until it is closed. */
export async function connectToService(
  to: Destination,
  options: ServiceConnectionOptions,
): Promise<ServiceConnection> {
  return await directConnection(to, options) ?? await forwardedConnection(to, options);
}

/** The origin under which the Service is known in the cluster. */
function originOf({ service, namespace, scheme, port }: Destination): string {
  const usual = scheme === "https" ? 443 : 80;
  return `${scheme}://${service}.${namespace}.svc.cluster.local${port === usual ? "" : `:${port}`}`;
}

async function directConnection(
  to: Destination,
  options: ServiceConnectionOptions,
): Promise<ServiceConnection | undefined> {
  if (!options.recognise) return undefined;
  const address = await addressOf(to, options);
  if (!address || !await answers(address, to.port, options.directMs ?? DIRECT_MS)) return undefined;
  const tunnel = await leadTo(to, address, to.port, options.ca);
  const connection: ServiceConnection = {
    url: originOf(to),
    client: tunnel.client,
    how: "direct",
    words: `at the Service's own address, ${address.includes(":") ? `[${address}]` : address}:${to.port}`,
    failure: () => undefined,
    close: tunnel.close,
  };
  try {
    if (await options.recognise(connection)) return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
  await connection.close();
  return undefined;
}

/** The Service's own address; undefined when it has none, or may not be read. */
async function addressOf(
  { namespace, service }: Destination,
  options: WriterOptions,
): Promise<string | undefined> {
  const kube = await connectWriter(options);
  try {
    const found = await kube.get(kubePath`/api/v1/namespaces/${namespace}/services/${service}`);
    const ip = (found?.spec as { clusterIP?: unknown } | undefined)?.clusterIP;
    return typeof ip === "string" && ip !== "" && ip !== "None" ? ip : undefined;
  } catch (error) {
    if (error instanceof CannotLook && error.failure.kind === "forbidden") return undefined;
    throw error;
  } finally {
    kube.close();
  }
}

async function forwardedConnection(
  to: Destination,
  options: ServiceConnectionOptions,
): Promise<ServiceConnection> {
  const { namespace, service, pod } = to;
  if (!pod) {
    const message =
      `Service ${namespace}/${service} leads to addresses that no pod has, and nothing answers at its own ` +
      "address from here. Next: run this in the cluster, or give an address that can be reached from here";
    throw new CannotLook({ kind: "unreachable", message });
  }
  const forwarded = await forward(options, namespace, pod.name, pod.port);
  const tunnel = await leadTo(to, "127.0.0.1", Number(new URL(forwarded.url).port), options.ca);
  return {
    url: originOf(to),
    client: tunnel.client,
    how: "port-forward",
    words: `through a port-forward to Pod ${namespace}/${pod.name}`,
    failure: forwarded.failure,
    async close() {
      await tunnel.close();
      await forwarded.close();
    },
  };
}

const trust = (ca: string | undefined) => ca ? { caCerts: [ca] } : {};

/** Straight to an address: fetch would hand the request to the HTTP_PROXY of the environment, even for 127.0.0.1. */
function straight(hostname: string, port: number): Deno.HttpClient {
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port }, poolMaxIdlePerHost: 64 });
}

async function answers(hostname: string, port: number, limitMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    (await Deno.connect({ hostname, port, signal })).close();
    return true;
  } catch {
    return false;
  }
}

interface Tunnel {
  client: Deno.HttpClient;
  close(): Promise<void>;
}

/** Deno leads plain HTTP to any address by itself, and TLS only through a proxy: a small one stands in between. */
async function leadTo(to: Destination, hostname: string, port: number, ca?: string): Promise<Tunnel> {
  if (to.scheme === "http") {
    const client = straight(hostname, port);
    return { client, close: () => Promise.resolve(client.close()) };
  }
  const { createServer, connect } = await import("node:net");
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    near.once("data", () => {
      const far = connect(port, hostname, () => {
        near.write("HTTP/1.1 200 Connection established\r\n\r\n");
        near.pipe(far).pipe(near);
      });
      keep(far);
      far.once("close", () => near.destroy());
      near.once("close", () => far.destroy());
    });
  });
  const client = Deno.createHttpClient({
    ...trust(ca),
    proxy: { url: `http://127.0.0.1:${await listenOnLoopback(server)}` },
    poolMaxIdlePerHost: 64,
  });
  return {
    client,
    async close() {
      client.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
