import assert from "node:assert/strict";
import { join } from "node:path";
import {
  issueClientCert,
  kubectl,
  PROCESS_NAMES,
  startCluster,
  writeKubeconfig,
} from "../../../lab/cluster/mod.ts";
import { daemonCgroup, pidsIn } from "../../../lab/cluster/cgroups.ts";
import { run, waitFor } from "../../../lab/process.ts";
import type { Progress } from "../../../lab/progress.ts";
import { lab } from "../live.ts";

const POD = "lakecheck-cluster-test";

async function ask(...args: string[]): Promise<string> {
  const result = await kubectl(lab(), args, { timeoutMs: 90_000 });
  assert.equal(result.code, 0, `kubectl ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** True when a TCP connection from the test's pod to `address` opens within two seconds. */
async function opens(address: string, port: number): Promise<boolean> {
  const script = `timeout 2 bash -c '</dev/tcp/${address}/${port}'`;
  const result = await kubectl(lab(), ["-n", POD, "exec", POD, "--", "bash", "-c", script]);
  return result.code === 0;
}

async function becomes(expected: boolean, address: string, port: number): Promise<void> {
  const reached = await waitFor(async () => await opens(address, port) === expected, 20_000, 200);
  assert.ok(reached, `${address}:${port} should ${expected ? "open" : "stay closed"}`);
}

Deno.test("network policies are enforced: default-deny cuts a pod off, also from outside the cluster", async () => {
  const ctx = lab();
  const listener = Deno.listen({ hostname: ctx.net.outside, port: 0 });
  const container = {
    name: "c",
    image: "ghcr.io/cloudnative-pg/postgresql:15.20",
    command: ["sleep", "600"],
  };
  const pod = { terminationGracePeriodSeconds: 0, containers: [container] };
  const deny = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
  const object = (apiVersion: string, kind: string, spec?: unknown) =>
    JSON.stringify({ apiVersion, kind, metadata: { name: POD, namespace: spec ? POD : undefined }, spec });
  const create = async (text: string) => {
    const result = await kubectl(ctx, ["create", "-f", "-"], { stdin: text });
    assert.equal(result.code, 0, result.stderr);
  };
  try {
    await create(object("v1", "Namespace"));
    const account = ["-n", POD, "get", "serviceaccount", "default"];
    assert.ok(await waitFor(async () => (await kubectl(ctx, account)).code === 0, 20_000, 100));
    await create(object("v1", "Pod", pod));
    await ask("-n", POD, "wait", "--for=condition=Ready", `pod/${POD}`, "--timeout=60s");
    const outside = listener.addr.port;
    await becomes(true, ctx.net.dns, 53);
    await becomes(true, ctx.net.outside, outside);
    await create(object("networking.k8s.io/v1", "NetworkPolicy", deny));
    await becomes(false, ctx.net.dns, 53);
    await becomes(false, ctx.net.outside, outside);
    await ask("-n", POD, "delete", "networkpolicy", POD);
    await becomes(true, ctx.net.dns, 53);
  } finally {
    listener.close();
    await kubectl(ctx, ["delete", "namespace", POD, "--ignore-not-found"], { timeoutMs: 90_000 });
  }
});

Deno.test("starting the cluster again starts nothing", async () => {
  const ctx = lab();
  // A daemon's helpers come and go (felix calls iptables); its supervisor stays.
  const supervises = (pid: number) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/comm`).trim() === "sh";
    } catch {
      return false;
    }
  };
  const pids = () => PROCESS_NAMES.map((name) => pidsIn(daemonCgroup(ctx, name)).find(supervises));
  const before = pids();
  const done: string[] = [];
  const progress: Progress = {
    start: () => {},
    done: (name) => void done.push(name),
    skip: () => {},
    fail: (name, failure) => assert.fail(`${name}: ${failure.why}`),
    info: () => {},
    close: () => {},
  };
  await startCluster(ctx, progress);
  assert.deepEqual(done, ["images in the registry"]);
  assert.deepEqual(pids(), before);
});

Deno.test("a daemon that is killed is started again by its supervisor", async () => {
  const ctx = lab();
  const cgroup = daemonCgroup(ctx, "kube-scheduler");
  const named = (pid: number) =>
    Deno.readTextFile(`/proc/${pid}/comm`).then((text) => text.trim(), () => "gone");
  const scheduler = async () => {
    for (const pid of pidsIn(cgroup)) if (await named(pid) === "kube-scheduler") return pid;
    return undefined;
  };
  const before = await scheduler();
  assert.ok(before);
  Deno.kill(before, "SIGKILL");
  const again = await waitFor(
    async () => {
      const now = await scheduler();
      return now !== undefined && now !== before;
    },
    20_000,
    100,
  );
  assert.ok(again, "no new scheduler after 20 s");
});

Deno.test("an expired certificate is refused, and a user without rights is told so", async () => {
  const ctx = lab();
  const path = join(ctx.dir, "cluster-test.kubeconfig");
  const list = [join(ctx.cache, "bin/kubectl"), "--kubeconfig", path, "get", "pods", "--all-namespaces"];
  try {
    const groups = ["lakecheck-testers"];
    writeKubeconfig(ctx, path, "nobody", await issueClientCert(ctx, { user: "nobody", groups, days: -1 }));
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    const expired = await run(list);
    assert.match(expired.stderr, /Unauthorized|provide credentials|certificate/i);
    writeKubeconfig(ctx, path, "nobody", await issueClientCert(ctx, { user: "nobody", groups, days: 1 }));
    const forbidden = await run(list);
    assert.match(forbidden.stderr, /Forbidden.*"nobody" cannot list resource "pods"/);
  } finally {
    Deno.removeSync(path);
  }
});
