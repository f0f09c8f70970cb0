/**
 * A command in a container, as `kubectl exec -i` runs it, over the WebSocket protocols v5.channel.k8s.io and v4 of
 * @kubernetes/client-node, which is loaded when first needed.
 * https://kubernetes.io/docs/reference/kubernetes-api/ (pods/exec), kubernetes/kubernetes pkg/apis KEP-4006.
 */
import { Buffer } from "node:buffer";
import { kubePath } from "../../untrusted/api_path.ts";
import { parseJson } from "../../untrusted/json.ts";
import { CannotLook } from "../../engine/errors.ts";
import type { Failure } from "../../engine/model.ts";
import { list, messageText, obj, str } from "../../engine/decode.ts";
import { quote } from "../../redact/mod.ts";
import { failure } from "../network_errors.ts";
import { connectFailure, inPod, podConfig, type PodTarget } from "./pod_socket.ts";
import type { WriterOptions } from "./writer.ts";
import { command } from "../../untrusted/shell.ts";

export interface PodCommand {
  namespace: string;
  pod: string;
  /** Default: the pod's only one. */
  container?: string;
  /** The program and its arguments; no shell reads them. */
  argv: readonly [string, ...string[]];
  /** Called with each piece as it comes; what is not kept is gone. */
  onStdout(piece: Uint8Array): void;
  onStderr(piece: Uint8Array): void;
}

/** How a command ended: by itself with a status, or without one. */
export type Ended = { exit: number } | { failure: Failure };

export interface RunningCommand {
  /** To its stdin. After its end, or after `endInput`, it goes nowhere. */
  write(text: string): void;
  /** Closes its stdin. With v4 of the protocol, which knows no such message, this closes the connection too. */
  endInput(): void;
  /** Never rejects. */
  ended: Promise<Ended>;
  /**
   * Ends it: its stdin is closed, and after `graceMs` (or at once, when it has ended) the connection. The API can send no
   * signal: what does not end with its stdin goes on.
   */
  close(graceMs?: number): Promise<void>;
}

/** Channels of the protocol; 255 of v5 closes the channel in the next byte. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;
/** As kubectl sends it. */
const PIECE_BYTES = 32 * 1024;

/** A WebSocket of the package `ws`, as far as it is used here. */
interface Socket {
  protocol: string;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: Uint8Array): void;
  close(): void;
  terminate(): void;
}

/**
 * Starts the command. CannotLook when that is not possible within `timeoutMs`, with the rule that is missing when it is
 * not allowed. `options.signal` ends it as `close(0)` does. A program that is not there shows in `ended`.
 */
export function exec(options: WriterOptions, asked: PodCommand): Promise<RunningCommand> {
  const { namespace, pod } = asked;
  const words = `a command in Pod ${namespace}/${pod}`;
  const where = { namespace, pod, words, resource: "pods/exec" };
  return inPod(options, where, async (target) => {
    const { config, drop } = await podConfig(target, options.timeoutMs);
    try {
      return await start(asked, config, target);
    } catch (error) {
      drop();
      throw error instanceof CannotLook ? error : new CannotLook(connectFailure(error, target));
    }
  });
}

async function start(
  asked: PodCommand,
  config: Awaited<ReturnType<typeof podConfig>>["config"],
  target: PodTarget,
): Promise<RunningCommand> {
  const { Exec } = await import("@kubernetes/client-node");
  const { handler } = new Exec(config);
  const ended = Promise.withResolvers<Ended>();
  const take = (channel: number, bytes: Uint8Array) => {
    if (channel === STDOUT) asked.onStdout(bytes);
    else if (channel === STDERR) asked.onStderr(bytes);
    else if (channel === STATUS) ended.resolve(endedBy(bytes, target));
    return true;
  };
  const opened: Promise<Socket> = handler.connect(pathOf(asked), null, take);
  let late = false;
  opened.then((socket) => late && socket.terminate(), () => {});
  const socket = await Promise.race([opened, target.over]).catch((error) => {
    late = true;
    throw error;
  });
  // The library's own reader throws at an empty message, and closes this process's streams when it is told to.
  socket.onmessage = ({ data }) => {
    if (data instanceof Uint8Array && data.length > 1) take(data[0] ?? CLOSE, data.subarray(1));
  };
  socket.onclose = () => ended.resolve({ failure: lost(target) });
  return controls(socket, ended.promise);
}

function controls(socket: Socket, ended: Promise<Ended>): RunningCommand {
  let open = true;
  void ended.then(() => {
    open = false;
    // Not close: that waits for the other side, half a minute if it must.
    socket.terminate();
  });
  const endInput = () => {
    if (!open) return;
    open = false;
    if (socket.protocol.startsWith("v5.")) socket.send(Buffer.from([CLOSE, STDIN]));
    else socket.close();
  };
  return {
    write(text) {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; open && at < bytes.length; at += PIECE_BYTES) {
        socket.send(Buffer.concat([Buffer.from([STDIN]), bytes.subarray(at, at + PIECE_BYTES)]));
      }
    },
    endInput,
    ended,
    async close(graceMs = 0) {
      endInput();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
      await Promise.race([ended, over]);
      clearTimeout(timer);
      socket.terminate();
      await ended;
    },
  };
}

function pathOf({ namespace, pod, container, argv }: PodCommand): string {
  const query = new URLSearchParams({ stdin: "true", stdout: "true", stderr: "true", tty: "false" });
  if (container !== undefined) query.set("container", container);
  for (const word of argv) query.append("command", word);
  return `${kubePath`/api/v1/namespaces/${namespace}/pods/${pod}/exec`}?${query}`;
}

const STATUS_OBJECT = obj({
  status: str,
  reason: str,
  message: messageText,
  details: obj({ causes: list(obj({ reason: str, message: messageText })) }),
});

/** The last message: a Status, whose cause ExitCode has the exit status when that is not 0. */
function endedBy(bytes: Uint8Array, target: PodTarget): Ended {
  const { line, words } = target;
  let status: ReturnType<typeof STATUS_OBJECT>;
  try {
    status = STATUS_OBJECT(parseJson(new TextDecoder().decode(bytes)));
  } catch {
    status = undefined;
  }
  if (status?.status === "Success") return { exit: 0 };
  const code = status?.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined && /^\d{1,3}$/.test(code)) return { exit: Number(code) };
  const why = quote(status?.message ?? "", line.login.secrets(), 300) || "no reason given";
  return { failure: failure("unreachable", `${words} was not run: ${why}. ${next(target)}`) };
}

function lost(target: PodTarget): Failure {
  return failure(
    "unreachable",
    `the connection to ${target.words} ended before it did: the pod was deleted or restarted, or the API server or the ` +
      `network cut it. ${next(target)}`,
  );
}

function next({ line, namespace, pod }: PodTarget): string {
  return `Next: ${command`kubectl --context ${line.session.context} -n ${namespace} describe pod ${pod}`}`;
}
