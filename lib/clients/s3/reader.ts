/**
 * Reads very many small objects of an S3 store: get, head and list, signed, over a ServiceConnection. It does what the SDK does for
 * these three at a tenth of its cost, and nothing else; it can't write.
 */
import { escaped } from "../../untrusted/api_path.ts";
import { Interrupted } from "../../engine/errors.ts";
import type { S3Keys } from "./client.ts";
import type { SeenS3 } from "./types.ts";
import { type ListPage, parseListPage } from "./list.ts";
import { pathSigner } from "./path_signer.ts";
import { type AskedS3, NoAnswer, readBody } from "./send.ts";
import { networkText } from "../transport.ts";
import type { ServiceConnection } from "../kubernetes/service_connection.ts";
import { pause } from "../kubernetes/client.ts";
import { codeOf } from "../../untrusted/code.ts";
import { between } from "../../untrusted/text.ts";

export interface S3ReaderOptions {
  connection: ServiceConnection;
  keys: S3Keys;
  region: string;
  /** Longest wait for one answer; a body of many bytes gets a second more for each MiB. */
  timeoutMs: number;
  /** Ends what is under way; its reason is thrown and should be an Interrupted. */
  signal?: AbortSignal;
  /** Requests at a time; default 32. */
  concurrency?: number;
  /** Largest object or answer that is read; default 512 MiB. */
  maxBytes?: number;
}

/** Each throws S3ReplyError for an answer that is neither the object nor "no such object", and NoAnswer for none. */
export interface S3Reader {
  /**
   * All of an object; undefined when there is none. `admit` is told how long an answer is before it is read (or how much
   * has come, where the store does not say); what it throws ends the reading and is thrown.
   */
  get(bucket: string, key: string, admit?: Admit): Promise<Uint8Array | undefined>;
  /** The size of an object in bytes; undefined when there is none. */
  size(bucket: string, key: string): Promise<number | undefined>;
  /** The objects whose keys begin so, in the order of their keys, a page of 1,000 at a time. */
  list(bucket: string, prefix: string, options?: ListOptions): AsyncGenerator<ListPage, void, void>;
  /** How many requests were sent. */
  requests(): number;
}

export type Admit = (bytes: number) => void;

export interface ListOptions {
  /** What goes on after it is given as a prefix, not as objects. */
  delimiter?: string;
  /** Only keys that come after this one. */
  after?: string;
}

/** The store answered, but would not: 403 AccessDenied, 404 NoSuchBucket, 503 SlowDown after every attempt. */
export class S3ReplyError extends Error {
  override name = "S3ReplyError";
  /** `seen` is the answer, for words about it. */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly bucket: string,
    readonly seen: SeenS3,
  ) {
    super(`HTTP ${status} ${code} of bucket ${bucket}`);
  }
}

const MAX_BYTES = 512 * 1024 * 1024;
/** Pages without a key, one after the other: a store may give some for keys that were deleted. */
const MOST_EMPTY = 100;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

interface Reply {
  status: number;
  headers: Headers;
  bytes: Uint8Array;
  asked: AskedS3;
}

/** A reader of the store at the way's URL; asks nothing yet. */
export function s3Reader(options: S3ReaderOptions): S3Reader {
  const sign = pathSigner(options.connection.url, options.keys, options.region);
  const turn = turns(options.concurrency ?? 32);
  let requests = 0;
  const ask = async (
    method: "GET" | "HEAD",
    bucket: string,
    key: string,
    query = "",
    admit?: Admit,
  ): Promise<Reply> => {
    const release = await turn();
    try {
      return await patiently(async () => {
        requests++;
        const signed = sign(method, bucket, key, query);
        return await once(method, signed, options, admit);
      }, options.signal);
    } finally {
      release();
    }
  };
  return {
    async get(bucket, key, admit) {
      const reply = await ask("GET", bucket, key, "", admit);
      if (reply.status === 200) return reply.bytes;
      return absent(reply, bucket);
    },
    async size(bucket, key) {
      const reply = await ask("HEAD", bucket, key);
      if (reply.status !== 200) return absent(reply, bucket);
      return Number(reply.headers.get("content-length") ?? NaN);
    },
    async *list(bucket, prefix, o = {}) {
      const met = new Set<string>();
      let empty = 0;
      for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
        const reply = await ask("GET", bucket, "", listQuery(prefix, o, token));
        if (reply.status !== 200) throw refused(reply, bucket);
        const page = parseListPage(new TextDecoder().decode(reply.bytes));
        // A cut or foreign answer: what it does not list must not be taken for missing.
        if (!page) throw refused(reply, bucket, "NotAListing");
        empty = page.objects.length + page.prefixes.length > 0 ? 0 : empty + 1;
        // Nor must a list that runs in a circle, or goes on with nothing, be read for ever.
        if (page.next !== undefined && (met.has(page.next) || empty > MOST_EMPTY)) {
          throw refused(reply, bucket, "NotAListing");
        }
        token = page.next;
        if (token !== undefined) met.add(token);
        yield page;
      }
    },
    requests: () => requests,
  };
}

