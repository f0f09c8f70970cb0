/**
 * The read client of the Kubernetes API: GETs over fetch, each within a time and a size. It writes nothing.
 * docs/decisions/kubernetes_client.md says why it is not @kubernetes/client-node.
 */
import { sendable } from "../../untrusted/api_path.ts";
import { CannotLook, UsageError } from "../../engine/errors.ts";
import type { Answer, Connection, Failure } from "../../engine/model.ts";
import { type Meaning, readRawReply, readReply, readTail } from "./replies.ts";
import { expiredSince } from "../certificate.ts";
import { type TransportError } from "../network_errors.ts";
import { type KubeSession, transportFailure } from "./failures.ts";
import type { Target } from "./kubeconfig.ts";
import {
  findTarget,
  readMaterial,
  SURROUNDINGS,
  type Surroundings,
  type Wanted,
} from "./kubeconfig_files.ts";
import { redact } from "../../redact/mod.ts";
import { type Login, logIn } from "./login.ts";
import { openTransport } from "../route/open.ts";
import { chooseProxy, type Proxy, proxyAddress } from "../route/proxies.ts";
import { systemRoots, usableOf } from "../route/roots.ts";
import type { Headers, Reply, Transport } from "../transport.ts";

export interface ConnectOptions extends Wanted {
  /** Limit of each request, its retry included. */
  timeoutMs: number;
  /** Largest answer that is read; default 256 MiB. */
  maxBytes?: number;
  /** Default: `lakecheck`. */
  userAgent?: string;
  /** For tests. */
  around?: Surroundings;
  /** The run's own way into its cluster; what would choose another one is not used then. Default: one is opened. */
  cluster?: ClusterConnection;
}

/**
 * One way into one cluster for a whole run: the kubeconfig is read once, and whoever logs in does so once. Nothing is read
 * before the first `open`, whose errors are those of `connect`; every client that is given it shares its connections and
 * may be closed by itself.
 */
export interface ClusterConnection {
  open(): Promise<OpenedCluster>;
  /** Frees the connections; what is under way fails. */
  close(): void;
}

/** Who asks, whom, and over which connections. */
export interface OpenedCluster {
  target: Target;
  login: Login;
  /** PEM. */
  ca?: string;
  /** By which the API server is asked. */
  proxy?: Proxy;
  transport: Transport;
}

/** A way into the cluster that kubectl would talk to; reads nothing yet. */
export function clusterConnection(options: Omit<ConnectOptions, "cluster" | "timeoutMs">): ClusterConnection {
  let opening: Promise<OpenedCluster> | undefined;
  let opened: OpenedCluster | undefined;
  let closed = false;
  const keep = (one: OpenedCluster) => {
    opened = one;
    if (closed) one.transport.close();
    return one;
  };
  return {
    open: () => opening ??= openCluster(options).then(keep),
    close() {
      closed = true;
      opened?.transport.close();
    },
  };
}

async function openCluster(options: Omit<ConnectOptions, "cluster" | "timeoutMs">): Promise<OpenedCluster> {
  const around = options.around ?? SURROUNDINGS;
  const target = await findTarget(options, around);
  const { server, cluster, clusterName } = target;
  const [login, ca, choice] = await Promise.all([
    logIn(target),
    trustedBy(target, around),
    chooseProxy(new URL(server), cluster.proxyUrl, clusterName, around.env),
  ]);
  const transport = await openTransport({
    ...target,
    ...cluster,
    ...choice,
    ca,
    cert: login.cert,
    key: login.key,
  });
  return { target, login, ...ca ? { ca } : {}, ...choice.proxy ? { proxy: choice.proxy } : {}, transport };
}

/** PEM of the CAs of the kubeconfig, else of this machine's; undefined when the server shows no certificate or any will do. */
async function trustedBy(
  { server, cluster, clusterName }: Target,
  { env }: Surroundings,
): Promise<string | undefined> {
  if (!server.startsWith("https:") || cluster.insecure) return undefined;
  if (!cluster.ca) return await systemRoots(env);
  const what = `the CA of cluster ${clusterName}`;
  const ca = usableOf(await readMaterial(cluster.ca, what));
  if (ca) return ca;
  throw new UsageError(
    `${what} holds no certificate that can be read. Next: correct certificate-authority-data (or the file of ` +
      "certificate-authority) of the kubeconfig",
  );
}

