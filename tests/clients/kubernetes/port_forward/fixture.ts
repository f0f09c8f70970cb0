/** What the tests of port-forwarding share. */
import { type Forward, forward } from "../../../../lib/clients/kubernetes/port_forward.ts";
import type { WriterOptions } from "../../../../lib/clients/kubernetes/writer.ts";
import { kubeconfigFor } from "../../../fakes/api_server.ts";
import { type FakeForwarder, type FakePod, serveForwards } from "../../../fakes/port_forward.ts";
import { PATIENT_MS } from "../../../patience.ts";
import { CANARY, withKubeconfig } from "../fixture.ts";

export const NAMESPACE = "external-secrets";
export const POD = "onepassword-connect-0";

/** A server on this machine that stands for the one in the pod. */
export async function inPod(use: (port: number) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} },
    async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  );
  try {
    await use(server.addr.port);
  } finally {
    stop.abort();
    await server.finished;
  }
}

export interface Attempt {
  pod?: Partial<FakePod>;
  user?: unknown;
  cluster?: Record<string, unknown>;
  options?: Partial<WriterOptions>;
  name?: string;
}

/** Forwards port 8080 of the pod, which leads to `port`. */
export async function forwarding(
  port: number,
  { pod = {}, user = { token: CANARY }, cluster = {}, options = {}, name = POD }: Attempt,
  use: (opening: Promise<Forward>, server: FakeForwarder) => Promise<void>,
): Promise<void> {
  await using server = await serveForwards({ namespace: NAMESPACE, name: POD, leadsTo: port, ...pod });
  await withKubeconfig(kubeconfigFor(server.url, user, cluster), async (kubeconfig) => {
    await use(forward({ kubeconfig, timeoutMs: PATIENT_MS, ...options }, NAMESPACE, name, 8080), server);
  });
}

export async function fetchText(url: string, init?: RequestInit): Promise<string> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    return await (await fetch(url, { ...init, client })).text();
  } finally {
    client.close();
  }
}

export { until } from "../../../patience.ts";