/** HEAD has no body to tell a missing object from a missing bucket; whoever needs to know lists. */
function absent(reply: Reply, bucket: string): undefined {
  if (reply.status === 404 && /^(?:NoSuchKey|NotFound)$/.test(codeIn(reply))) return undefined;
  throw refused(reply, bucket);
}

function refused(reply: Reply, bucket: string, code = codeIn(reply)): S3ReplyError {
  const { status, headers, bytes, asked } = reply;
  const text = status < 300 ? "" : new TextDecoder().decode(bytes);
  return new S3ReplyError(status, code, bucket, { status, headers, text, asked });
}

function codeIn({ status, bytes }: Reply): string {
  const code = between(new TextDecoder().decode(bytes.subarray(0, 4096)), "<Code>", "</Code>");
  return codeOf(code) ?? (status === 404 ? "NotFound" : status === 403 ? "AccessDenied" : `Http${status}`);
}

/** In the order in which signatures want them. */
function listQuery(prefix: string, { delimiter, after }: ListOptions, token: string | undefined): string {
  const fields = [
    ...token === undefined ? [] : [["continuation-token", token]],
    ...delimiter === undefined ? [] : [["delimiter", delimiter]],
    ["list-type", "2"],
    ["max-keys", "1000"],
    ["prefix", prefix],
    ...after === undefined ? [] : [["start-after", after]],
  ];
  return fields.map(([name, value = ""]) => `${name}=${escaped(value)}`).join("&");
}

/** Tries again what a busy or restarting store did not answer: reading twice does no harm. */
async function patiently(send: () => Promise<Reply>, signal: AbortSignal | undefined): Promise<Reply> {
  for (let attempt = 1;; attempt++) {
    const wait = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random());
    try {
      const reply = await send();
      if (attempt === ATTEMPTS || ![429, 500, 502, 503, 504].includes(reply.status)) return reply;
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.trouble.why !== "network" || attempt === ATTEMPTS) {
        throw error;
      }
    }
    await pause(wait, signal ?? new AbortController().signal);
  }
}

async function once(
  method: string,
  { url, path, headers }: { url: string; path: string; headers: Record<string, string> },
  { connection, timeoutMs, signal, maxBytes = MAX_BYTES }: S3ReaderOptions,
  admit: Admit = () => {},
): Promise<Reply> {
  const asked = { method, path, sentAt: Date.now() };
  const control = new AbortController();
  const stop = () => control.abort();
  let objection: { error: unknown } | undefined;
  const admitted = (bytes: number) => {
    try {
      admit(bytes);
    } catch (error) {
      objection = { error };
      throw error;
    }
  };
  signal?.addEventListener("abort", stop, { once: true });
  let timer = setTimeout(stop, timeoutMs);
  try {
    if (signal?.aborted) throw signal.reason;
    const init = {
      method,
      headers,
      redirect: "manual",
      signal: control.signal,
      client: connection.client,
    } as const;
    const response = await fetch(url, init);
    const length = method === "HEAD" ? 0 : Number(response.headers.get("content-length") ?? 0);
    if (length > maxBytes) {
      await response.body?.cancel();
      throw new NoAnswer({ why: "too-big", limitBytes: maxBytes }, asked);
    }
    if (length > MIB) {
      clearTimeout(timer);
      timer = setTimeout(stop, timeoutMs + 1000 * length / MIB);
    }
    // Of a length that is said no more can come; else what comes is counted.
    const bounded = length > 0 && !response.headers.has("content-encoding");
    const bytes = await bodyOf(response, { bounded, length, asked, maxBytes }, admitted);
    if (bytes.length < length && !response.headers.has("content-encoding")) {
      throw new NoAnswer({ why: "network", text: "unexpected eof" }, asked, {
        bytes: bytes.length,
        of: length,
      });
    }
    return { status: response.status, headers: response.headers, bytes, asked };
  } catch (error) {
    if (signal?.aborted) {
      throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
    }
    if (error instanceof NoAnswer) throw error;
    if (objection) throw objection.error;
    throw new NoAnswer(
      control.signal.aborted ? { why: "timeout" } : { why: "network", text: networkText(error) },
      asked,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function bodyOf(
  response: Response,
  { bounded, length, asked, maxBytes }: {
    bounded: boolean;
    length: number;
    asked: AskedS3;
    maxBytes: number;
  },
  admit: Admit,
): Promise<Uint8Array> {
  if (!bounded) return await readBody({ body: response.body, asked }, maxBytes, admit);
  try {
    admit(length);
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  return await response.bytes();
}

const MIB = 1024 * 1024;

/** Lets `places` in at a time, in the order in which they came; what it gives lets the next one in. */
function turns(places: number): () => Promise<() => void> {
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else places++;
  };
  return async () => {
    if (places > 0) places--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return release;
  };
}
