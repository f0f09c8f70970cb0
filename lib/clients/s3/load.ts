/**
 * S3 requests with as little of our own between them and the store as can be, to measure it: presigned beforehand, sent
 * by fetch, their bodies drained into a buffer that is used again. The client that measures is not the one that proves.
 */
import { CannotLook } from "../../engine/errors.ts";
import { quote } from "../../redact/mod.ts";
import { s3Failure, type S3Session } from "./client.ts";
import { readBody } from "./send.ts";
import { errorFields, secretsOf } from "./error_replies.ts";

/** A request as it goes out, over and over. */
export interface LoadRequest {
  method: string;
  /** Presigned: a secret as long as it is valid. */
  url: string;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  /** Bytes of the body of a whole answer; default: any. */
  expect?: number;
}

/** `SlowDown`, `HTTP 500 InternalError`, `CutBody`; words are one line and hold no secret. */
export interface LoadError {
  kind: string;
  words: string;
}

/** What a server says when it has more to do than it can; gateways and proxies have words of their own for it. */
const BUSY = new Set([429, 503]);
/** Large enough that a body of many megabytes comes in few pieces. */
const BUFFER_BYTES = 256 * 1024;
const MOST_BUFFERS = 128;
/** A body that comes in one piece costs less without a reader. */
const SMALL_BYTES = 64 * 1024;
const MAX_ERROR_BYTES = 1024 * 1024;

export interface LoadClient {
  /** Bytes that were moved, or how the store refused. CannotLook when there was no whole answer. */
  send(request: LoadRequest, signal: AbortSignal): Promise<number | LoadError>;
}

export function loadClient(session: S3Session): LoadClient {
  const { client } = session.connection;
  const buffers: ArrayBuffer[] = [];
  const drain = async (body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number> => {
    let buffer = buffers.pop() ?? new ArrayBuffer(BUFFER_BYTES);
    const reader = body.getReader({ mode: "byob" });
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      if (done || !value) break;
      bytes += value.length;
    }
    if (buffers.length < MOST_BUFFERS) buffers.push(buffer);
    return bytes;
  };
  return {
    async send({ method, url, headers, body, expect }, signal) {
      try {
        const response = await fetch(url, { method, headers, body, signal, client, redirect: "manual" });
        if (!response.ok) {
          return loadError(response.status, await errorText(response, method, url), method, session);
        }
        const bytes = expect !== undefined && expect <= SMALL_BYTES && isWhole(response, expect)
          ? (await response.bytes()).length
          : response.body
          ? await drain(response.body)
          : 0;
        if (expect !== undefined && bytes !== expect) return cut(method, bytes, expect);
        return bytes + (body?.length ?? 0);
      } catch (error) {
        // What ended it knows why: the load, for it was late or interrupted.
        if (signal.aborted) throw new CannotLook({ kind: "timeout", message: "it was ended" });
        throw s3Failure(error, session);
      }
    },
  };
}

/** Of a length that is said no more can come; a body of any other length is counted and not held. */
function isWhole({ headers }: Response, bytes: number): boolean {
  return headers.get("content-length") === `${bytes}` && !headers.has("content-encoding");
}

async function errorText({ body }: Response, method: string, url: string): Promise<string> {
  const asked = { method, path: new URL(url).pathname, sentAt: Date.now() };
  return new TextDecoder().decode(await readBody({ body, asked }, MAX_ERROR_BYTES));
}

function loadError(status: number, text: string, method: string, session: S3Session): LoadError {
  const { code, message } = errorFields(text);
  const named = code ? ` ${code}` : "";
  const kind = BUSY.has(status) ? "SlowDown" : `HTTP ${status}${named}`;
  const said = message ? `: ${message}` : "";
  return { kind, words: quote(`${method} gave HTTP ${status}${named}${said}`, secretsOf(session), 200) };
}

function cut(method: string, bytes: number, expect: number): LoadError {
  return { kind: "CutBody", words: `${method} gave ${bytes} bytes where ${expect} were stored` };
}
