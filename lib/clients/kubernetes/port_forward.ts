/**
 * A port of a pod on this machine, as kubectl port-forward gives it, over @kubernetes/client-node, which is loaded
 * when first needed (250 ms). The API server must be allowed to reach the kubelet; a NetworkPolicy does not matter,
 * for the kubelet connects from within the pod.
 */
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { CannotLook } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { quote } from "../../redact/mod.ts";
import { failure } from "../network_errors.ts";
import { listenOnLoopback } from "../loopback.ts";
import { connectFailure, inPod, podConfig, type PodTarget } from "./pod_socket.ts";
import type { WriterOptions } from "./writer.ts";
import { command } from "../../untrusted/shell.ts";

export interface Forward {
  /** `http://127.0.0.1:PORT`: only processes of this machine can use it. */
  url: string;
  /** Why the last connection through it failed, if it did: nothing listens in the pod, the pod has gone. */
  failure(): Failure | undefined;
  /** Ends every connection; nothing stays that would keep the process alive. */
  close(): Promise<void>;
}

interface PortTarget extends PodTarget {
  port: number;
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
export function forward(
  options: WriterOptions,
  namespace: string,
  pod: string,
  port: number,
): Promise<Forward> {
  const words = `port ${port} of Pod ${namespace}/${pod}`;
  const where = { namespace, pod, words, resource: "pods/portforward" };
  return inPod(options, where, async (opened) => {
    const target = { ...opened, port };
    const { open, drop } = await tunnels(target, options.timeoutMs);
    try {
      await tryOnce(open, target);
      return await listen(open, drop, target);
    } catch (error) {
      drop();
      throw error;
    }
  });
}

/** What opens tunnels to the pod, with the line's own login; `drop` ends those that are being opened. */
async function tunnels(
  target: PortTarget,
  timeoutMs: number,
): Promise<{ open: OpenTunnel; drop: () => void }> {
  const { config, drop } = await podConfig(target, timeoutMs);
  const { PortForward } = await import("@kubernetes/client-node");
  const forwarding = new PortForward(config);
  const { namespace, pod, port } = target;
  return {
    open: (output, errors, input) => forwarding.portForward(namespace, pod, [port], output, errors, input),
    drop,
  };
}

async function tryOnce(open: OpenTunnel, target: PortTarget): Promise<void> {
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
async function listen(open: OpenTunnel, drop: () => void, target: PortTarget): Promise<Forward> {
  const { createServer } = await import("node:net");
  const carried: Carried = { sockets: new Set() };
  const server = createServer((socket) => void carry(socket, open, target, carried));
  const port = await listenOnLoopback(server);
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
async function carry(socket: Socket, open: OpenTunnel, target: PortTarget, carried: Carried): Promise<void> {
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

/** Why a tunnel ended before anything came out of it; `said` are the kubelet's words. */
function brokenOff(said: string, { line, namespace, pod, port }: PortTarget): Failure {
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
