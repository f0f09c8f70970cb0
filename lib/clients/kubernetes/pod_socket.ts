/**
 * What port-forwards and commands in a pod have in common: whether the pod runs, how @kubernetes/client-node logs in to
 * open a WebSocket to it, and why none was opened. That package is loaded when first needed (250 ms).
 */
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

/** What is opened in which pod, and for how long. */
export interface PodTarget {
  line: Line;
  namespace: string;
  pod: string;
  /** What is opened, for messages: `port 80 of Pod NAMESPACE/NAME`. */
  words: string;
  /** The right that it takes: `pods/portforward`. */
  resource: string;
  /** Rejected when the time for opening is over, or by the caller. */
  over: Promise<never>;
}

/**
 * Opens something in a pod that runs, each step within `timeoutMs`; ended by the caller's signal with its Interrupted.
 * CannotLook when the pod does not run, or may not be used so.
 */
export async function inPod<T extends { close(): Promise<void> }>(
  options: WriterOptions,
  where: Pick<PodTarget, "namespace" | "pod" | "words" | "resource">,
  open: (target: PodTarget) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const line = await openLine(options);
  const limit = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), ...signal ? [signal] : []]);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  limit.addEventListener("abort", () => over.reject(new Error("timed out")));
  const target: PodTarget = { line, ...where, over: over.promise };
  const stop = () => line.close();
  signal?.addEventListener("abort", stop);
  try {
    signal?.throwIfAborted();
    await checkPod(target);
    const opened = await open(target);
    signal?.addEventListener("abort", () => void opened.close());
    if (signal?.aborted) await opened.close();
    signal?.throwIfAborted();
    return opened;
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

/** The line's own login as that package takes it; `drop` ends the connections that are being opened. */
export async function podConfig({ line }: PodTarget, timeoutMs: number) {
  const { target: { cluster, clusterName, server, userName }, login, ca, proxy } = line;
  const { KubeConfig } = await import("@kubernetes/client-node");
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
    Object.assign(options, {
      headers,
      handshakeTimeout: timeoutMs,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
  };
  return { config, drop: () => agent?.destroy?.() };
}

/** The kubelet sends 32 KiB at a time. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Why no WebSocket was opened; `ws` says "Unexpected server response: 403". */
export function connectFailure(
  error: unknown,
  { line, namespace, pod, words, resource }: PodTarget,
): Failure {
  const text = String((error as { message?: unknown } | null)?.message ?? error);
  const status = Number(/server response: (\d{3})/.exec(text)?.[1]);
  const { session, target, login } = line;
  const look = command`kubectl --context ${session.context} -n ${namespace} get pod ${pod} -o wide`;
  if (status === 401) {
    const meaning = unauthorized(session);
    if (!meaning.ok) return meaning.failure;
  }
  if (status === 403) {
    const rule = { user: target.userName, verbs: ["get", "create"], resource, group: "", namespace };
    return failure("forbidden", missingRule({ ...rule, context: session.context }));
  }
  if (status === 404) {
    return failure("not-installed", `Pod ${namespace}/${pod} does not exist. Next: ${look}`);
  }
  if (/timed out/.test(text)) {
    const seconds = `${session.timeoutMs / 1000} s`;
    return failure("timeout", `${words} was not opened within ${seconds}. Next: look at its node: ${look}`);
  }
  const why = status ? `HTTP ${status}` : quote(text, login.secrets(), 200);
  return failure(
    status >= 500 ? "server-error" : "unreachable",
    `the API server ${session.server} could not open ${words} (${why}): perhaps it can't reach the kubelet. Next: ${look}`,
  );
}
