import assert from "node:assert/strict";
import fc from "fast-check";
import {
  causeOf,
  clusterOf,
  exclusionsOf,
  type NodeOffer,
  type PlacedPod,
} from "../../lib/scheduling/mod.ts";

const ROOM = { cpu: 8, memory: 2 ** 33, pods: 110 };
const worker = (name: string, more: Partial<NodeOffer> = {}): NodeOffer => ({
  name,
  allocatable: ROOM,
  ...more,
  labels: { "kubernetes.io/hostname": name, ...more.labels },
});
const waits = (needs: PlacedPod["needs"] = {}, labels = { app: "a" }): PlacedPod => ({
  namespace: "lake",
  labels,
  needs,
});
const on = (node: string, labels: Record<string, string>, needs: PlacedPod["needs"] = {}): PlacedPod => ({
  namespace: "lake",
  labels,
  node,
  needs,
});

const three = (more: Partial<NodeOffer> = {}) => ["w1", "w2", "w3"].map((name) => worker(name, more));
const control = worker("master", {
  unschedulable: true,
  labels: { "node-role.kubernetes.io/control-plane": "" },
});
const DEDICATED = { key: "dedicated", value: "gpu", effect: "NoSchedule" };
const TERM = { labelSelector: { matchLabels: { app: "a" } }, topologyKey: "kubernetes.io/hostname" };

function kindOf(pod: PlacedPod, nodes: NodeOffer[], pods: PlacedPod[] = []) {
  const cause = causeOf(pod, clusterOf(nodes, pods));
  return cause && [cause.kind, cause.nodes.map(({ node }) => node.name).join(" "), cause.choosy];
}

Deno.test("placement: a node that is free is no cause of anything", () => {
  assert.equal(kindOf(waits(), [...three(), control]), undefined);
  assert.equal(kindOf(waits(), []), undefined);
});

Deno.test("placement: a selector that no worker has is the cause, whatever is cordoned besides", () => {
  const pod = waits({ nodeSelector: { disk: "ssd" } });
  assert.deepEqual(kindOf(pod, [...three(), control]), ["selector", "w1 w2 w3", true]);
});

Deno.test("placement: an affinity is told from a selector, also where only the control plane would match", () => {
  const expression = { key: "state", operator: "NotIn", values: ["maintenance"] };
  const pod = waits({ nodeTerms: [{ matchExpressions: [expression] }] });
  const nodes = three({ labels: { state: "maintenance" } });
  assert.deepEqual(kindOf(pod, [...nodes, control]), ["affinity", "w1 w2 w3", true]);
});

Deno.test("placement: of the nodes that the pod asks for, the taint or the cordon is the cause", () => {
  const ssd = { labels: { disk: "ssd" } };
  const pod = waits({ nodeSelector: { disk: "ssd" } });
  const [, w2, w3] = three();
  const others = [w2, w3, control].flatMap((one) => one ?? []);
  assert.deepEqual(kindOf(pod, [worker("w1", { ...ssd, taints: [DEDICATED] }), ...others]), [
    "taint",
    "w1",
    true,
  ]);
  assert.deepEqual(kindOf(pod, [worker("w1", { ...ssd, unschedulable: true }), ...others]), [
    "cordon",
    "w1",
    true,
  ]);
});

Deno.test("placement: where every node is cordoned or tainted, the pod is not choosy", () => {
  assert.deepEqual(kindOf(waits(), three({ unschedulable: true })), ["cordon", "w1 w2 w3", false]);
  assert.deepEqual(kindOf(waits(), [...three({ taints: [DEDICATED] }), control]), [
    "taint",
    "w1 w2 w3",
    false,
  ]);
  const tolerations = [{ key: "dedicated", operator: "Exists" }];
  assert.equal(kindOf(waits({ tolerations }), three({ taints: [DEDICATED] })), undefined);
});

