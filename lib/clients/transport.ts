/** Sends one request and takes in its whole answer, within a time and a size. Knows HTTP and TLS, not Kubernetes. */
import type { TransportError } from "./network_errors.ts";

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

/** As a Reply has it, of the header Retry-After in seconds. */
export function retryAfter(header: string | null): { retryAfterMs?: number } {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? { retryAfterMs: Number(header) * 1000 } : {};
}

/** Why a request failed: its signal was aborted, or what was thrown says so. */
export function troubleOf(error: unknown, signal: AbortSignal): TransportError {
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
