/**
 * An API server for tests of what a client does with bad ones: it answers as it is told, over TLS with
 * certificates of its own CA. Nothing of it is kept: certificates live in a temporary directory.
 */
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import https from "node:https";
import net from "node:net";

/** Answers one request; `path` is without the query. */
export type Behaviour = (path: string, request: Request) => Response | Promise<Response>;

/** A certificate with its key, both PEM. */
export interface Pair {
  cert: string;
  key: string;
}

export interface Authority {
  ca: string;
  /** Of a CA that signed nothing of this. */
  otherCa: string;
  server: Pair;
  /** Its own issuer, and that of a CA. */
  selfSigned: Pair;
  expiredServer: Pair;
  /** For the name `api.example` only. */
  namedServer: Pair;
  client: Pair;
  expiredClient: Pair;
}

export interface FakeApiServer extends AsyncDisposable {
  url: string;
  /** `METHOD path?query`, in order of arrival. */
  requests: string[];
  headers: Headers[];
}

let authority: Authority | undefined;

/** The tests' own CA and what it signed, made by openssl at the first call (about 0.3 s). */
export function testAuthority(): Authority {
  return authority ??= makeAuthority();
}

function makeAuthority(): Authority {
  const dir = Deno.makeTempDirSync({ prefix: "lakecheck-test-ca-" });
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const read = (name: string) => readFileSync(`${dir}/${name}`, "utf8");
  const byCa = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
  const sign = (name: string, extension: string, days: number, by = byCa): Pair => {
    Deno.writeTextFileSync(`${dir}/${name}.ext`, extension);
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const files = ["-in", `${name}.csr`, "-extfile", `${name}.ext`, "-out", `${name}.crt`];
    openssl("x509", "-req", ...by, ...files, "-days", String(days));
    return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
  };
  try {
    const local = "subjectAltName=IP:127.0.0.1,IP:::1,DNS:api.example";
    for (const name of ["ca", "other-ca"]) {
      const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
      openssl("req", "-x509", ...newKey, ...files, "-days", "2", "-subj", `/CN=${name}`);
    }
    return {
      ca: read("ca.crt"),
      otherCa: read("other-ca.crt"),
      server: sign("server", local, 2),
      selfSigned: sign("self-signed", `basicConstraints=critical,CA:TRUE\n${local}`, 2, [
        "-signkey",
        "self-signed.key",
      ]),
      expiredServer: sign("expired-server", local, -1),
      namedServer: sign("named-server", "subjectAltName=DNS:api.example", 2),
      client: sign("client", "extendedKeyUsage=clientAuth", 2),
      expiredClient: sign("expired-client", "extendedKeyUsage=clientAuth", -1),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A server that behaves like this, on a port of its own; HTTP/2 and HTTP/1.1. */
export function serveFake(
  behaviour: Behaviour,
  pair: Pair = testAuthority().server,
  hostname = "127.0.0.1",
): FakeApiServer {
  const requests: string[] = [];
  const headers: Headers[] = [];
  const stop = new AbortController();
  const server = Deno.serve(
    {
      port: 0,
      hostname,
      ...pair,
      signal: stop.signal,
      onListen() {},
      onError: () => new Response(""),
    },
    (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      headers.push(new Headers(request.headers));
      return behaviour(pathname, request);
    },
  );
  return {
    url: `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.addr.port}`,
    requests,
    headers,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** A TLS server that knows HTTP/1.1 only. */
export async function serveHttp1(body: string): Promise<FakeApiServer> {
  const requests: string[] = [];
  const server = https.createServer(testAuthority().server, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader("content-type", "application/json");
    response.end(body);
  });
  return { ...await listening(server), requests, headers: [] };
}

/** A server that takes the connection and says nothing (`mute`), hangs up, or talks nonsense, all without TLS. */
export async function serveRaw(act: "mute" | "hang up" | "nonsense"): Promise<FakeApiServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (act === "hang up") socket.destroy();
    if (act === "nonsense") socket.end("220 mail.example ESMTP\r\n");
  });
  const at = await listening(server);
  return {
    ...at,
    requests: [],
    headers: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await at[Symbol.asyncDispose]();
    },
  };
}

async function listening(server: net.Server): Promise<{ url: string } & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  const { url, [Symbol.asyncDispose]: close } = await listening(server);
  await close();
  return Number(new URL(url).port);
}

/** The error object of the Kubernetes API. */
export function apiError(
  code: number,
  reason: string,
  message: string,
  extra: { headers?: Record<string, string>; details?: unknown } = {},
): Response {
  const { headers, details } = extra;
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
  return Response.json(body, { status: code, headers });
}

export function apiList(kind: string, items: unknown[] | null): Response {
  return Response.json({ kind, apiVersion: "v1", metadata: { resourceVersion: "1" }, items });
}

/** A kubeconfig (as JSON, which is YAML) for one server; `user` and `cluster` are what is special about it. */
export function kubeconfigFor(
  url: string,
  user: unknown = {},
  cluster: Record<string, unknown> = {},
): string {
  const data = { "certificate-authority-data": base64(testAuthority().ca) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "fake", cluster: { server: url, ...data, ...cluster } }],
    users: [{ name: "me", user }],
    contexts: [{ name: "test", context: { cluster: "fake", user: "me" } }],
  });
}

export function certificateUser(pair: Pair): Record<string, string> {
  return { "client-certificate-data": base64(pair.cert), "client-key-data": base64(pair.key) };
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
