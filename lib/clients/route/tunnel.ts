/** A connection to a server through a proxy: HTTP CONNECT over http and https, and SOCKS 5 (RFC 1928, RFC 1929). */
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import net, { type Socket } from "node:net";
import { bare } from "./proxies.ts";

export interface ProxyTrust {
  ca: string | string[];
  rejectUnauthorized: boolean;
}

/**
 * Resolves with the bytes of the server itself. `opened` is told every socket when it is made, so that the caller can
 * end those that fail. Errors have the words that fetch has for them.
 */
export async function tunnel(
  proxy: URL,
  trust: ProxyTrust,
  { host, port }: { host: string; port: number },
  opened: (socket: { destroy(): void }) => void,
): Promise<Socket> {
  if (proxy.protocol === "socks5h:") return await overSocks(proxy, host, port, opened);
  const secure = proxy.protocol === "https:";
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = (secure ? https : http).request({
    ...secure ? trust : {},
    host: bare(proxy.hostname),
    port: Number(proxy.port || (secure ? 443 : 80)),
    method: "CONNECT",
    path: target,
    agent: false,
    headers: { host: target, ...proxyLogin(proxy) },
  });
  opened(request);
  request.once("connect", (response, socket) => {
    if (response.statusCode === 200) return resolve(socket as Socket);
    socket.destroy();
    reject(new Error(response.statusCode === 407 ? "proxy authentication required" : "unsuccessful tunnel"));
  });
  request.once("response", () => reject(new Error("unsuccessful tunnel")));
  request.once("error", reject);
  request.end();
  return await promise;
}

function proxyLogin(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const [user, password] = credentials(proxy);
  return { "proxy-authorization": `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function credentials({ username, password }: URL): [user: string, password: string] {
  return [decodeURIComponent(username), decodeURIComponent(password)];
}

const [SOCKS_5, CONNECT, NO_LOGIN, BY_PASSWORD] = [5, 1, 0, 2];
const [IPV4, NAME, IPV6] = [1, 3, 4];

async function overSocks(
  proxy: URL,
  host: string,
  port: number,
  opened: (socket: Socket) => void,
): Promise<Socket> {
  const socket = net.connect(Number(proxy.port || 1080), bare(proxy.hostname));
  opened(socket);
  const read = reader(socket);
  const [user, password] = credentials(proxy);
  socket.write(Buffer.from(user ? [SOCKS_5, 2, NO_LOGIN, BY_PASSWORD] : [SOCKS_5, 1, NO_LOGIN]));
  const [version, method] = await read(2);
  if (version !== SOCKS_5) throw new Error("unsuccessful tunnel");
  if (method === BY_PASSWORD && user) {
    const words = [user, password].map((word) => Buffer.from(word));
    socket.write(
      Buffer.concat([Buffer.from([1]), ...words.flatMap((one) => [Buffer.from([one.length]), one])]),
    );
    const [, status] = await read(2);
    if (status !== 0) throw new Error("proxy authentication required");
  } else if (method !== NO_LOGIN) throw new Error("proxy authentication required");
  socket.write(
    Buffer.concat([
      Buffer.from([SOCKS_5, CONNECT, 0]),
      socksAddress(host),
      Buffer.from([port >> 8, port & 255]),
    ]),
  );
  const [, reply, , kind, first = 0] = await read(5);
  if (reply !== 0) throw new Error("unsuccessful tunnel");
  // What is left of the address that the proxy connects from, and its port.
  await read(kind === NAME ? first + 2 : kind === IPV6 ? 17 : 5);
  return socket;
}

function socksAddress(host: string): Buffer {
  const version = net.isIP(host);
  if (version === 4) return Buffer.from([IPV4, ...host.split(".").map(Number)]);
  if (version === 0) return Buffer.concat([Buffer.from([NAME, Buffer.byteLength(host)]), Buffer.from(host)]);
  return Buffer.from([IPV6, ...ipv6Bytes(host)]);
}

/** The 16 bytes of an address, whose IPv4 part a URL has already turned into hexadecimal. */
function ipv6Bytes(host: string): number[] {
  const [head = [], tail = []] = host.split("::").map((part) => part === "" ? [] : part.split(":"));
  const groups = [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
}

/** Reads so many bytes, and leaves what comes after them to the next reader. */
function reader(socket: Socket): (count: number) => Promise<Buffer> {
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  socket.once("error", broken.reject);
  socket.once("close", () => broken.reject(new Error("the proxy closed the connection")));
  return async (count) => {
    while (true) {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes) return bytes;
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.once("readable", resolve);
      await Promise.race([promise, broken.promise]);
    }
  };
}
