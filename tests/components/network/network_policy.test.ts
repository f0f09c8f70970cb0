import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesSelector } from "../../../lib/components/common/selectors.ts";
import { crash, fail, healthy, look, NAMESPACES, POLICIES, put, type Small } from "../healthy.ts";
import { on, rootsOf } from "../platform.ts";

const policy = (name: string, app: string, spec: Record<string, unknown>) => ({
  metadata: { name, namespace: "data-platform" },
  spec: { podSelector: { matchLabels: { app } }, ...spec },
});
const toDns = {
  to: [{ namespaceSelector: { matchLabels: { name: "kube-system" } } }],
  ports: [{ protocol: "UDP", port: "dns" }],
};

/** What a policy of these rules is judged to be, while the catalog crashes. */
async function judged(...policies: unknown[]) {
  const small = healthy();
  put(small, POLICIES, ...policies);
  fail(small, "nessie", crash());
  return await look(small);
}
const reasons = (d: Awaited<ReturnType<typeof look>>) =>
  on(d, "NetworkPolicy", "p").map(({ status, reason }) => `${status} ${reason}`);

Deno.test("network: no policy at all is no finding", async () => {
  const diagnosis = await look(healthy());
  assert.deepEqual(diagnosis.findings.filter(({ check }) => check === "networkpolicies.flows"), []);
});

Deno.test("network: a policy that allows what is configured is ok", async () => {
  const small = healthy();
  const database = { to: [{ podSelector: { matchLabels: { app: "database" } } }], ports: [{ port: 8080 }] };
  put(small, POLICIES, policy("p", "nessie", { policyTypes: ["Egress"], egress: [database, toDns] }));
  const [found] = on(await look(small), "NetworkPolicy", "*");
  assert.equal(found?.status, "ok");
});

Deno.test("network: egress without a rule for the database is the root of the crash, and names the way", async () => {
  const diagnosis = await judged(policy("p", "nessie", { policyTypes: ["Egress"], egress: [toDns] }));
  assert.deepEqual(rootsOf(diagnosis), ["NetworkPolicy p NetworkPolicyDenies"]);
  assert.match(diagnosis.roots[0]?.message ?? "", /nessie → data-platform\/database \(TCP 8080, egress\)/);
  assert.equal(on(diagnosis, "Pod", "nessie-abc-1")[0]?.confidence, "likely");
});

Deno.test("network: egress to the Internet only, with the cluster's addresses excepted, cuts it too", async () => {
  const peer = { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } };
  assert.deepEqual(
    reasons(await judged(policy("p", "nessie", { policyTypes: ["Egress"], egress: [{ to: [peer] }] }))),
    [
      "critical NetworkPolicyDenies",
    ],
  );
});

Deno.test("network: egress to every address, or with no peers, cuts nothing", async () => {
  for (const rule of [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }, {}]) {
    assert.deepEqual(
      reasons(await judged(policy("p", "nessie", { policyTypes: ["Egress"], egress: [rule] }))),
      [],
    );
  }
});

Deno.test("network: a namespace that lacks the label that a policy selects is cut off from DNS", async () => {
  const small = healthy();
  const database = { to: [{ podSelector: {} }] };
  put(small, POLICIES, policy("p", "nessie", { policyTypes: ["Egress"], egress: [database, toDns] }));
  small.lists[NAMESPACES] = [];
  put(small, NAMESPACES, { metadata: { name: "kube-system" } }, { metadata: { name: "data-platform" } });
  fail(small, "nessie", crash());
  const diagnosis = await look(small);
  assert.match(on(diagnosis, "NetworkPolicy", "p")[0]?.message ?? "", /kube-system\/kube-dns \(UDP/);
});

Deno.test("network: ingress of the wrong port is critical, and of the right one is not", async () => {
  const from = [{ podSelector: { matchLabels: { app: "nessie" } } }];
  const open = (port: number | string) =>
    judged(policy("p", "database", { policyTypes: ["Ingress"], ingress: [{ from, ports: [{ port }] }] }));
  assert.deepEqual(reasons(await open(5432)), ["critical NetworkPolicyDenies"]);
  assert.deepEqual(reasons(await open(8080)), []);
  assert.deepEqual(reasons(await open("sql")), []);
});

Deno.test("network: a second policy that allows it makes it well", async () => {
  const closed = policy("p", "nessie", { policyTypes: ["Egress"], egress: [] });
  const open = policy("q", "nessie", { policyTypes: ["Egress"], egress: [{}] });
  assert.deepEqual(reasons(await judged(closed, open)), []);
});

Deno.test("network: what a policy cuts while all pods are well is a warning", async () => {
  const small = healthy();
  put(small, POLICIES, policy("p", "nessie", { policyTypes: ["Egress"], egress: [toDns] }));
  assert.deepEqual(reasons(await look(small)), ["warning NetworkPolicyDenies"]);
});

Deno.test("network: policies that cannot be listed are unknown", async () => {
  const small: Small = healthy();
  small.failures[POLICIES] = { kind: "forbidden", message: "no" };
  const found = (await look(small)).findings.filter(({ check }) => check === "networkpolicies.flows");
  assert.deepEqual(found.map(({ status }) => status), ["unknown"]);
});

const key = fc.constantFrom("app", "tier", "name");
const value = fc.constantFrom("a", "b", "c");
const labels = fc.dictionary(key, value);

Deno.test("selectors: an empty one matches everything, an absent one nothing", () => {
  fc.assert(fc.property(labels, (has) => matchesSelector({}, has) && !matchesSelector(undefined, has)));
});

Deno.test("selectors: matchLabels is the same as In with one value", () => {
  fc.assert(
    fc.property(
      labels,
      key,
      value,
      (has, name, wanted) =>
        matchesSelector({ matchLabels: { [name]: wanted } }, has) ===
          matchesSelector({ matchExpressions: [{ key: name, operator: "In", values: [wanted] }] }, has),
    ),
  );
});

Deno.test("selectors: NotIn and DoesNotExist are the opposites of In and Exists", () => {
  const opposites = [["In", "NotIn"], ["Exists", "DoesNotExist"]] as const;
  fc.assert(
    fc.property(
      labels,
      key,
      fc.array(value),
      fc.constantFrom(...opposites),
      (has, name, values, [a, b]) =>
        matchesSelector({ matchExpressions: [{ key: name, operator: a, values }] }, has) !==
          matchesSelector({ matchExpressions: [{ key: name, operator: b, values }] }, has),
    ),
  );
});

Deno.test("selectors: an operator that nobody knows matches nothing", () => {
  assert.equal(
    matchesSelector({ matchExpressions: [{ key: "app", operator: "Like" }] }, { app: "a" }),
    false,
  );
});
