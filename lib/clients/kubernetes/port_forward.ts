/**
 * A port of a pod on this machine, as kubectl port-forward gives it, over @kubernetes/client-node, which is loaded
 * when first needed (250 ms). The API server must be allowed to reach the kubelet; a NetworkPolicy does not matter,
 * for the kubelet connects from within the pod.
 */
import type { Server, Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { kubePath } from "../../untrusted/api_path.ts";
import { CannotLook, Interrupted } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { readReply, unauthorized } from "./replies.ts";
import { quote } from "../../redact/mod.ts";
import { cannotLook, failure } from "../network_errors.ts";
import { type Line, openLine } from "./client.ts";
import type { WriterOptions } from "./writer.ts";
import { missingRule } from "./write_replies.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

export interface Forward {
  /** `http://127.0.0.1:PORT`: only processes of this machine can use it. */
  url: string;
  /** Why the last connection through it failed, if it did: nothing listens in the pod, the pod has gone. */
  failure(): Failure | undefined;
  /** Ends every connection; nothing stays that would keep the process alive. */
  close(): Promise<void>;
}

/** What is forwarded to whom. */
interface PodTarget {
  line: Line;
  namespace: string;
  pod: string;
  port: number;
  /** Rejected when the time for opening is over, or by the caller. */
  over: Promise<never>;
}

/** A WebSocket of the package `ws`, as far as it is used here. */
interface Tunnel {
  onclose: (() => void) | null;
  terminate(): void;
}

type OpenTunnel = (output: Writable, errors: Writable, input: Readable) => Promise<Tunnel>;

/**
 * Opens the port for as long as it is not closed and `options.signal` is not aborted. Before, it is tried once whether
 * the pod runs and may be forwarded to, each within `timeoutMs`: CannotLook when not. Whether something listens on the
 * port shows with the first connection: see `failure`.
 */
export async function forward(
  options: WriterOptions,
  namespace: string,
  pod: string,
  port: number,
): Promise<Forward> {
  const { signal } = options;
  const line = await openLine(options);
  const limit = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), ...signal ? [signal] : []]);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  limit.addEventListener("abort", () => over.reject(new Error("timed out")));
  const target: PodTarget = { line, namespace, pod, port, over: over.promise };
  const stop = () => line.close();
  signal?.addEventListener("abort", stop);
  try {
    signal?.throwIfAborted();
    await checkPod(target);
    const { open, drop } = await tunnels(target, options.timeoutMs);
    try {
      await tryOnce(open, target);
      const forwarded = await listen(open, drop, target);
      signal?.addEventListener("abort", () => void forwarded.close());
      if (signal?.aborted) await forwarded.close();
      signal?.throwIfAborted();
      return forwarded;
    } catch (error) {
      drop();
      throw error;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
  } finally {
    signal?.removeEventListener("abort", stop);
    line.close();
  }
}

/** A pod that does not run is told as such; who may not read pods finds out by trying. */
async function checkPod({ line, namespace, pod }: PodTarget): Promise<void> {
  const path = kubePath`/api/v1/namespaces/${namespace}/pods/${pod}`;
  try {
    const { body } = await line.ask(
      { method: "GET", path, accept: "application/json" },
      (reply) => readReply(reply, path, line.session),
    );
    const phase = (body as { status?: { phase?: unknown } } | null)?.status?.phase;
    if (phase === "Running") return;
    throw cannotLook(
      "unreachable",
      `Pod ${namespace}/${pod} does not run: its phase is ${
        typeof phase === "string" ? phase : "unknown"
      }. ` +
        `Next: ${command`kubectl --context ${line.session.context} -n ${namespace} describe pod ${pod}`}`,
    );
  } catch (error) {
    if (error instanceof CannotLook && error.failure.kind === "forbidden") return;
    throw error;
  }
}

/** What opens tunnels to the pod, with the line's own login; `drop` ends those that are being opened. */
async function tunnels(
  target: PodTarget,
  timeoutMs: number,
): Promise<{ open: OpenTunnel; drop: () => void }> {
  const {
    line: { target: { cluster, clusterName, server, userName }, login, ca, proxy },
    namespace,
    pod,
    port,
  } = target;
  const { KubeConfig, PortForward } = await import("@kubernetes/client-node");
  const base64 = (text: string | undefined) => text && new TextEncoder().encode(text).toBase64();
  const config = new KubeConfig();
  config.loadFromClusterAndUser({
    name: clusterName,
    server,
    caData: base64(ca),
    // It refuses plain http unless verification is off.
    skipTLSVerify: cluster.insecure || server.startsWith("http:"),
    tlsServerName: cluster.tlsServerName,
    proxyUrl: proxy?.url.href,
  }, { name: userName, certData: base64(login.cert), keyData: base64(login.key) });
  const complete = config.applyToHTTPSOptions.bind(config);
  let agent: { destroy?: () => void } | undefined;
  config.applyToHTTPSOptions = async (options) => {
    await complete(options);
    agent = options.agent;
    const headers: Record<string, string[]> = {};
    for (const [name, value] of await login.headers()) headers[name] = [...own(headers, name) ?? [], value];
    Object.assign(options, { headers, handshakeTimeout: timeoutMs, perMessageDeflate: false });
  };
  const forwarding = new PortForward(config);
  return {
    open: (output, errors, input) => forwarding.portForward(namespace, pod, [port], output, errors, input),
    drop: () => agent?.destroy?.(),
  };
}