Deno.test("placement: a taint that is only preferred excludes nothing", () => {
  const taints = [{ key: "slow", effect: "PreferNoSchedule" }];
  assert.equal(kindOf(waits(), three({ taints })), undefined);
});

Deno.test("placement: resources are counted by what the pods of a node request", () => {
  const busy = three().map(({ name }) => on(name, {}, { requests: { cpu: 7 } }));
  assert.deepEqual(kindOf(waits({ requests: { cpu: 2 } }), three(), busy), ["resources", "w1 w2 w3", false]);
  assert.equal(kindOf(waits({ requests: { cpu: 1 } }), three(), busy), undefined);
  assert.deepEqual(kindOf(waits({ requests: { cpu: 12 } }), [...three(), control])?.[0], "resources");
});

Deno.test("placement: anti-affinity counts in both directions, and only in one topology", () => {
  const taken = three().map(({ name }) => on(name, { app: "a" }));
  const pod = waits({ podAntiAffinity: [TERM] });
  assert.deepEqual(kindOf(pod, [...three(), control], taken)?.[0], "anti-affinity");
  assert.equal(kindOf(pod, three(), taken.slice(1)), undefined);
  const jealous = three().map(({ name }) => on(name, { app: "b" }, { podAntiAffinity: [TERM] }));
  assert.deepEqual(kindOf(waits(), three(), jealous)?.[0], "anti-affinity");
  assert.equal(kindOf({ ...waits(), namespace: "other" }, three(), jealous), undefined);
});

Deno.test("placement: ports of the host, volumes out of reach, and company that is not there", () => {
  const taken = three().map(({ name }) => on(name, {}, { hostPorts: [80] }));
  assert.equal(kindOf(waits({ hostPorts: [80] }), three(), taken)?.[0], "ports");
  const terms = [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }];
  assert.equal(
    kindOf(waits({ volumes: [{ name: "pv", terms }] }), three({ labels: { zone: "b" } }))?.[0],
    "volume",
  );
  const company = [{ ...TERM, labelSelector: { matchLabels: { app: "cache" } } }];
  assert.equal(kindOf(waits({ podAffinity: company }), three())?.[0], "pod-affinity");
  assert.equal(kindOf(waits({ podAffinity: company }), three(), [on("w2", { app: "cache" })]), undefined);
});

Deno.test("placement: without what is named as the cause, one of its nodes has a constraint less", () => {
  const effect = fc.constantFrom("NoSchedule", "NoExecute", "PreferNoSchedule");
  const node = fc.record({
    name: fc.constantFrom("w1", "w2", "w3", "w4"),
    unschedulable: fc.boolean(),
    labels: fc.dictionary(fc.constantFrom("disk", "zone"), fc.constantFrom("a", "b")),
    taints: fc.array(fc.record({ key: fc.constantFrom("x", "y"), effect }), { maxLength: 2 }),
    allocatable: fc.record({ cpu: fc.integer({ min: 0, max: 4 }) }),
  });
  const needs = fc.record({
    nodeSelector: fc.dictionary(fc.constantFrom("disk", "zone"), fc.constantFrom("a", "b")),
    tolerations: fc.array(fc.record({ key: fc.constantFrom("x", "y"), operator: fc.constant("Exists") }), {
      maxLength: 1,
    }),
    requests: fc.record({ cpu: fc.integer({ min: 0, max: 4 }) }),
  });
  const nodes = fc.uniqueArray(node, { selector: ({ name }) => name, maxLength: 4 });
  fc.assert(fc.property(nodes, needs, (all, wanted) => {
    const cluster = clusterOf(all, []);
    const pod = waits(wanted);
    const cause = causeOf(pod, cluster);
    const free = all.some((one) => exclusionsOf(pod, one, cluster).length === 0);
    if (free || all.length === 0) return cause === undefined;
    return cause !== undefined && cause.nodes.length > 0 &&
      cause.nodes.every(({ by }) => by.some(({ kind }) => kind === cause.kind)) &&
      cause.nodes.length + cause.others.length === all.length;
  }));
});
