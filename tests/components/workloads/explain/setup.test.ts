import assert from "node:assert/strict";
import { workloads } from "../../../../lib/components/workloads/mod.ts";
import { registryOf } from "../../../../lib/components/workloads/images.ts";
import { pullFailureOf, pullText } from "../../../../lib/components/workloads/explain/image_failure.ts";
import { EVENTS, examined, NOW, on, pod, PODS, rootsOf, waiting } from "../../platform.ts";

const crash = { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 1, finishedAt: NOW } } };

async function saidOf(spec: object, ready = false): Promise<string> {
  const one = pod(
    "a",
    ready ? { spec: spec as Record<string, unknown> } : {
      ready,
      spec: spec as Record<string, unknown>,
      container: crash,
    },
  );
  return on(await examined([workloads], { lists: { [PODS]: [one] } }), "Pod", "a")[0]?.message ?? "";
}

Deno.test("set-up: a failing pod with name servers of its own says so", async () => {
  const dns = { dnsPolicy: "None", dnsConfig: { nameservers: ["10.9.9.9"] } };
  assert.match(
    await saidOf(dns),
    /its dnsPolicy None makes it ask the nameserver 10\.9\.9\.9 instead of the cluster's DNS/,
  );
  assert.match(
    await saidOf({ dnsPolicy: "Default" }),
    /dnsPolicy Default makes it ask the name servers of its node/,
  );
});

Deno.test("set-up: the cluster's DNS, and a pod that is well, are not spoken of", async () => {
  assert.doesNotMatch(await saidOf({ dnsPolicy: "ClusterFirst" }), /dnsPolicy/);
  assert.doesNotMatch(await saidOf({ dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true }), /dnsPolicy/);
  assert.equal(await saidOf({ dnsPolicy: "Default" }, true), "");
});

Deno.test("set-up: two containers that want one port are told, a proxy by its settings", async () => {
  const app = { name: "app", image: "app:1", ports: [{ containerPort: 8080 }] };
  const proxy = (statusPort: number) => ({
    name: "proxy",
    image: "proxy:1",
    env: [{ name: "PROXY_CONFIG", value: `{"statusPort":${statusPort}}` }],
  });
  const both = /containers app and (?:proxy|other) both want port 8080, so that one finds it already in use/;
  assert.match(await saidOf({ containers: [app, proxy(8080)] }), both);
  assert.match(await saidOf({ containers: [app, { ...app, name: "other" }] }), both);
  assert.doesNotMatch(await saidOf({ containers: [app, proxy(15020)] }), /both want/);
});

Deno.test("images: each kind of failure is told apart", () => {
  const cases = [
    ["host", "dial tcp: lookup registry.corp on 10.0.0.2:53: no such host"],
    ["unreachable", "dial tcp 10.0.0.9:443: i/o timeout"],
    ["refused", "failed to fetch anonymous token: 403 Forbidden"],
    ["rate", "429 Too Many Requests - toomanyrequests"],
    ["absent", "code = NotFound desc = failed to resolve reference: registry/app:9: not found"],
    ["platform", "no match for platform in manifest"],
    ["name", "couldn't parse image name: invalid reference format"],
    ["unknown", 'Back-off pulling image "app:1"'],
  ] as const;
  for (const [kind, message] of cases) assert.equal(pullFailureOf(message), kind, message);
  const from = { registry: registryOf("registry.corp/app:1"), pullSecrets: ["pull"] };
  assert.match(
    pullText("refused", from) ?? "",
    /registry\.corp denied access \(401 or 403\) with the pull Secret pull/,
  );
  assert.match(pullText("host", from) ?? "", /registry\.corp, does not resolve/);
  assert.equal(pullText("unknown", from), undefined);
});

Deno.test("images: between two tries the events of the pod say why, and of that image only", async () => {
  const event = (image: string) => ({
    metadata: { name: "e", namespace: "data-platform" },
    involvedObject: { kind: "Pod", namespace: "data-platform", name: "a" },
    reason: "Failed",
    message: `Failed to pull image "${image}": rpc error: code = NotFound desc = ${image}: not found`,
    lastTimestamp: NOW,
  });
  const one = pod("a", {
    ready: false,
    container: waiting("ImagePullBackOff", 'Back-off pulling image "app:1"'),
  });
  const look = (image: string) =>
    examined([workloads], { lists: { [PODS]: [one], [EVENTS]: [event(image)] } });
  const told = await look("app:1");
  assert.deepEqual(rootsOf(told), ["Image app:1 ImagePullFailed"]);
  assert.match(told.roots[0]?.message ?? "", /it was not found in its registry docker\.io/);
  assert.doesNotMatch((await look("other:1")).roots[0]?.message ?? "", /not found/);
});