async function tryOnce(open: OpenTunnel, target: PodTarget): Promise<void> {
  const { PassThrough } = await import("node:stream");
  const nothing = new PassThrough().resume();
  try {
    const tunnel = await Promise.race([open(nothing, nothing, new PassThrough()), target.over]);
    await new Promise<void>((resolve) => {
      tunnel.onclose = resolve;
      tunnel.terminate();
    });
  } catch (error) {
    throw new CannotLook(connectFailure(error, target));
  }
}

/** Accepts connections on a port of this machine and carries each through a tunnel of its own. */
async function listen(open: OpenTunnel, drop: () => void, target: PodTarget): Promise<Forward> {
  const { createServer } = await import("node:net");
  const carried: Carried = { sockets: new Set() };
  const server = createServer((socket) => void carry(socket, open, target, carried));
  const port = await portOf(server);
  return {
    url: `http://127.0.0.1:${port}`,
    failure: () => carried.failure,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of carried.sockets) socket.destroy();
      drop();
      await closed;
    },
  };
}

/** What is open, and what the last connection came to. */
interface Carried {
  sockets: Set<Socket>;
  failure?: Failure;
}

/** Carries one connection until either side ends it. */
async function carry(socket: Socket, open: OpenTunnel, target: PodTarget, carried: Carried): Promise<void> {
  carried.sockets.add(socket);
  socket.on("error", () => {});
  socket.once("close", () => carried.sockets.delete(socket));
  let said = "";
  let answered = false;
  const answers = await writable((chunk) => {
    if (chunk.length > 0) {
      answered = true;
      carried.failure = undefined;
    }
    socket.write(chunk);
  });
  const errors = await writable((chunk) => {
    if (said.length < 4096) said += new TextDecoder().decode(chunk);
  });
  try {
    const tunnel = await open(answers, errors, socket);
    tunnel.onclose = () => {
      if (!socket.destroyed && (said || !answered)) carried.failure = brokenOff(said, target);
      socket.destroySoon();
    };
    // Not close: that waits for the other side, half a minute if it must.
    socket.once("close", () => tunnel.terminate());
    if (socket.destroyed) tunnel.terminate();
  } catch (error) {
    carried.failure = connectFailure(error, target);
    socket.destroy();
  }
}

async function writable(take: (chunk: Uint8Array) => void): Promise<Writable> {
  const stream = await import("node:stream");
  return new stream.Writable({
    write(chunk: Uint8Array, _encoding, done) {
      take(chunk);
      done();
    },
  });
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

/** Why no tunnel was opened; `ws` says "Unexpected server response: 403". */
function connectFailure(error: unknown, { line, namespace, pod, port }: PodTarget): Failure {
  const text = String((error as { message?: unknown } | null)?.message ?? error);
  const status = Number(/server response: (\d{3})/.exec(text)?.[1]);
  const { session, target, login } = line;
  const which = `port ${port} of Pod ${namespace}/${pod}`;
  const look = command`kubectl --context ${session.context} -n ${namespace} get pod ${pod} -o wide`;
  if (status === 401) {
    const meaning = unauthorized(session);
    if (!meaning.ok) return meaning.failure;
  }
  if (status === 403) {
    const verbs = ["get", "create"];
    const rule = { user: target.userName, verbs, resource: "pods/portforward", group: "", namespace };
    return failure("forbidden", missingRule({ ...rule, context: session.context }));
  }
  if (status === 404) {
    return failure("not-installed", `Pod ${namespace}/${pod} does not exist. Next: ${look}`);
  }
  if (/timed out/.test(text)) {
    const seconds = `${session.timeoutMs / 1000} s`;
    return failure("timeout", `${which} was not opened within ${seconds}. Next: look at its node: ${look}`);
  }
  const why = status ? `HTTP ${status}` : quote(text, login.secrets(), 200);
  return failure(
    status >= 500 ? "server-error" : "unreachable",
    `the API server ${session.server} could not open ${which} (${why}): perhaps it can't reach the kubelet. Next: ${look}`,
  );
}

/** Why a tunnel ended before anything came out of it; `said` are the kubelet's words. */
function brokenOff(said: string, { line, namespace, pod, port }: PodTarget): Failure {
  const next =
    `Next: ${command`kubectl --context ${line.session.context} -n ${namespace} describe pod ${pod}`}`;
  if (/refused/i.test(said)) {
    return failure("unreachable", `nothing listens on port ${port} of Pod ${namespace}/${pod}. ${next}`);
  }
  const why = said ? `: ${quote(said, line.login.secrets(), 200)}` : "";
  return failure(
    "unreachable",
    `Pod ${namespace}/${pod} gave no answer on port ${port} and closed it${why}. ${next}`,
  );
}
