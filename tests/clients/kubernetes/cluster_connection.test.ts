import assert from "node:assert/strict";
import { clusterConnection, connect } from "../../../lib/clients/kubernetes/client.ts";
import { connectWriter } from "../../../lib/clients/kubernetes/writer.ts";
import { UsageError } from "../../../lib/engine/errors.ts";
import { apiList, kubeconfigFor, serveFake } from "../../fakes/api_server.ts";
import { PATIENT_MS } from "../../patience.ts";

/** A kubeconfig whose user logs in with a program that writes a line into `count` each time. */
function loginsCounted(server: string, count: string): string {
  const credential = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "t" },
  });
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "sh",
    args: ["-c", `echo login >> ${count}; echo '${credential}'`],
    interactiveMode: "Never",
  };
  return kubeconfigFor(server, { exec });
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-test-" });
  try {
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a run logs in once and reads its kubeconfig once, however many clients it has", async () => {
  await inDirectory(async (directory) => {
    await using server = serveFake(() => apiList("PodList", []));
    const [kubeconfig, count] = [`${directory}/config`, `${directory}/count`];
    await Deno.writeTextFile(kubeconfig, loginsCounted(server.url, count));
    const cluster = clusterConnection({ kubeconfig });
    const [reader, writer] = await Promise.all([
      connect({ cluster, timeoutMs: PATIENT_MS }),
      connectWriter({ cluster, timeoutMs: PATIENT_MS }),
    ]);
    await Deno.remove(kubeconfig);
    await reader.get("/api/v1/pods");
    reader.close();
    // Another client's end is not the end of the cluster.
    await writer.list("/api/v1/pods");
    const late = await connectWriter({ cluster, timeoutMs: PATIENT_MS });
    await late.list("/api/v1/pods");
    assert.equal(await Deno.readTextFile(count), "login\n");
    cluster.close();
    await assert.rejects(late.list("/api/v1/pods"));
    assert.equal(server.requests.length, 3);
  });
});

Deno.test("without one, each client opens a cluster of its own, and closes it", async () => {
  await inDirectory(async (directory) => {
    await using server = serveFake(() => apiList("PodList", []));
    const [kubeconfig, count] = [`${directory}/config`, `${directory}/count`];
    await Deno.writeTextFile(kubeconfig, loginsCounted(server.url, count));
    for (let i = 0; i < 2; i++) {
      const client = await connect({ kubeconfig, timeoutMs: PATIENT_MS });
      await client.get("/api/v1/pods");
      client.close();
    }
    assert.equal(await Deno.readTextFile(count), "login\nlogin\n");
  });
});

Deno.test("a cluster that can't be opened says so to whoever asks, and closes without a word", async () => {
  const cluster = clusterConnection({ kubeconfig: "/nonexistent" });
  cluster.close();
  await assert.rejects(connect({ cluster, timeoutMs: PATIENT_MS }), UsageError);
  await assert.rejects(connectWriter({ cluster, timeoutMs: PATIENT_MS }), UsageError);
  cluster.close();
});
