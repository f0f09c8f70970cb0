import { deepEqual, equal, ok } from "node:assert/strict";
import { labContext, labNetwork, SLOTS } from "../../lab/context.ts";

const ROOT = "/home/someone/work/lakecheck";
const CACHE = "/home/someone/.cache/lakecheck-lab";

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function range(cidr: string): [number, number] {
  const [base = "", prefix = ""] = cidr.split("/");
  const size = 2 ** (32 - Number(prefix));
  equal(toNumber(base) % size, 0, `${cidr} begins where its prefix says`);
  return [toNumber(base), toNumber(base) + size - 1];
}

Deno.test("no two slots share an address, and all stay in the range for benchmarks", () => {
  const [low, high] = range("198.18.0.0/15");
  const ranges: [number, number][] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    const net = labNetwork(slot);
    ranges.push(range(net.services), range(net.pods), [toNumber(net.outside) - 1, toNumber(net.node) + 1]);
  }
  ranges.sort(([a], [b]) => a - b);
  for (const [index, [first, last]] of ranges.entries()) {
    ok(first >= low && last <= high);
    const next = ranges[index + 1];
    if (next) ok(last < next[0], `${first}-${last} ends before ${next[0]}`);
  }
});

Deno.test("addresses of Services lie in the Service range, the gateway's in that of pods", () => {
  const net = labNetwork(3);
  const [low, high] = range(net.services);
  for (const address of [net.apiService, net.dns]) {
    ok(toNumber(address) > low && toNumber(address) < high);
  }
  ok(toNumber(net.monitor) > low && toNumber(net.monitor) < high && net.monitor !== net.dns);
  const [first, last] = range(net.pods);
  ok(toNumber(net.gateway) > first && toNumber(net.gateway) < last);
  equal(toNumber(net.apiService), low + 1, "the API server gives itself the first address of the range");
});

Deno.test("sockets fit into 107 bytes however deep the checkout is", () => {
  const ctx = labContext("/" + "deep/".repeat(60), 15, CACHE);
  const sockets = ["containerd.sock.ttrpc", "kubelet/pod-resources/kubelet.sock", `shims/${"0".repeat(64)}`];
  for (const name of sockets) ok(`${ctx.run}/${name}`.length <= 107, name);
  ok(ctx.veth.outside.length <= 15, "a network link's name has 15 characters at most");
});

Deno.test("two checkouts differ in everything that the machine has only once", () => {
  const one = labContext(ROOT, 0, CACHE);
  const two = labContext(`${ROOT}-copy`, 1, CACHE);
  const unique = (
    ctx: typeof one,
  ) => [ctx.run, ctx.netns, ctx.cgroup, ctx.veth.outside, ctx.registry, ctx.apiServer];
  for (const [index, value] of unique(one).entries()) ok(value !== unique(two)[index], value);
  equal(one.cache, two.cache, "what was built is shared");
});

Deno.test("a lab's state lies in its checkout", () => {
  const ctx = labContext(ROOT, 0, CACHE);
  deepEqual(ctx.kubeconfig, `${ROOT}/.lab/kubeconfig`);
  for (const path of [ctx.log, ctx.pki, ctx.etc]) ok(path.startsWith(`${ROOT}/.lab/`));
});
