/**
 * An API server that forwards ports of one pod, and runs commands in it, for tests: over TLS, with WebSockets that speak v4.channel.k8s.io as
 * the kubelet does (a byte for the channel, 0 data and 1 error; the first frame of each holds the port). What it
 * forwards to is a port of this machine.
 * https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/portforward/websocket.go
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import net from "node:net";
import type { Duplex } from "node:stream";
import { apiError, testAuthority } from "./api_server.ts";

export interface FakePod {
  namespace: string;
  name: string;
  /** Default: Running; `forbidden`: it may not be read; `held`: who reads it gets no answer. */
  phase?: string;
  /** The port of this machine that each port of the pod leads to. */
  leadsTo: number;
  /** The clusterIP of every Service of its namespace; default: none is there. */
  clusterIP?: string;
  /** The status that opening is refused with; 0: it is never answered. */
  refuse?: number;
  /** Only a client with a certificate of the test authority is let in. */
  certificate?: boolean;
  /** What is chosen of the protocols that were offered; default: v4.channel.k8s.io. */
  protocol?: string;
  /** What commands in it do. */
  run?: (process: FakeProcess) => void;
}

/** A command in the pod. */
export interface FakeProcess {
  /** Of the request. */
  query: URLSearchParams;
  stdout(bytes: string | Uint8Array): void;
  stderr(text: string): void;
  /** The last message: a Status. */
  end(status: unknown): void;
  /** A message as it is. */
  raw(bytes: number[]): void;
  onInput(take: (text: string) => void): void;
  /** Its stdin was closed, by v5's message or with the connection. */
  onInputEnd(take: (by: "message" | "connection") => void): void;
}

export interface FakeForwarder extends AsyncDisposable {
  url: string;
  /** `METHOD path?query`, in order of arrival. */
  requests: string[];
  headers: IncomingMessage["headers"][];
  /** May be changed meanwhile. */
  pod: FakePod;
  /** Connections that are open now. */
  connections: Set<Duplex>;
  /** Cuts every connection. */
  cut(): void;
}

/** Serves one pod; others are not there. */
export async function serveForwards(pod: FakePod): Promise<FakeForwarder> {
  const { ca, server: pair } = testAuthority();
  const asksCertificate = pod.certificate ? { ca, requestCert: true, rejectUnauthorized: true } : {};
  const server = https.createServer({ ...pair, ...asksCertificate });
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const connections = new Set<Duplex>();
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`;
  const note = (request: IncomingMessage) => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
  };
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.on("request", async (request, response) => {
    note(request);
    if (pod.phase === "held") return;
    const answer = serviceAnswer(pod, request.url ?? "") ?? podAnswer(pod, request.url === path);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  });
  server.on("upgrade", (request, socket) => {
    note(request);
    socket.on("error", () => {});
    if (pod.refuse === 0) return;
    if (pod.refuse) {
      socket.end(`HTTP/1.1 ${pod.refuse} No\r\ncontent-length: 2\r\n\r\n{}`);
      return;
    }
    accept(request, socket, pod.protocol ?? "v4.channel.k8s.io");
    const { pathname, searchParams } = new URL(`https://x${request.url}`);
    if (pathname.endsWith("/exec")) return execute(socket, searchParams, pod);
    tunnel(socket, Number(searchParams.get("ports")), pod.leadsTo);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = () => {
    for (const socket of connections) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    requests,
    headers,
    pod,
    connections,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

function serviceAnswer({ namespace, clusterIP }: FakePod, path: string): Response | undefined {
  const services = `/api/v1/namespaces/${namespace}/services/`;
  if (!path.startsWith(services) || !clusterIP) return undefined;
  const name = path.slice(services.length);
  return Response.json({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { clusterIP },
  });
}

function podAnswer(pod: FakePod, known: boolean): Response {
  if (pod.phase === "forbidden") return apiError(403, "Forbidden", 'User "me" cannot get resource "pods"');
  if (!known) return apiError(404, "NotFound", "not found", { details: { name: "other", kind: "pods" } });
  return Response.json({
    kind: "Pod",
    metadata: { name: pod.name },
    status: { phase: pod.phase ?? "Running" },
  });
}

function accept(request: IncomingMessage, socket: Duplex, protocol: string): void {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  socket.write(
    [
      "HTTP/1.1 101 Switching Protocols",
      "upgrade: websocket",
      "connection: Upgrade",
      `sec-websocket-accept: ${createHash("sha1").update(key).digest("base64")}`,
      `sec-websocket-protocol: ${protocol}`,
      "\r\n",
    ].join("\r\n"),
  );
}

const DATA = 0;
const ERROR = 1;
const BINARY = 2;
const CLOSE = 8;

function tunnel(socket: Duplex, port: number, leadsTo: number): void {
  for (const channel of [DATA, ERROR]) send(socket, BINARY, [channel, port & 255, port >> 8]);
  const pod = net.connect(leadsTo, "127.0.0.1");
  pod.on("data", (chunk: Uint8Array) => send(socket, BINARY, [DATA, ...chunk]));
  pod.on("error", (error) => {
    const words = `error forwarding port ${port} to pod x, uid : failed to connect: ${error.message}`;
    send(socket, BINARY, [ERROR, ...Buffer.from(words)]);
  });
  pod.on("close", () => {
    send(socket, CLOSE, []);
    socket.end();
  });
  socket.on("close", () => pod.destroy());
  onFrames(socket, ({ opcode, payload }) => {
    if (opcode === BINARY && payload[0] === DATA) pod.write(payload.subarray(1));
    if (opcode === CLOSE) pod.destroy();
  });
}

function onFrames(socket: Duplex, take: (frame: { opcode: number; payload: Uint8Array }) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Uint8Array) => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = nextFrame(rest); frame; frame = nextFrame(rest)) {
      rest = rest.subarray(frame.size);
      take(frame);
    }
  });
}

