/** Sends one request and takes in its whole answer, within a time and a size. Knows HTTP and TLS, not Kubernetes. */
import { UsageError } from "../engine/errors.ts";
import type { TransportError } from "./network_errors.ts";
import { command } from "../untrusted/shell.ts";
import { own } from "../untrusted/lookup.ts";

/** An answer as it came. */
export interface Reply {
  status: number;
  /** Milliseconds the server asks to wait (Retry-After in seconds), if it does. */
  retryAfterMs?: number;
  text: string;
}

export type Sent = { ok: true; reply: Reply } | { ok: false; trouble: TransportError };

export type Headers = [name: string, value: string][];

export interface Limits {
  /** Aborted by a timeout of its own, or with a TransportError as its reason. */
  signal: AbortSignal;
  maxBytes: number;
}

/** Never throws: what goes wrong is a TransportError. Redirects are answers. */
export interface Transport {
  send(
    method: string,
    url: string,
    headers: Headers,
    body: string | undefined,
    limits: Limits,
  ): Promise<Sent>;
  close(): void;
}

/** How to reach one server; all PEM is text. */
export interface Route {
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  insecure: boolean;
  tlsServerName?: string;
  proxyUrl?: string;
  userName: string;
  clusterName: string;
}

/**
 * fetch, except where it has no option for what the kubeconfig asks (insecure-skip-tls-verify,
 * tls-server-name): there node:https. UsageError when certificate and key can't be used.
 */
export function openTransport(route: Route): Transport {
  if (!route.insecure && !route.tlsServerName) return overFetch(route);
  if (route.proxyUrl) {
    throw new UsageError(
      `cluster ${route.clusterName} sets proxy-url together with insecure-skip-tls-verify or tls-server-name, which ` +
        "is not supported. Next: trust the server's CA (certificate-authority-data) instead",
    );
  }
  return overNode(route);
}

/**
 * Over TLS one connection carries every request by HTTP/2, or one each by HTTP/1.1, as the server chooses (ALPN). Which it
 * is shows with the first answer: requests that are made together before it open a connection each.
 */
function overFetch(route: Route): Transport {
  const client = usable(route, () =>
    Deno.createHttpClient({
      caCerts: route.ca ? [route.ca] : [],
      ...(route.cert && route.key ? { cert: route.cert, key: route.key } : {}),
      ...(route.proxyUrl ? { proxy: { url: proxyOf(route) } } : {}),
      http1: true,
      http2: route.server.startsWith("https:"),
    }));
  return {
    send: (method, url, headers, body, { signal, maxBytes }) =>
      fetchOnce(url, { method, headers, body, redirect: "manual", signal, client }, maxBytes),
    close: () => client.close(),
  };
}

/** Sends one request by fetch; a TransportError when there was no whole answer of at most `maxBytes` bytes. */
export async function fetchOnce(
  url: string,
  init: RequestInit & { client: Deno.HttpClient; signal: AbortSignal },
  maxBytes: number,
): Promise<Sent> {
  const whole = await fetchWhole(url, init, maxBytes);
  if (!whole.ok) return whole;
  const { response: { status, headers }, text } = whole;
  return { ok: true, reply: { status, ...retryAfter(headers.get("retry-after")), text } };
}

export type Whole = { ok: true; response: Response; text: string } | { ok: false; trouble: TransportError };

/** As fetchOnce, with the head of the answer beside its text; the body of `response` is used up. */
export async function fetchWhole(
  url: string,
  init: RequestInit & { client: Deno.HttpClient; signal: AbortSignal },
  maxBytes: number,
): Promise<Whole> {
  const { signal } = init;
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  const stop = () => over.reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    const response = await fetch(url, init);
    // A body whose head has just come may miss the signal, and would be waited for without end.
    const text = await Promise.race([readAll(response.body, maxBytes), over.promise]);
    if (text === undefined) return { ok: false, trouble: { why: "too-big", limitBytes: maxBytes } };
    return { ok: true, response, text };
  } catch (error) {
    return { ok: false, trouble: troubleOf(error, signal) };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * The text of a body; undefined, and no more is read, when it has more than `maxBytes` bytes. It is read into one
 * buffer that grows, and decoded once: a chunk has 4 KiB, and a large list thousands of them.
 */
async function readAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  maxBytes: number,
): Promise<string | undefined> {
  if (!body) return "";
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(FIRST_BUFFER);
  let size = 0;
  while (true) {
    if (size === buffer.byteLength) buffer = buffer.transfer(size * 2);
    const { done, value } = await reader.read(new Uint8Array(buffer, size));
    if (value) {
      buffer = value.buffer;
      size += value.byteLength;
    }
    if (size > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    if (done) return new TextDecoder().decode(new Uint8Array(buffer, 0, size));
  }
}

const FIRST_BUFFER = 64 * 1024;

function overNode(route: Route): Transport {
  const modules = Promise.all([import("node:https"), import("node:buffer")]);
  const tls = {
    rejectUnauthorized: !route.insecure,
    ...(route.tlsServerName ? { servername: route.tlsServerName } : {}),
    // Without any `ca`, node:https asks for the system's, which needs a permission and is of no use here.
    ...(route.ca || route.insecure ? { ca: route.ca ?? [] } : {}),
    ...(route.cert && route.key ? { cert: route.cert, key: route.key } : {}),
  };
  const agent = modules.then(([https]) => new https.Agent({ keepAlive: true, ...tls }));
  return {
    async send(method, url, headers, body, limits) {
      const [https, { Buffer }] = await modules;
      const options = { ...tls, method, agent: await agent, headers: merged(headers), signal: limits.signal };
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
    close: () => void agent.then((one) => one.destroy()),
  };
}

function merged(headers: Headers): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, value] of headers) out[name] = [...own(out, name) ?? [], value];
  return out;
}

/** Makes a client; a certificate and key that are no pair are the user's to repair. */
function usable<T>(route: Route, make: () => T): T {
  try {
    return make();
  } catch {
    // The library's own words may quote what it was given.
    throw new UsageError(
      `the client certificate and key of user ${route.userName}, or the proxy-url of cluster ${route.clusterName}, ` +
        "can't be used: they are damaged or don't belong together. Next: get a new kubeconfig",
    );
  }
}

function proxyOf(route: Route): string {
  const url = URL.parse(route.proxyUrl ?? "");
  if (url && /^(https?|socks5h?):$/.test(url.protocol)) return url.href;
  throw new UsageError(
    `the proxy-url of cluster ${route.clusterName} is not an http, https or socks5 URL. ` +
      `Next: ${command`kubectl config set-cluster ${route.clusterName} --proxy-url=http://...`}`,
  );
}

function retryAfter(header: string | null): { retryAfterMs?: number } {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? { retryAfterMs: Number(header) * 1000 } : {};
}

function troubleOf(error: unknown, signal: AbortSignal): TransportError {
  if (signal.aborted) {
    const reason: TransportError | DOMException = signal.reason;
    return reason instanceof DOMException ? { why: "timeout" } : reason;
  }
  return { why: "network", text: networkText(error) };
}

/** What fetch and what caused it say, for the words of failures.ts. */
export function networkText(error: unknown): string {
  const words: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    words.push(at.name, at.message, (at as { code?: string }).code ?? "");
  }
  return words.join(" ");
}