export interface GetOptions {
  /** Ask for names, labels and owners only: no spec, no status, no data. */
  metadataOnly?: boolean;
  /** Any status is an answer, and the body need not be JSON: for GETs through the service proxy. */
  raw?: boolean;
  /** As `raw`, of a container's log: the body is the end of the text, so many UTF-16 units of it. */
  tail?: number;
}

/** The API server's version, or why it could not be asked. */
export type Preflight = { ok: true; version: string } | { ok: false; failure: Failure };

export interface KubeClient {
  context: string;
  connection: Connection;
  /** Throws CannotLook when there was no answer to speak of. */
  get(path: string, options?: GetOptions): Promise<Answer>;
  /**
   * GETs /version once, whoever asks and how often; ask it before the lists, which then share its connection.
   * It fails where every list fails, in the same words, which then need saying once.
   */
  preflight(): Promise<Preflight>;
  /** Ends what is under way and frees the connections. */
  close(): void;
}

const MAX_BYTES = 256 * 1024 * 1024;
/** Of a log: 80 entries of a runtime have 16 KiB each. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;
const JSON_TYPE = "application/json";
const METADATA_TYPE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/**
 * A client for the cluster that kubectl would talk to. Contacts nothing yet (a login plugin apart): a server
 * that is down is the failure of each `get`. UsageError when there is no usable kubeconfig or credential.
 */
export async function connect(options: ConnectOptions): Promise<KubeClient> {
  return clientOf(await openLine(options));
}

function clientOf(line: Line): KubeClient {
  const { session } = line;
  const get = (path: string, { metadataOnly, raw, tail }: GetOptions = {}) => {
    const accept = metadataOnly ? METADATA_TYPE : raw ? "*/*" : JSON_TYPE;
    const maxBytes = tail === undefined ? undefined : MAX_LOG_BYTES;
    return line.ask<Answer>({ method: "GET", path, accept, raw, maxBytes }, (reply) => {
      if (tail !== undefined) return readTail(reply, path, session, tail);
      return raw ? readRawReply(reply, path, session) : readReply(reply, path, session);
    });
  };
  let version: Promise<Preflight> | undefined;
  return {
    context: session.context,
    connection: connectionOf(line.target),
    get,
    preflight: () => version ??= readVersion(get),
    close: () => line.close(),
  };
}

/** Whether what goes to this API server, and comes from it, could be read or changed on the way. */
export function connectionOf({ server, cluster, clusterName }: Target): Connection {
  const { origin, protocol } = new URL(server);
  const to = "the API server";
  if (protocol === "http:") return { to, url: origin, tls: "none" };
  if (!cluster.insecure) return { to, url: origin, tls: "verified" };
  return { to, url: origin, tls: "unverified", why: `insecure-skip-tls-verify of cluster ${clusterName}` };
}

/** One request of the API server; `path` with its query. */
export interface Call {
  method: string;
  path: string;
  accept: string;
  /** JSON text. */
  body?: { type: string; text: string };
  /** Values in it that no message may hold. */
  secrets?: readonly string[];
  /** It goes through the service proxy: a 401 or 503 is the service's own. */
  raw?: boolean;
  /** Largest answer that is read; default: the line's. */
  maxBytes?: number;
}

/** A way to one API server as one user; what the read client and the write client (kube_writer.ts) share. */
export interface Line extends Omit<OpenedCluster, "transport"> {
  session: KubeSession;
  /** Aborted when the line is closed. */
  closed: AbortSignal;
  /** Sends, once more where that may help, and says what `read` makes of the reply. Throws CannotLook. */
  ask<T>(call: Call, read: (reply: Reply) => Meaning<T>): Promise<T>;
  close(): void;
}

