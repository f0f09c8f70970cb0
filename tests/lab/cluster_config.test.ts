import { deepEqual, equal, match, ok } from "node:assert/strict";
import { auditPolicy } from "../../lab/cluster/parts/apiserver.ts";
import { calicoObjects, cniNetwork } from "../../lab/cluster/parts/calico.ts";
import { parseHierarchies } from "../../lab/cluster/cgroups.ts";
import { containerdConfig, mirrorConfig } from "../../lab/cluster/parts/containerd.ts";
import { corednsObjects } from "../../lab/cluster/parts/coredns.ts";
import { renderKubeconfig } from "../../lab/cluster/kubeconfig.ts";
import { kubeletConfig } from "../../lab/cluster/parts/kubelet.ts";
import { linkCommands, parseMountPoints } from "../../lab/cluster/network.ts";
import { subject, validity } from "../../lab/cluster/pki.ts";
import { missingPackages } from "../../lab/cluster/programs.ts";
import { splitImageName } from "../../lab/cluster/parts/registry.ts";
import { parseImageList, templateName } from "../../lab/cluster/store.ts";
import { labContext } from "../../lab/context.ts";
import { renderParts } from "../../lab/status.ts";

const ctx = labContext("/checkout", 2, "/cache");

Deno.test("an image is served under its path without the registry's host", () => {
  const cases: [name: string, repository: string, reference: string][] = [
    ["ghcr.io/cloudnative-pg/postgresql:15.20", "cloudnative-pg/postgresql", "15.20"],
    ["registry.k8s.io/pause:3.10", "pause", "3.10"],
    ["localhost:5000/a/b", "a/b", "latest"],
    ["docker.io/library/busybox:1", "library/busybox", "1"],
    ["busybox:1", "library/busybox", "1"],
    ["rook/ceph:v1", "rook/ceph", "v1"],
    [`ghcr.io/x/y@sha256:${"a".repeat(64)}`, "x/y", `sha256:${"a".repeat(64)}`],
  ];
  for (const [name, repository, reference] of cases) {
    deepEqual(splitImageName(name), { repository, reference });
  }
});

Deno.test("a certificate's subject escapes what openssl reads as a separator", () => {
  equal(subject({ user: "system:node:lab", groups: ["system:nodes"] }), "/O=system:nodes/CN=system:node:lab");
  equal(subject({ user: "a/b+c\\d" }), "/CN=a\\/b\\+c\\\\d");
});

Deno.test("a certificate of negative days had a life and has ended", () => {
  const now = Date.UTC(2026, 0, 31);
  const { start, end } = validity(-2, now);
  ok(start < end && end.getTime() < now);
  const fresh = validity(1, now);
  equal(fresh.end.getTime() - fresh.start.getTime(), 86_400_000);
});

Deno.test("a kubeconfig holds its certificates and names its context", () => {
  const config = JSON.parse(renderKubeconfig("https://198.18.0.2:6443", "CA", "me", { cert: "C", key: "K" }));
  equal(config["current-context"], "lakecheck-lab");
  equal(config.clusters[0].cluster["certificate-authority-data"], btoa("CA"));
  equal(config.users[0].user["client-key-data"], btoa("K"));
  equal(config.contexts[0].context.user, "me");
});

Deno.test("the audit policy records every request, and the shape of a user's lists of Secrets, no Secret by name", () => {
  const policy = auditPolicy() as { rules: Record<string, unknown>[] };
  const last = policy.rules.at(-1);
  deepEqual(last, { level: "Metadata" });
  deepEqual(policy.rules[0]?.users, ["lakecheck-lab"]);
  deepEqual(policy.rules[0]?.verbs, ["list", "watch"]);
});

Deno.test("kubelet evicts, authorizes and looks nowhere outside its lab", () => {
  const config = kubeletConfig(ctx) as Record<string, unknown>;
  deepEqual(Object.keys(config.evictionHard as object).includes("memory.available"), true);
  deepEqual(config.authorization, { mode: "Webhook" });
  deepEqual(config.clusterDNS, [ctx.net.dns]);
  equal(config.cgroupRoot, "/lakecheck-lab-2");
});

