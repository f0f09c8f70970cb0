/** HTTP/1.1 over node:tls, for what fetch has no option for: another name, no verification, one very certificate. */
import { Buffer } from "node:buffer";
import https from "node:https";
import net, { type Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { own } from "../../untrusted/lookup.ts";
import { type Headers, retryAfter, type Sent, type Transport, troubleOf } from "../transport.ts";
import { bare } from "./proxies.ts";
import type { Route } from "./types.ts";
import { pemCertificates } from "./roots.ts";
import { tunnel } from "./tunnel.ts";

/**
 * `pinned`: the server's certificate must be one of those that the route trusts, byte for byte, and for its name and this
 * time; nobody need have signed it. Whoever shows it has proved in the handshake that the key is theirs.
 */
export function overNode(route: Route, pinned = false): Transport {
  const opening = new Set<{ destroy(): void }>();
  const agent = new https.Agent({ keepAlive: true });
  // Nothing is sent before the connection is there and the server is who it should be. The types want a socket at once;
  // Node documents that one may come by the callback instead.
  const create = (options: unknown, done: (error: Error | null, socket?: TLSSocket) => void) => {
    const { host, port } = options as { host: string; port: number };
    const at = { host: bare(host), port: Number(port) };
    connected(route, pinned, at, opening).then((socket) => done(null, socket), done);
  };
  agent.createConnection = create as unknown as typeof agent.createConnection;
  return {
    async send(method, url, headers, body, limits) {
      const options = { method, agent, headers: merged(headers), signal: limits.signal };
      return await new Promise<Sent>((resolve, fail) => {
        const request = https.request(url, options, (response) => {
          const chunks: Uint8Array[] = [];
          let size = 0;
          response.on("data", (chunk: Uint8Array) => {
            size += chunk.byteLength;
            chunks.push(chunk);
            if (size <= limits.maxBytes) return;
            resolve({ ok: false, trouble: { why: "too-big", limitBytes: limits.maxBytes } });
            request.destroy();
          });
          response.on("error", fail);
          response.on("aborted", () => fail(new Error("connection closed before the body was whole")));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const after = response.headers["retry-after"] ?? null;
            resolve({ ok: true, reply: { status: response.statusCode ?? 0, ...retryAfter(after), text } });
          });
        });
        request.on("error", fail);
        request.end(body);
      }).catch((error) => ({ ok: false, trouble: troubleOf(error, limits.signal) }));
    },
    close() {
      agent.destroy();
      for (const one of opening) one.destroy();
    },
  };
}

interface Address {
  host: string;
  port: number;
}

async function connected(
  route: Route,
  pinned: boolean,
  at: Address,
  opening: Set<{ destroy(): void }>,
): Promise<TLSSocket> {
  const verified = { ca: route.ca ?? [], rejectUnauthorized: !route.insecure };
  const mine: { destroy(): void }[] = [];
  const opened = (one: { destroy(): void }) => {
    mine.push(one);
    opening.add(one);
  };
  try {
    const raw = route.proxy
      ? await tunnel(route.proxy.url, verified, at, opened)
      : net.connect(at.port, at.host);
    opened(raw);
    const name = route.tlsServerName ?? at.host;
    const socket = await handshake(raw, name, {
      ...verified,
      ...(pinned ? { rejectUnauthorized: false } : {}),
      ...(route.cert && route.key ? { cert: route.cert, key: route.key } : {}),
    });
    const why = pinned ? whyNotPinned(socket, route, name) : undefined;
    if (why) throw new Error(why);
    return socket;
  } catch (error) {
    for (const one of mine) one.destroy();
    throw error;
  } finally {
    for (const one of mine) opening.delete(one);
  }
}

async function handshake(raw: Socket, name: string, options: tls.ConnectionOptions): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  raw.once("error", reject);
  // The name of an address is none: RFC 6066, section 3.
  const socket = tls.connect({
    ...options,
    socket: raw,
    host: name,
    ...(net.isIP(name) ? {} : { servername: name }),
  });
  socket.once("secureConnect", () => resolve(socket));
  socket.once("error", reject);
  return await promise;
}

/** In the words of network_errors.ts; undefined when the certificate is a trusted one, for this name and time. */
function whyNotPinned(socket: TLSSocket, route: Route, name: string): string | undefined {
  const peer = socket.getPeerCertificate();
  const trusted = pemCertificates(route.ca ?? "").map(derOf);
  if (!peer.raw || !trusted.some((one) => one.equals(peer.raw))) return "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
  const now = Date.now();
  if (!(now >= Date.parse(peer.valid_from) && now <= Date.parse(peer.valid_to))) return "CERT_HAS_EXPIRED";
  // node:tls would take the common name where there are no others, which no Kubernetes client does.
  if (!peer.subjectaltname || tls.checkServerIdentity(name, peer)) return "ERR_TLS_CERT_ALTNAME_INVALID";
  return undefined;
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
}

function merged(headers: Headers): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, value] of headers) out[name] = [...own(out, name) ?? [], value];
  return out;
}
