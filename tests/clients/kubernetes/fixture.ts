/** What the tests of the Kubernetes client share. */
import assert from "node:assert/strict";
import { connect, type ConnectOptions, type KubeClient } from "../../../lib/clients/kubernetes/client.ts";
import {
  connectWriter,
  type KubeWriter,
  type WriterOptions,
} from "../../../lib/clients/kubernetes/writer.ts";
import { CannotLook } from "../../../lib/engine/errors.ts";
import type { Failure } from "../../../lib/engine/model.ts";
import { type Behaviour, type FakeApiServer, kubeconfigFor, serveFake } from "../../fakes/api_server.ts";
import { PATIENT_MS } from "../../patience.ts";

/** A token that no message may hold. */
export const CANARY = "canary-Zx81-token-do-not-print";
export const PODS = "/api/v1/pods";
export const PROXY = "/api/v1/namespaces/data-platform/services/http:nessie:19120/proxy/api/v2/config";

/** A client of the server that this kubeconfig names; closed at the end. */
export async function withClient(
  kubeconfig: string,
  use: (client: KubeClient) => Promise<void>,
  options: Partial<ConnectOptions> = {},
): Promise<void> {
  await withKubeconfig(kubeconfig, async (file) => {
    const client = await connect({ kubeconfig: file, timeoutMs: PATIENT_MS, ...options });
    try {
      await use(client);
    } finally {
      client.close();
    }
  });
}

/** A file that holds this kubeconfig; gone at the end. */
export async function withKubeconfig(text: string, use: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "lakecheck-test-", suffix: ".kubeconfig" });
  try {
    await Deno.writeTextFile(file, text);
    await use(file);
  } finally {
    await Deno.remove(file);
  }
}

/** A client of a fake API server that behaves like this. */
export async function against(
  behaviour: Behaviour,
  use: (client: KubeClient, server: FakeApiServer) => Promise<void>,
  options: Partial<ConnectOptions> = {},
): Promise<void> {
  await using server = serveFake(behaviour);
  const text = kubeconfigFor(server.url, { token: CANARY });
  await withClient(text, (client) => use(client, server), options);
}

/** A writer for a fake API server that behaves like this; closed at the end. */
export async function writing(
  behaviour: Behaviour,
  use: (writer: KubeWriter, server: FakeApiServer) => Promise<void>,
  options: Partial<WriterOptions> = {},
): Promise<void> {
  await using server = serveFake(behaviour);
  await withKubeconfig(kubeconfigFor(server.url, { token: CANARY }), async (file) => {
    const writer = await connectWriter({ kubeconfig: file, timeoutMs: PATIENT_MS, ...options });
    try {
      await use(writer, server);
    } finally {
      writer.close();
    }
  });
}

/** Why it was not answered, with the server's address written SERVER; checked to hold no token. */
export async function failureOf(asked: Promise<unknown>, server = ""): Promise<Failure> {
  try {
    await asked;
  } catch (error) {
    assert(error instanceof CannotLook, String(error));
    const { kind, message } = error.failure;
    assert(!message.includes(CANARY), "the message holds the token");
    assert(!message.includes("\n"));
    return { kind, message: server ? message.replaceAll(server, "SERVER") : message };
  }
  throw new assert.AssertionError({ message: "it was answered" });
}
