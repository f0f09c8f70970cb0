import assert from "node:assert/strict";
import { healthy, look, type Small, the } from "../healthy.ts";
import { nodesComponent } from "../../../lib/components/nodes/mod.ts";
import { LONG_AGO, NODES, on, rootsOf } from "../platform.ts";
import { expected, rowsOf, saying } from "../words.ts";

const broken = (change: (small: Small) => void) => {
  const small = healthy();
  change(small);
  return look(small);
};

Deno.test("nodes: Ready nodes are ok, and so is what they can take", async () => {
  const found = on(await look(healthy()), "Node", "*");
  assert.deepEqual(found.map(({ check, status, observed }) => [check, status, observed]), [
    ["nodes.ready", "ok", "2 of 2"],
    ["nodes.some-ready", "ok", "2 of 2"],
  ]);
});

for (const type of ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]) {
  Deno.test(`nodes: ${type} is critical`, async () => {
    const diagnosis = await broken((small) => {
      const { conditions } = the(small, NODES, "node-2").status;
      (conditions as Record<string, string>[]).push({ type, status: "True", message: "kubelet says so" });
    });
    assert.deepEqual(rootsOf(diagnosis), [`Node node-2 ${type}`]);
  });
}

Deno.test("nodes: one that does not report is critical, with how long", async () => {
  const diagnosis = await broken((small) =>
    the(small, NODES, "node-2").status.conditions[0].status = "Unknown"
  );
  const [found] = on(diagnosis, "Node", "node-2");
  assert.equal(found?.reason, "NodeNotReady");
  assert.match(found?.message ?? "", /for 2 h/);
});

Deno.test("nodes: a cordoned node is a warning, for somebody may have meant it", async () => {
  const diagnosis = await broken((small) => {
    const object = the(small, NODES, "node-2");
    object.spec = { ...object.spec, unschedulable: true };
  });
  assert.deepEqual(on(diagnosis, "Node", "node-2").map(({ status, reason }) => [status, reason]), [
    ["warning", "Cordoned"],
  ]);
});

Deno.test("nodes: none at all is critical, and not 0 of 0 well", async () => {
  const diagnosis = await broken((small) => small.lists[NODES] = []);
  assert.deepEqual(on(diagnosis, "Node", "*").map(({ status, reason }) => [status, reason]), [[
    "critical",
    "NoNode",
  ]]);
});

Deno.test("nodes: that none takes pods is a symptom of the nodes that are lost", async () => {
  const diagnosis = await broken((small) => {
    for (const object of small.lists[NODES] ?? []) object.status.conditions[0].status = "False";
  });
  assert.deepEqual(rootsOf(diagnosis).toSorted(), ["Node node-1 NodeNotReady", "Node node-2 NodeNotReady"]);
  const [none] = on(diagnosis, "Node", "*").filter(({ reason }) => reason === "NoNode");
  assert.equal(none?.role, "symptom");
});

Deno.test("nodes: that cannot be listed are unknown", async () => {
  const diagnosis = await broken((small) => small.failures[NODES] = { kind: "forbidden", message: "no" });
  assert.deepEqual(on(diagnosis, "Node", "*").map(({ status }) => status), ["unknown", "unknown"]);
});

Deno.test("nodes: every condition is judged as its table says", async () => {
  const [check] = nodesComponent.kinds;
  assert.ok(check);
  const rows = rowsOf(check);
  assert.ok(rows.length >= 16, String(rows.length));
  const said = async (type = "", status = "", reason = "") => {
    const diagnosis = await broken((small) => {
      const object = the(small, NODES, "node-2");
      const told = { type, status, reason, message: "some words", lastTransitionTime: LONG_AGO };
      const others = object.status.conditions.filter((one) => one.type !== type);
      object.status.conditions = [...others, told] as unknown as typeof object.status.conditions;
    });
    return saying(on(diagnosis, "Node", "node-2").find((one) => one.check === check.id));
  };
  for (const [, word, verdict] of rows) {
    assert.equal(await said(...word.split(/=|, /)), expected(verdict).old, word);
  }
  for (const type of ["Ready", "MemoryPressure"]) {
    assert.equal(await said(type, "Perhaps"), "unknown NotUnderstood", type);
  }
});