/** As the kubelet runs commands: channels 0 to 2 are the streams, 3 is the status, 255 of v5 closes a channel. */
function execute(socket: Duplex, query: URLSearchParams, pod: FakePod): void {
  let onInput: ((text: string) => void) | undefined;
  let onEnd: ((by: "message" | "connection") => void) | undefined;
  const over = (by: "message" | "connection") => {
    onEnd?.(by);
    onEnd = undefined;
  };
  onFrames(socket, ({ opcode, payload: [channel, ...bytes] }) => {
    if (opcode === CLOSE) return void socket.end();
    if (opcode !== BINARY) return;
    if (channel === 0) onInput?.(new TextDecoder().decode(Uint8Array.from(bytes)));
    if (channel === 255 && bytes[0] === 0) over("message");
  });
  socket.on("close", () => over("connection"));
  pod.run?.({
    query,
    stdout: (bytes) => send(socket, BINARY, [1, ...Buffer.from(bytes)]),
    stderr: (text) => send(socket, BINARY, [2, ...Buffer.from(text)]),
    end(status) {
      send(socket, BINARY, [3, ...Buffer.from(JSON.stringify(status))]);
      send(socket, CLOSE, []);
      socket.end();
    },
    raw: (bytes) => send(socket, BINARY, bytes),
    onInput: (take) => onInput = take,
    onInputEnd: (take) => onEnd = take,
  });
}

/** RFC 6455, 5.2: a frame of a client, whose payload is masked; undefined when it is not whole yet. */
function nextFrame(bytes: Buffer): { opcode: number; payload: Uint8Array; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 127;
  const header = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < header + 4) return undefined;
  const length = short === 126
    ? bytes.readUInt16BE(2)
    : short === 127
    ? Number(bytes.readBigUInt64BE(2))
    : short;
  const size = header + 4 + length;
  if (bytes.length < size) return undefined;
  const payload = bytes.subarray(header + 4, size).map((byte, i) => byte ^ bytes.readUInt8(header + i % 4));
  return { opcode: bytes.readUInt8(0) & 15, payload, size };
}

function send(socket: Duplex, opcode: number, payload: number[]): void {
  if (socket.destroyed) return;
  const { length } = payload;
  const header = length < 126
    ? [128 | opcode, length]
    : length < 65536
    ? [128 | opcode, 126, length >> 8, length & 255]
    : [128 | opcode, 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >> shift) & 255)];
  socket.write(Buffer.from([...header, ...payload]));
}