/** Over the cluster that is given, or one of its own that closes with it; errors as of `connect`. */
export async function openLine(options: ConnectOptions): Promise<Line> {
  const cluster = options.cluster ?? clusterConnection(options);
  const { target, login, ca, proxy, transport } = await cluster.open();
  const session: KubeSession = {
    ...target,
    timeoutMs: options.timeoutMs,
    ownCa: target.cluster.ca !== undefined,
    hasCertificate: login.cert !== undefined,
    ...proxy ? { proxy: { address: proxyAddress(proxy), from: proxy.from } } : {},
    expired: () => expiredSince(login.cert),
    secrets: login.secrets,
  };
  const closing = new AbortController();

  async function send({ method, path, accept, body, maxBytes }: Call, signal: AbortSignal): Promise<Reply> {
    const headers: Headers = [
      ["accept", accept],
      ["user-agent", options.userAgent ?? "lakecheck"],
      ...await loginHeaders(login),
    ];
    if (body) headers.push(["content-type", body.type]);
    const limits = { signal, maxBytes: maxBytes ?? options.maxBytes ?? MAX_BYTES };
    const sent = await transport.send(method, target.server + sendable(path), headers, body?.text, limits);
    if (sent.ok) return sent.reply;
    throw new CannotLook(await transportFailure(sent.trouble, path, session, method !== "GET"));
  }

  async function ask<T>(call: Call, read: (reply: Reply) => Meaning<T>): Promise<T> {
    // Not setTimeout: its first use loads modules for 10 ms, while no request is on its way yet.
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(options.timeoutMs)]);
    try {
      const deadline = performance.now() + options.timeoutMs;
      let reply = await send(call, signal);
      const wait = waitBeforeRetry(reply, call.raw === true, login);
      if (wait !== undefined && performance.now() + wait < deadline) {
        await pause(wait, signal);
        reply = await send(call, signal);
      }
      const meaning = read(reply);
      if (meaning.ok) return meaning.answer;
      throw new CannotLook(await explained(meaning.failure, session));
    } catch (error) {
      throw withoutSecrets(error, [...login.secrets(), ...call.secrets ?? []]);
    }
  }

  function close(): void {
    if (closing.signal.aborted) return;
    closing.abort({ why: "closed" } satisfies TransportError);
    if (cluster !== options.cluster) cluster.close();
  }
  return { target, login, ca, proxy, session, closed: closing.signal, ask, close };
}

/** Once, when the server asks for it by Retry-After, or when a token that was renewed meanwhile may do. */
function waitBeforeRetry(reply: Reply, raw: boolean, login: Login): number | undefined {
  if (reply.status === 401 && !raw && login.renew()) return 0;
  return reply.status === 429 || (reply.status === 503 && !raw) ? reply.retryAfterMs : undefined;
}

async function loginHeaders(login: Login) {
  try {
    return await login.headers();
  } catch (error) {
    if (error instanceof UsageError) {
      throw new CannotLook({ kind: "unauthorized", message: error.message });
    }
    throw error;
  }
}

/** A 401 because of an expired client certificate is about the certificate. */
async function explained(failure: Failure, session: KubeSession): Promise<Failure> {
  const why = failure.kind === "unauthorized" ? await session.expired() : undefined;
  if (!why) return failure;
  return {
    kind: "certificate",
    message:
      `the client certificate of user ${session.userName} is no longer accepted by ${session.server}: ${why}. ` +
      "Next: get a new kubeconfig (on a kubeadm control plane: kubeadm certs renew admin.conf)",
  };
}

/** A server may quote what it was sent; whoever made the words may have forgotten it. */
function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof CannotLook)) return error;
  return new CannotLook({ kind: error.failure.kind, message: redact(error.failure.message, secrets) });
}

async function readVersion(get: KubeClient["get"]): Promise<Preflight> {
  try {
    const { body } = await get("/version");
    const version = (body as { gitVersion?: unknown } | null)?.gitVersion;
    return { ok: true, version: typeof version === "string" ? version : "unknown" };
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    // The server answers; that it keeps its version to itself is no fault.
    if (error.failure.kind === "forbidden") return { ok: true, version: "unknown" };
    return { ok: false, failure: error.failure };
  }
}

/** Waits that long, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
