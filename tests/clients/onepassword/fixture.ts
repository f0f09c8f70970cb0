/** What the tests of the Connect API share. */
import assert from "node:assert/strict";
import {
  type ConnectApi,
  connectApi,
  type ConnectApiOptions,
} from "../../../lib/clients/onepassword/client.ts";
import type { Failure } from "../../../lib/engine/model.ts";
import { failureOf } from "../kubernetes/fixture.ts";
import { PATIENT_MS } from "../../patience.ts";

export const VAULT = "ftz4pm2xxwmwrsd7rjqn7grzfz";
export const ITEM = "2fcbqwe9ndg175zg2dzwftvkpa";
/** Neither may be in a message. */
export const TOKEN = "eyJhbGciOiJFUzI1NiJ9.canary-connect-token.c2lnbmF0dXJl";
export const VALUE = "canary-S3-secret-key-0f9a";

export interface FakeConnect {
  url: string;
  /** `METHOD path?query`, in order of arrival. */
  requests: string[];
  headers: Headers[];
  bodies: unknown[];
}

/** A Connect server on this machine that answers like this, and a client of it. */
export async function againstConnect(
  answer: (request: Request) => Response | Promise<Response>,
  use: (api: ConnectApi, connect: FakeConnect) => Promise<void>,
  options: Partial<ConnectApiOptions> = {},
): Promise<void> {
  const [requests, headers, bodies]: [string[], Headers[], unknown[]] = [[], [], []];
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${decodeURIComponent(search)}`);
      headers.push(new Headers(request.headers));
      if (request.method !== "GET") bodies.push(await request.json());
      return await answer(request);
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    await use(connectApi({ url, token: TOKEN, timeoutMs: PATIENT_MS, ...options }), {
      url,
      requests,
      headers,
      bodies,
    });
  } finally {
    stop.abort();
    await server.finished;
  }
}

/** Connect's ErrorResponse. */
export function connectError(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ status, message }, { status, headers });
}

/** Why a call failed, with the address written URL; checked to hold no secret. */
export async function connectFailure(asked: Promise<unknown>, url = ""): Promise<Failure> {
  const failure = await failureOf(asked, url);
  for (const secret of [TOKEN, VALUE]) {
    for (let i = 0; i + 10 <= secret.length; i++) {
      assert(!failure.message.includes(secret.slice(i, i + 10)), failure.message);
    }
  }
  return { ...failure, message: failure.message.replaceAll("SERVER", "URL") };
}
