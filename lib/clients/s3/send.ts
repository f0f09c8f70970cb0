/** Sends one request to S3 by fetch, over a ServiceConnection, with a limit for every wait. Knows HTTP and the limits, not the SDK. */
import { Interrupted } from "../../engine/errors.ts";
import type { TransportError } from "../network_errors.ts";
import type { ServiceConnection } from "../kubernetes/service_connection.ts";
import { networkText } from "../transport.ts";

/** What was asked for, as messages may say it. */
export interface AskedS3 {
  method: string;
  /** `/bucket/key` as in the URL; with `//host` before it when that is not the ServiceConnection's. Without its query. */
  path: string;
  /** Milliseconds since the epoch by this machine's clock. */
  sentAt: number;
}

/** A request that got no whole answer. The words for it are made in no_reply.ts. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
  /** Where the SDK looks, when it has more than one attempt: a connection that broke is tried again. */
  readonly code: string;
  constructor(readonly trouble: TransportError, readonly asked: AskedS3, readonly got?: Got) {
    super(`no whole answer to ${asked.method} ${asked.path}: ${trouble.why}`);
    this.code = trouble.why === "timeout" ? "ETIMEDOUT" : "ECONNRESET";
  }
}

/** How much of a body had come when it broke off. */
export interface Got {
  bytes: number;
  /** What Content-Length promised, if it did. */
  of?: number;
}

export interface S3Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

/** The head of an answer, and its body as it comes. */
export interface S3Response {
  status: number;
  headers: Headers;
  /** Absent: the answer has none. Its errors are NoAnswer or an Interrupted. */
  body?: ReadableStream<Uint8Array<ArrayBuffer>>;
  asked: AskedS3;
}

export interface SendOptions {
  connection: ServiceConnection;
  /** Longest wait for the head, and then for each piece of the body. */
  timeoutMs: number;
  /** Any of them ends the request; a reason that is an Interrupted is thrown as it is. */
  signals: readonly (AbortSignal | undefined)[];
  /** Largest body of the answer; default MAX_BODY_BYTES. */
  maxBytes?: number;
}

/** Largest body of an answer, bytes: far more than any object of the trials, and than a page of a list. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Sends it once. Any status is a response, a redirect too. Throws NoAnswer, or the Interrupted of a signal. */
export async function sendS3(request: S3Request, options: SendOptions): Promise<S3Response> {
  const { method, url, body } = request;
  const asked = { method, path: pathOf(url, options.connection), sentAt: Date.now() };
  const watch = watchOver(options, asked);
  try {
    watch.wait();
    const fetching = fetch(url, {
      method,
      // An object that is stored compressed must arrive as it is stored: fetch would unpack it.
      headers: { ...request.headers, "accept-encoding": "identity" },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: watch.signal,
      client: options.connection.client,
    });
    const response = await watch.orEnd(fetching).catch((error) => {
      fetching.then(({ body }) => body?.cancel()).catch(() => {});
      throw error;
    });
    watch.rest();
    const head = { status: response.status, headers: response.headers, asked };
    if (!response.body) return (watch.end(), head);
    const sizes = { length: lengthOf(response.headers), maxBytes: options.maxBytes ?? MAX_BODY_BYTES };
    const answer = watched(response.body, watch, asked, sizes);
    if ((sizes.length ?? 0) > sizes.maxBytes) {
      await answer.cancel();
      throw tooBig(sizes.maxBytes, asked);
    }
    return { ...head, body: answer };
  } catch (error) {
    watch.end();
    throw watch.named(error);
  }
}

/** One request's clock and signals. */
interface Watch {
  signal: AbortSignal;
  /** What is awaited, or the end of the request, if that comes first: a fetch whose head has come may miss the signal. */
  orEnd<T>(awaited: Promise<T>): Promise<T>;
  /** From now on somebody waits for the server. */
  wait(): void;
  /** Nobody does. */
  rest(): void;
  end(): void;
  /** What to throw for an error of fetch. */
  named(error: unknown, got?: Got): NoAnswer | Interrupted;
}

/** Own timers and listeners, all of them taken away at the end: those of AbortSignal.timeout and .any stay behind. */
function watchOver({ timeoutMs, signals }: SendOptions, asked: AskedS3): Watch {
  const control = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  control.signal.addEventListener("abort", () => ended.reject(control.signal.reason), { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (event: Event) => control.abort((event.target as AbortSignal).reason);
  for (const signal of given) {
    if (signal.aborted) control.abort(signal.reason);
    else signal.addEventListener("abort", stop, { once: true });
  }
  return {
    signal: control.signal,
    orEnd: (awaited) => Promise.race([awaited, ended.promise]),
    wait: () => timer = setTimeout(() => control.abort(LATE), timeoutMs),
    rest: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener("abort", stop);
    },
    named(error, got) {
      if (error instanceof NoAnswer) return error;
      const { aborted, reason } = control.signal;
      if (!aborted) return new NoAnswer({ why: "network", text: networkText(error) }, asked, got);
      if (reason === LATE) return new NoAnswer({ why: "timeout" }, asked, got);
      return reason instanceof Interrupted ? reason : new Interrupted("interrupted");
    },
  };
}

const LATE = Symbol("late");

function tooBig(limitBytes: number, asked: AskedS3): NoAnswer {
  return new NoAnswer({ why: "too-big", limitBytes }, asked);
}

/** The body to its limit, with the watch on whenever somebody waits for its next piece. */
function watched(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  watch: Watch,
  asked: AskedS3,
  { length, maxBytes }: { length?: number; maxBytes: number },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        watch.wait();
        const { done, value } = await watch.orEnd(reader.read());
        watch.rest();
        if (!done) {
          bytes += value.byteLength;
          if (bytes > maxBytes) throw tooBig(maxBytes, asked);
          return controller.enqueue(value);
        }
        watch.end();
        controller.close();
      } catch (error) {
        watch.end();
        reader.cancel().catch(() => {});
        controller.error(watch.named(error, { bytes, of: length }));
      }
    },
    async cancel(reason) {
      watch.end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/**
 * All of a body, of at most `maxBytes`. Throws what the body throws, NoAnswer when it is larger, and what `admit` throws
 * when it is told how much has come.
 */
export async function readBody(
  { body, asked }: { body?: S3Response["body"] | null; asked: AskedS3 },
  maxBytes: number,
  admit: (bytes: number) => void = () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  if (!body) return new Uint8Array();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > maxBytes) throw tooBig(maxBytes, asked);
    admit(size);
    pieces.push(piece);
  }
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function lengthOf(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function pathOf(url: string, connection: ServiceConnection): string {
  const { host, pathname } = new URL(url);
  return host === new URL(connection.url).host ? pathname : `//${host}${pathname}`;
}
