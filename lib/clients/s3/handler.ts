/** Carries the SDK's requests by fetch: its own handlers know neither a ServiceConnection nor a limit for a body that stalls. */
import { escaped } from "../../untrusted/api_path.ts";
import { readBody, type S3Request, type S3Response, sendS3 } from "./send.ts";
import type { S3Options, SeenS3 } from "./types.ts";

/** A request as the SDK hands it over. */
interface SdkRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

interface SdkResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What stands here the SDK leaves alone; it hangs on the errors that it throws, as `$response`. */
  seen: SeenS3;
}

/** The SDK's HttpHandler. */
export interface Handler {
  handle(request: SdkRequest, options?: { abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/** An answer that no S3 gives, though its status is a success: a web page, for one. */
export class NotS3 extends Error {
  override name = "NotS3";
  constructor(readonly seen: SeenS3) {
    super(`the answer to ${seen.asked.method} ${seen.asked.path} is none of S3`);
  }
}

/** Largest body of an error. */
export const MAX_ERROR_BYTES = 1024 * 1024;
/** Largest stream that is sent with a length. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

/** A handler of requests that go by `options.way`. */
export function fetchHandler(options: S3Options): Handler {
  const { connection, timeoutMs, signal, maxBytes } = options;
  return {
    async handle(request, { abortSignal } = {}) {
      const signals = [signal, abortSignal instanceof AbortSignal ? abortSignal : undefined];
      const response = await sendS3(await requestOf(request), { connection, timeoutMs, signals, maxBytes });
      return { response: await sdkResponse(response) };
    },
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

async function requestOf(request: SdkRequest): Promise<S3Request> {
  const { method, protocol, hostname, port, path, query = {} } = request;
  const url = `${protocol}//${hostname}${port ? `:${port}` : ""}${path}${queryOf(query)}`;
  // fetch sends at once, so there is nothing to wait for.
  const { Expect: _waits, ...headers } = request.headers;
  return { method, url: sameUrl(url, path), headers, ...await bodyOf(method, request) };
}

/** fetch takes `.` and `..` out of a path, and would so ask for another object than the one that was signed. */
export function sameUrl(url: string, path: string): string {
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw new TypeError(`fetch can't ask for a key with a part "." or "..": ${path}`);
  }
  return url;
}

function queryOf(query: Record<string, string | string[] | null>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => one === null ? escaped(name) : `${escaped(name)}=${escaped(one)}`)
  );
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

/** A stream that has a length is sent with it, as other clients do; by fetch that takes its bytes at once. */
async function bodyOf(method: string, { body, headers }: SdkRequest): Promise<Pick<S3Request, "body">> {
  if (method === "GET" || method === "HEAD" || body === undefined || body === null) return {};
  if (typeof body === "string") return { body: new TextEncoder().encode(body) };
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body) };
  if (ArrayBuffer.isView(body)) {
    const { buffer, byteOffset, byteLength } = body;
    return { body: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
  }
  const stream = ReadableStream.from(body as AsyncIterable<Uint8Array<ArrayBuffer>>);
  if (!Object.keys(headers).some((name) => name.toLowerCase() === "content-length")) return { body: stream };
  const whole = { body: stream, asked: { method, path: "", sentAt: 0 } };
  return { body: await readBody(whole, MAX_STREAM_BYTES) };
}

async function sdkResponse(response: S3Response): Promise<SdkResponse> {
  const { status, headers, asked } = response;
  const failed = status >= 300;
  const bytes = failed ? await readBody(response, MAX_ERROR_BYTES) : undefined;
  const seen = { status, headers, text: new TextDecoder().decode(bytes), asked };
  if (!failed && isPage(headers)) {
    await response.body?.cancel();
    throw new NotS3(seen);
  }
  const body = bytes ? streamOf(bytes) : response.body ?? streamOf(new Uint8Array());
  return { statusCode: status, headers: Object.fromEntries(headers), body, seen };
}

/** A page that is stored as an object has an ETag or at least the id that S3 gives to every request. */
export function isPage(headers: Headers): boolean {
  const type = headers.get("content-type") ?? "";
  return /^text\/html|^application\/json/i.test(type) && !headers.has("x-amz-request-id") &&
    !headers.has("etag");
}

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