Deno.test("containerd pulls everything from the lab's registry and keeps sockets in the short directory", () => {
  match(mirrorConfig(ctx), /http:\/\/198\.18\.64\.2:5000/);
  const config = containerdConfig(ctx, "/checkout/.lab/containerd");
  match(config, /address = "\/run\/lakecheck-lab\/2\/containerd\.sock"/);
  match(config, /socket_dir = "\/run\/lakecheck-lab\/2\/shims"/);
  match(config, /restrict_oom_score_adj = true/);
});

Deno.test("the pods' network enforces policies and masks pods that leave the cluster", () => {
  const network = cniNetwork(ctx) as { plugins: { type: string; policy?: unknown }[] };
  deepEqual(network.plugins.map((plugin) => plugin.type), ["calico", "portmap"]);
  deepEqual(network.plugins[0]?.policy, { type: "k8s" });
  const pool = calicoObjects(ctx).get("/apis/crd.projectcalico.org/v1/ippools/pods") as { spec: object };
  deepEqual(pool.spec, { cidr: ctx.net.pods, natOutgoing: true, ipipMode: "Never", vxlanMode: "Never" });
});

Deno.test("CoreDNS has the address that kubelet gives to pods", () => {
  const service = [...corednsObjects(ctx)].find(([path]) => path.endsWith("/services/kube-dns"))?.[1];
  equal((service as { spec: { clusterIP: string } }).spec.clusterIP, ctx.net.dns);
});

Deno.test("the namespace gets one link and one way out", () => {
  const { host, inside } = linkCommands(ctx);
  deepEqual(host[0]?.slice(0, 4), ["ip", "link", "add", "lakecheck2"]);
  ok(inside.some((argv) => argv.join(" ") === `ip route add default via ${ctx.net.outside}`));
});

Deno.test("mount points and cgroup hierarchies are read from mountinfo", () => {
  const text = [
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw",
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
    "50 27 0:44 / /a\\040b rw - tmpfs tmpfs rw",
    "",
  ].join("\n");
  ok(parseMountPoints(text).includes("/a b"));
  deepEqual(parseHierarchies(text), [
    { path: "/sys/fs/cgroup/memory", version: 1, controllers: ["memory"] },
    { path: "/sys/fs/cgroup/cpu,cpuacct", version: 1, controllers: ["cpu", "cpuacct"] },
    { path: "/sys/fs/cgroup/unified", version: 2, controllers: [] },
  ]);
});

Deno.test("a template of unpacked images is named by what is in it, in any order", () => {
  const a = { name: "a:1", dir: "images/a", digest: "sha256:1" };
  const b = { name: "b:1", dir: "images/b", digest: "sha256:2" };
  equal(templateName([a, b]), templateName([b, a]));
  ok(templateName([a, b]) !== templateName([a, { ...b, digest: "sha256:3" }]));
});

Deno.test("containerd's list of images gives names and digests", () => {
  const list = parseImageList(
    "REF TYPE DIGEST SIZE\nghcr.io/x/y:1 application/json sha256:aa 1.2 MiB linux/amd64 -\n",
  );
  deepEqual([...list], [["ghcr.io/x/y:1", "sha256:aa"]]);
});

Deno.test("the status table marks stand-ins", () => {
  const part = { kind: "process", version: "1", state: "running", ready: true };
  const table = renderParts([
    { ...part, name: "etcd", real: true },
    { ...part, name: "connect", real: false, ready: false, note: "for 1Password Connect" },
  ], 80).split("\n");
  equal(table.length, 5);
  match(table[1] ?? "", /^ok {2}etcd/);
  match(table[2] ?? "", /^-- {2}connect.*, stand-in$/);
  match(table[4] ?? "", /connect, a stand-in: for 1Password Connect\./);
});

Deno.test("a long state of a part is broken at words, below where it begins", () => {
  const part = { kind: "process", version: "1", ready: false, real: true, name: "etcd" };
  const lines = renderParts([{ ...part, state: "waits for its disk ".repeat(10).trim() }], 60).split("\n");
  equal(lines.filter((line) => line.length > 60).length, 0, lines.join("\n"));
  equal(lines.slice(2).every((line) => /^ {19}\S/.test(line)), true, lines.join("\n"));
});

Deno.test("what the distribution must bring is named by its package", () => {
  deepEqual(missingPackages(() => true), []);
  deepEqual(missingPackages((program) => program !== "ip" && program !== "ipset"), ["iproute2", "ipset"]);
});
