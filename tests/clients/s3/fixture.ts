/** What the tests of the S3 client share: a server that answers as it is told, and a client of it. */
import assert from "node:assert/strict";
import { CannotLook, Interrupted } from "../../../lib/engine/errors.ts";
import {
  givenConnection,
  type ServiceConnection,
} from "../../../lib/clients/kubernetes/service_connection.ts";
import type { S3Options } from "../../../lib/clients/s3/client.ts";
import { PATIENT_MS } from "../../patience.ts";

/** The keys of the examples in the documentation of AWS: they open nothing. */
export const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

export interface Heard {
  method: string;
  /** With its query, as it came. */
  path: string;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

export type Reply = (heard: Heard) => Response | Promise<Response>;

/** Runs `use` with options for a client of a server that gives `reply` to everything. */
export async function withStore(
  reply: Reply,
  use: (options: S3Options, heard: Heard[]) => Promise<void>,
  { named, ...more }: Partial<S3Options> & { named?: string } = {},
): Promise<void> {
  const heard: Heard[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { method, headers, url } = request;
    const path = url.replace(/^https?:\/\/[^/]+/, "");
    const one = { method, path, headers, body: await request.bytes() };
    heard.push(one);
    return await reply(one);
  });
  try {
    const { port } = server.addr;
    const connection = named ? wayTo(named, port) : givenConnection("--url", `http://127.0.0.1:${port}`);
    await withClient(connection, (options) => use(options, heard), more);
  } finally {
    await server.shutdown();
  }
}

/** The same of a server that speaks for itself: bytes on a connection. */
export async function withBytes(
  session: (connection: Deno.Conn) => Promise<void>,
  use: (options: S3Options) => Promise<void>,
  { scheme = "http", ...more }: Partial<S3Options> & { scheme?: string } = {},
): Promise<void> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const open = new Set<Deno.Conn>();
  const serving = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      session(connection).catch(() => {});
    }
  })();
  const { port } = listener.addr;
  try {
    await withClient(givenConnection("--url", `${scheme}://127.0.0.1:${port}`), use, more);
  } finally {
    listener.close();
    for (const connection of open) {
      try {
        connection.close();
      } catch {
        // It was closed by `talk`.
      }
    }
    await serving;
  }
}

/** A way that leads to a port of this machine whatever the name in the URL. */
function wayTo(host: string, port: number): ServiceConnection {
  const proxy = { transport: "tcp", hostname: "127.0.0.1", port } as const;
  const client = Deno.createHttpClient({ proxy });
  return {
    url: `http://${host}`,
    client,
    how: "port-forward",
    words: "through a port-forward",
    failure: () => undefined,
    close: () => Promise.resolve(client.close()),
  };
}

/** Runs `use` with options for a client over this way, and closes it. */
export async function withClient(
  connection: ServiceConnection,
  use: (options: S3Options) => Promise<void>,
  more: Partial<S3Options> = {},
): Promise<void> {
  try {
    await use({ connection, keys: KEYS, region: "us-east-1", timeoutMs: PATIENT_MS, ...more });
  } finally {
    await connection.close();
  }
}

/** An error as S3 writes it. */
export function refusal(
  status: number,
  code: string,
  { message = "", more = "", headers = {} }: {
    message?: string;
    more?: string;
    headers?: Record<string, string>;
  } = {},
): Response {
  const body =
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>` +
    `${more}<RequestId>tx1</RequestId></Error>`;
  return new Response(body, {
    status,
    headers: { "content-type": "application/xml", "x-amz-request-id": "tx1", ...headers },
  });
}

/** The failure that a promise ends with. Its message has no part of a key, one line, and a next step. */
export async function failureOf(promise: Promise<unknown>): Promise<{ kind: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Interrupted) return { kind: "interrupted", message: error.message };
    assert.ok(error instanceof CannotLook, `not CannotLook but ${error}`);
    const { message } = error.failure;
    assert.ok(!message.includes(KEYS.accessKeyId), message);
    assert.ok(!message.includes(KEYS.secretAccessKey.slice(0, 8)), message);
    assert.ok(!/\n/.test(message), message);
    assert.match(message, /Next: /);
    return error.failure;
  }
  assert.fail("it was answered");
}
