/** Proxies that lead wherever they are asked to, on this machine: HTTP CONNECT over http and https, and SOCKS 5. */
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { testAuthority } from "./api_server.ts";

export interface FakeProxy extends AsyncDisposable {
  /** `host:port`. */
  address: string;
  /** `host:port` of whoever was asked for, with the login that was given, if one was. */
  asked: string[];
}

/** `secure`: the proxy itself is asked over TLS. `refuse`: every connection is answered with this status. */
export async function serveConnect(
  { secure = false, refuse }: { secure?: boolean; refuse?: number } = {},
): Promise<FakeProxy> {
  const asked: string[] = [];
  const server = secure ? https.createServer(testAuthority().server) : http.createServer();
  const sockets = new Set<net.Socket>();
  server.on("connect", (request, client): void => {
    sockets.add(client as net.Socket);
    const login = request.headers["proxy-authorization"];
    asked.push(`${request.url}${login ? ` ${login}` : ""}`);
    if (refuse) return void client.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`);
    const on = net.connect(Number(/:(\d+)$/.exec(request.url ?? "")?.[1]), "127.0.0.1");
    on.once("connect", () => client.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    join(client as net.Socket, on, sockets);
  });
  return await listening(server, asked, sockets);
}

/** `login`: the user and password that it wants. */
export async function serveSocks(login?: { user: string; password: string }): Promise<FakeProxy> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    let step = login ? "method" : "open";
    client.on("data", (data: Buffer) => {
      if (step === "method" || step === "open") {
        client.write(Buffer.from([5, login ? 2 : 0]));
        step = login && step === "method" ? "password" : "connect";
      } else if (step === "password") {
        const user = data.subarray(2, 2 + data.readUInt8(1)).toString();
        const password = data.subarray(3 + user.length).toString();
        const right = user === login?.user && password === login?.password;
        client.write(Buffer.from([1, right ? 0 : 1]));
        step = "connect";
      } else if (step === "connect") {
        const host = data[3] === 3 ? data.subarray(5, 5 + data.readUInt8(4)).toString() : `kind ${data[3]}`;
        const port = data.readUInt16BE(data.length - 2);
        asked.push(`${host}:${port}`);
        client.removeAllListeners("data");
        const on = net.connect(port, "127.0.0.1");
        on.once("connect", () => client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])));
        join(client, on, sockets);
      }
    });
  });
  return await listening(server, asked, sockets);
}

function join(client: net.Socket, on: net.Socket, sockets: Set<net.Socket>): void {
  for (const [from, to] of [[client, on], [on, client]] as const) {
    sockets.add(from);
    from.on("error", () => to.destroy());
    from.pipe(to);
  }
}

async function listening(server: net.Server, asked: string[], sockets: Set<net.Socket>): Promise<FakeProxy> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
