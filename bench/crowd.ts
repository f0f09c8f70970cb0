/** 2,000 pods that nobody runs: on a node of their own, in a namespace of their own, with the status of running pods. */
import { connect } from "../lib/clients/kubernetes/client.ts";

export const CROWD = "lakecheck-bench";

/** A line of `kubectl` with its input; throws with its stderr when it fails. */
export async function kubectl(
  binary: string,
  kubeconfig: string,
  args: string[],
  input?: string,
): Promise<string> {
  const child = new Deno.Command(binary, {
    args: ["--kubeconfig", kubeconfig, ...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const sent = input === undefined ? undefined : writeAll(child.stdin, input);
  const { code, stdout, stderr } = await child.output();
  await sent;
  const text = new TextDecoder();
  if (code !== 0) {
    throw new Error(`kubectl ${args.slice(0, 3).join(" ")}: ${text.decode(stderr).slice(-500)}`);
  }
  return text.decode(stdout);
}

async function writeAll(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

/** A pod like those of a Deployment: two containers, environment from Secrets, volumes, four conditions. */
function pod(template: string, index: number): string {
  return template.replaceAll("INDEX", String(index).padStart(4, "0"));
}

const SPEC = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "pod-INDEX",
    namespace: CROWD,
    labels: { app: "crowd", "app.kubernetes.io/name": "crowd", index: "INDEX" },
  },
  spec: {
    nodeName: CROWD,
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: true,
    tolerations: [{ operator: "Exists" }],
    containers: ["app", "sidecar"].map((name) => ({
      name,
      image: "registry.example.org/crowd/app:1.0",
      env: [
        { name: "ENDPOINT", value: "http://service.crowd.svc.cluster.local:8080" },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "crowd", key: "password", optional: true } } },
      ],
      ports: [{ name: "http", containerPort: 8080 }],
      resources: { requests: { cpu: "1m", memory: "1Mi" } },
    })),
    volumes: [{ name: "config", configMap: { name: "crowd", optional: true } }],
  },
};

/** Makes the crowd; `remove` takes it away again, also after Ctrl-C of the caller. */
export async function makeCrowd(
  binary: string,
  kubeconfig: string,
  count: number,
): Promise<() => Promise<void>> {
  const call = (args: string[], input?: string) => kubectl(binary, kubeconfig, args, input);
  const remove = async () => {
    await call(["delete", "namespace", CROWD, "--ignore-not-found", "--wait=false"]);
    await call([
      "delete",
      "pods",
      "--namespace",
      CROWD,
      "--all",
      "--force",
      "--grace-period=0",
      "--wait=false",
    ]);
    await call(["delete", "node", CROWD, "--ignore-not-found"]);
  };
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: CROWD },
    spec: { taints: [{ key: CROWD, effect: "NoSchedule" }] },
  };
  await call(["apply", "-f", "-"], JSON.stringify(node));
  await call(["create", "namespace", CROWD]).catch(() => "");
  await waitForAccount(call);
  const template = JSON.stringify(SPEC);
  for (let start = 0; start < count; start += 250) {
    const items = Array.from(
      { length: Math.min(250, count - start) },
      (_, i) => JSON.parse(pod(template, start + i)),
    );
    await call(
      ["create", "--validate=false", "-f", "-"],
      JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    );
  }
  const rest = await setRunning(kubeconfig, count);
  return async () => {
    rest();
    await remove();
  };
}

async function waitForAccount(call: (args: string[]) => Promise<string>): Promise<void> {
  for (let attempt = 0; attempt < 30; attempt++) {
    const there = await call(["get", "serviceaccount", "default", "-n", CROWD]).then(() => true, () => false);
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`namespace ${CROWD} got no service account within 15 s`);
}

/** What a kubelet would write, for these have none, until the result is called. */
async function setRunning(kubeconfig: string, count: number): Promise<() => void> {
  const { patchStatus, close } = await writer(kubeconfig);
  const now = new Date().toISOString().replace(/\.\d+/, "");
  const conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    .map((type) => ({ type, status: "True", lastTransitionTime: now }));
  const containerStatuses = ["app", "sidecar"].map((name) => ({
    name,
    ready: true,
    started: true,
    restartCount: 0,
    image: "registry.example.org/crowd/app:1.0",
    imageID: "registry.example.org/crowd/app@sha256:" + "0".repeat(64),
    containerID: "containerd://" + "0".repeat(64),
    state: { running: { startedAt: now } },
  }));
  const status = { phase: "Running", conditions, containerStatuses, podIP: "198.18.255.1", startTime: now };
  const indexes = Array.from({ length: count }, (_, index) => index);
  const workers = Array.from({ length: 16 }, async () => {
    for (let index = indexes.pop(); index !== undefined; index = indexes.pop()) {
      await patchStatus(`pod-${String(index).padStart(4, "0")}`, { status });
    }
  });
  await Promise.all(workers);
  const beat = async () => {
    const lastHeartbeatTime = new Date().toISOString().replace(/\.\d+/, "");
    const ready = {
      type: "Ready",
      status: "True",
      reason: "Bench",
      lastTransitionTime: now,
      lastHeartbeatTime,
    };
    await patchStatus("", { status: { conditions: [ready] } });
  };
  await beat();
  // A node that is silent for 50 s is lost, and its pods with it.
  const heart = setInterval(() => void beat().catch(() => {}), HEARTBEAT_MS);
  return () => {
    clearInterval(heart);
    close();
  };
}

const HEARTBEAT_MS = 10_000;

/** The tool's own client only reads, so the bench brings the few lines that write. */
async function writer(kubeconfig: string) {
  const plan = `${kubeconfig}.bench`;
  const { writePlan } = await import("./plan.ts");
  await writePlan(kubeconfig, plan);
  const { server, caCerts, cert, key } = JSON.parse(await Deno.readTextFile(plan));
  await Deno.remove(plan);
  const client = Deno.createHttpClient({ caCerts, cert, key, http1: false, http2: true });
  return {
    close: () => client.close(),
    async patchStatus(name: string, body: unknown): Promise<void> {
      const path = name ? `/api/v1/namespaces/${CROWD}/pods/${name}/status` : `/api/v1/nodes/${CROWD}/status`;
      const headers = { "content-type": "application/merge-patch+json" };
      const response = await fetch(server + path, {
        method: "PATCH",
        client,
        headers,
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`PATCH ${path}: HTTP ${response.status} ${text.slice(0, 200)}`);
    },
  };
}

/** How many pods the API server lists. */
export async function countPods(kubeconfig: string): Promise<number> {
  const client = await connect({ kubeconfig, timeoutMs: 30_000 });
  try {
    const { body } = await client.get("/api/v1/pods");
    return (body as { items: unknown[] }).items.length;
  } finally {
    client.close();
  }
}
