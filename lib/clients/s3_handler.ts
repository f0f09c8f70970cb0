/** Carries the SDK's requests by fetch: its own handlers know neither a Way nor a limit for a body that stalls. */
import type { S3Options } from "./s3.ts";

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
  reason: string;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array> | Blob;
}

/** The SDK's HttpHandler. */
export interface Handler {
  handle(
    request: SdkRequest,
    options?: { abortSignal?: unknown; requestTimeout?: number },
  ): Promise<{ response: SdkResponse }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/** A handler of requests that go by `options.way`. */
export function fetchHandler(_options: S3Options): Handler {
  return {
    handle: () => Promise.reject(new Error("not there yet")),
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}
