import assert from "node:assert/strict";
import { crash, fail, healthy, LEASES, look, NAMESPACES, type Small, the, without } from "../healthy.ts";
import { kubernetes } from "../../../lib/components/kubernetes/mod.ts";
import { LONG_AGO, NOW, on, rootsOf, SERVICES } from "../platform.ts";
import { expected, rowsOf, saying } from "../words.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};
const statusOf = (d: Awaited<ReturnType<typeof look>>, check: string) =>
  d.findings.filter((finding) => finding.check === check).map(({ status, reason }) => [status, reason]);

Deno.test("kubernetes: an API server with all its parts, live controllers, DNS and namespaces are ok", async () => {
  const diagnosis = await look(healthy());
  for (const check of ["apiserver-ready", "leases", "namespaces", "dns"]) {
    assert.deepEqual(statusOf(diagnosis, `kubernetes.${check}`).map(([status]) => status), ["ok"], check);
  }
});

Deno.test("kubernetes: an API server whose etcd fails says so", async () => {
  const body = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed";
  const diagnosis = await broken((small) => small.answers["/readyz"] = { status: 500, body });
  const [found] = on(diagnosis, "APIServer", "kubernetes");
  assert.deepEqual([found?.status, found?.reason], ["critical", "NotReady"]);
  assert.match(found?.message ?? "", /etcd failed/);
});

Deno.test("kubernetes: a /readyz that may not be asked is unknown", async () => {
  const diagnosis = await broken((small) => small.failures["/readyz"] = { kind: "forbidden", message: "no" });
  assert.deepEqual(statusOf(diagnosis, "kubernetes.apiserver-ready"), [["unknown", "Forbidden"]]);
});

Deno.test("kubernetes: a lease that is not renewed is critical; a distribution without leases is well", async () => {
  const late = await broken((small) => the(small, LEASES, "kube-scheduler").spec.renewTime = LONG_AGO);
  assert.deepEqual(rootsOf(late), ["Lease kube-scheduler NotRenewed"]);
  const none = await broken((small) => small.lists[LEASES] = []);
  assert.deepEqual(statusOf(none, "kubernetes.leases"), []);
});

Deno.test("kubernetes: leases of others than the control plane are nobody's concern", async () => {
  const diagnosis = await broken((small) => {
    const lease = {
      ...the(small, LEASES, "kube-scheduler"),
      metadata: { name: "old", namespace: "kube-system" },
    };
    small.lists[LEASES]?.push({ ...lease, spec: { ...lease.spec, renewTime: LONG_AGO } } as never);
  });
  assert.deepEqual(rootsOf(diagnosis), []);
});

Deno.test("kubernetes: leases that cannot be listed are unknown", async () => {
  const diagnosis = await broken((small) => small.failures[LEASES] = { kind: "forbidden", message: "no" });
  assert.deepEqual(statusOf(diagnosis, "kubernetes.leases"), [["unknown", "Forbidden"]]);
});

Deno.test("kubernetes: a namespace that has just been deleted is no fault, one that does not go is", async () => {
  const deleted = (at: string) =>
    broken((small) => {
      the(small, NAMESPACES, "kube-system").metadata.deletionTimestamp = at;
    });
  assert.deepEqual(rootsOf(await deleted("2026-01-01T11:59:30Z")), []);
  assert.deepEqual(rootsOf(await deleted(LONG_AGO)), ["Namespace kube-system TerminatingStuck"]);
});

Deno.test("kubernetes: DNS without endpoints is critical; without its Service it is skipped, with the reason", async () => {
  const ill = await broken((small) => fail(small, "kube-dns", crash()));
  assert.deepEqual(statusOf(ill, "kubernetes.dns"), [["critical", "NoEndpoints"]]);
  const other = await broken((small) => without(small, SERVICES, "kube-dns"));
  assert.deepEqual(statusOf(other, "kubernetes.dns"), [["skipped", "NotFound"]]);
});

Deno.test("kubernetes: DNS is unknown when Services cannot be listed", async () => {
  const diagnosis = await broken((small) => small.failures[SERVICES] = { kind: "timeout", message: "late" });
  assert.deepEqual(statusOf(diagnosis, "kubernetes.dns"), [["unknown", "Timeout"]]);
});

Deno.test("kubernetes: every phase and condition of a namespace is judged as its table says", async () => {
  const check = kubernetes.kinds.find(({ source }) => source.kind === "Namespace");
  assert.ok(check);
  const rows = rowsOf(check);
  assert.ok(rows.length >= 7, String(rows.length));
  const ask = async (status: object, deletionTimestamp?: string) => {
    const metadata = {
      name: "one",
      creationTimestamp: LONG_AGO,
      ...deletionTimestamp ? { deletionTimestamp } : {},
    };
    const small = healthy();
    const lists = { ...small.lists, [NAMESPACES]: [...small.lists[NAMESPACES] ?? [], { metadata, status }] };
    const diagnosis = await look({ ...small, lists } as Small);
    return saying(on(diagnosis, "Namespace", "one").find((one) => one.check === check.id));
  };
  for (const [field, word, verdict] of rows) {
    if (field === "status.conditions") {
      const [type, status] = word.split("=");
      const conditions = [{ type, status, message: "some words" }];
      const told = [
        await ask({ phase: "Active", conditions }),
        await ask({ phase: "Terminating", conditions }, LONG_AGO),
      ];
      assert.deepEqual(told, ["nothing", "critical TerminatingStuck"], word);
      continue;
    }
    const { young, old } = expected(verdict);
    const going = word === "Terminating";
    assert.equal(await ask({ phase: word }, going ? NOW : undefined), young, word);
    assert.equal(await ask({ phase: word }, going ? LONG_AGO : undefined), old, word);
  }
  assert.equal(await ask({ phase: "Dreaming" }), "unknown NotUnderstood");
});
