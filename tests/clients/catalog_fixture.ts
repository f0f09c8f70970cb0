/** What the tests of the catalog's clients share: a server that answers as it is told. */
import assert from "node:assert/strict";
import { type NessieApi, nessieApi, type NessieOptions } from "../../lib/clients/nessie/client.ts";
import { givenConnection } from "../../lib/clients/kubernetes/service_connection.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import type { Failure } from "../../lib/engine/model.ts";
import { PATIENT_MS } from "../patience.ts";

export interface Asked {
  /** `METHOD path?query`, decoded. */
  requests: string[];
  headers: Headers[];
  bodies: string[];
  url: string;
}

export async function against(
  answer: (request: Request, nth: number) => Response | Promise<Response>,
  use: (api: NessieApi, asked: Asked, options: NessieOptions) => Promise<void>,
  more: Partial<NessieOptions> = {},
): Promise<void> {
  const stop = new AbortController();
  const asked: Asked = { requests: [], headers: [], bodies: [], url: "" };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const nth = asked.requests.push(`${request.method} ${decodeURIComponent(pathname + search)}`);
      asked.headers.push(new Headers(request.headers));
      asked.bodies.push(await request.text());
      return await answer(request, nth - 1);
    },
  );
  asked.url = `http://127.0.0.1:${server.addr.port}`;
  const connection = givenConnection("--url", asked.url);
  const options = { connection, timeoutMs: PATIENT_MS, ...more };
  try {
    await use(nessieApi(options), asked, options);
  } finally {
    await connection.close();
    stop.abort();
    await server.finished;
  }
}

/** The failure that a call comes to. */
export async function failing(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(() => undefined, (why) => why);
  assert.ok(error instanceof CannotLook, `${error}`);
  return error.failure;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}
