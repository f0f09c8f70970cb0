import assert from "node:assert/strict";
import fc from "fast-check";
import { buildGraph } from "../../lib/engine/graph.ts";
import type { Finding } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { diagnosed, made, type Thing, toyFacts, toys } from "./toy.ts";

const roots = (items: Parameters<typeof diagnosed>[0]) =>
  diagnosed(items).roots.map((root) => root.object.name);

function finding(items: Parameters<typeof diagnosed>[0], name: string): Finding {
  const found = diagnosed(items).findings.find((entry) => entry.object.name === name);
  assert.ok(found, `no finding on ${name}`);
  return found;
}

Deno.test("nothing unwell gives no root and one ok finding", () => {
  const { findings, roots } = diagnosed([made("a"), made("b", undefined, "a")]);
  assert.deepEqual(roots, []);
  assert.deepEqual(findings.map((entry) => [entry.status, entry.observed]), [["ok", "2 of 2"]]);
});

Deno.test("what fails because of what it needs is a symptom, with the shortest chain", () => {
  const items = [
    made("pod", "Waiting", "secret", "detour"),
    made("detour", "Waiting", "secret"),
    made("secret", "Failed"),
  ];
  assert.deepEqual(roots(items), ["secret"]);
  assert.equal(finding(items, "pod").role, "symptom");
  assert.deepEqual(finding(items, "pod").chain?.map((step) => step.object.name), ["secret"]);
});

Deno.test("an edge explains only the reasons it can explain", () => {
  const items = [
    made("pod", "OOMKilled", { name: "secret", explains: ["Waiting"] }),
    made("secret", "Failed"),
  ];
  assert.deepEqual(roots(items).toSorted(), ["pod", "secret"]);
});

Deno.test("two faults give two roots, the one that explains more first", () => {
  const items = [
    made("a", "X", "one"),
    made("b", "X", "one"),
    made("c", "X", "two"),
    made("one", "Y"),
    made("two", "Y"),
  ];
  assert.deepEqual(roots(items), ["one", "two"]);
});

Deno.test("an absent object is the root when something fails for want of it", () => {
  const items = [made("pod", "Waiting", "secret")];
  assert.deepEqual(roots(items), ["secret"]);
  assert.equal(finding(items, "secret").reason, "Missing");
  assert.equal(finding(items, "secret").status, "critical");
});

Deno.test("an absent object that hurts nobody yet is a warning", () => {
  const items = [made("pod", undefined, "secret")];
  assert.equal(finding(items, "secret").status, "warning");
});

Deno.test("an absent object that is optional is no finding", () => {
  assert.deepEqual(
    diagnosed([made("pod", "Waiting", { name: "secret", optional: "yes" })]).findings.map((f) =>
      f.object.name
    ),
    ["pod"],
  );
});

Deno.test("a chain through an inference is likely, a direct one is proven", () => {
  const items = [
    made("pod", "Crash", { name: "service", inferred: "yes" }),
    made("user", "X", "service"),
    made("service", "Down"),
  ];
  assert.equal(finding(items, "pod").confidence, "likely");
  assert.equal(finding(items, "user").confidence, "proven");
});

Deno.test("a warning does not explain what is critical", () => {
  const items = [made("pod", "Crash", "disk"), { ...made("disk", "Slow"), status: "warning" }];
  assert.deepEqual(roots(items), ["pod"]);
  assert.equal(finding(items, "disk").role, "independent");
});

Deno.test("a warning that something waits for explains it, and is as bad", () => {
  const disk: Thing = { ...made("disk", "Slow"), status: "warning" };
  const pod: Thing = { ...made("pod", "Slow", "disk"), status: "warning" };
  const release = made("release", "GaveUp", { name: "pod", decisive: "yes" });
  assert.deepEqual(roots([release, pod, disk]), ["disk"]);
  assert.equal(finding([release, pod, disk], "disk").status, "critical");
  assert.equal(finding([release, pod, disk], "pod").status, "warning");
  assert.equal(finding([pod, disk], "disk").status, "warning");
});

Deno.test("a warning that something waits for explains nothing that something worse explains", () => {
  const disk: Thing = { ...made("disk", "Slow"), status: "warning" };
  const release = made("release", "GaveUp", { name: "disk", decisive: "yes" }, "node");
  assert.deepEqual(roots([release, disk, made("node", "Down")]), ["node"]);
  assert.equal(finding([release, disk, made("node", "Down")], "disk").status, "warning");
});

Deno.test("things that wait for each other have one root between them", () => {
  const items = [
    made("a", "Waiting", "b"),
    made("b", "Waiting", "c"),
    made("c", "Waiting", "a"),
    made("d", "Waiting", "a"),
  ];
  assert.equal(roots(items).length, 1);
});

Deno.test("a circle that hangs on something outside has its root outside", () => {
  const items = [made("a", "Waiting", "b"), made("b", "Waiting", "a", "store"), made("store", "Failed")];
  assert.deepEqual(roots(items), ["store"]);
});

Deno.test("property: every unwell finding is a root, independent, or a symptom whose chain ends at a root", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h");
  const item = fc.record({ name, bad: fc.boolean(), needs: fc.array(name, { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.uniqueArray(item, { selector: (entry) => entry.name, maxLength: 8 }), (entries) => {
      const { findings, roots } = diagnosed(
        entries.map((entry) => made(entry.name, entry.bad ? "Bad" : undefined, ...entry.needs)),
      );
      const rootNames = new Set(roots.map((root) => root.object.name));
      for (const entry of findings.filter((found) => found.status !== "ok")) {
        assert.ok(entry.role, `${entry.object.name} has no role`);
        if (entry.role !== "symptom") continue;
        const last = entry.chain?.at(-1);
        assert.ok(
          last &&
            (rootNames.has(last.object.name) ||
              findings.some((f) => f.object.name === last.object.name && f.role === "independent")),
        );
        assert.ok((entry.chain?.length ?? 0) <= entries.length + 8, "a chain does not go in circles");
      }
      if (findings.some((found) => found.status === "critical")) {
        assert.ok(roots.length > 0, "a fault without a root");
      }
    }),
  );
});

Deno.test("property: the order in which objects are listed changes nothing", () => {
  const items = [
    made("a", "X", "one"),
    made("b", "X", "two", "one"),
    made("one", "Y", "gone"),
    made("two", "Y"),
  ];
  const expected = roots(items);
  fc.assert(fc.property(fc.shuffledSubarray(items, { minLength: items.length }), (shuffled) => {
    assert.deepEqual(roots(shuffled), expected);
  }));
});

Deno.test("a chain passes through what is on its way, and what is on its way is no fault", () => {
  const waits: Thing = { ...made("app", "Progressing", "pod"), status: "ok" };
  const items = [made("next", "Waiting", "app"), waits, made("pod", "Crash")];
  assert.deepEqual(roots(items), ["pod"]);
  assert.deepEqual(finding(items, "next").chain?.map((step) => step.object.name), ["app", "pod"]);
  assert.equal(finding(items, "app").role, undefined);
});

Deno.test("an absent object is as bad as what it hurts", () => {
  const stale: Thing = { ...made("secret", "NotRefreshed", "store"), status: "warning" };
  assert.equal(finding([stale], "store").status, "warning");
  assert.equal(finding([stale], "secret").role, "symptom");
  assert.equal(finding([stale, made("pod", "Waiting", "store")], "store").status, "critical");
});

Deno.test("an edge that explains what could not be looked at explains that alone, whatever the reason", () => {
  const unseen: Thing = {
    ...made("trial", "Forbidden", { name: "store", explains: [], unknown: "yes" }),
    status: "unknown",
  };
  const broken = made("trial", "Forbidden", { name: "store", explains: [], unknown: "yes" });
  assert.deepEqual(roots([unseen, made("store", "Down")]), ["store"]);
  assert.deepEqual(roots([broken, made("store", "Down")]).toSorted(), ["store", "trial"]);
});

Deno.test("a thing that needs itself, and a need that is told twice, change nothing", () => {
  const items = [made("a", "Bad", "a", "b", "b"), made("b", "Worse", "b")];
  assert.deepEqual(roots(items), ["b"]);
  const facts = toyFacts(items);
  const { needs } = buildGraph([toys, toys], openWorld(facts, [toys]), []);
  assert.deepEqual([...needs.values()].flat().map(({ from, to }) => `${from.name} ${to.name}`), ["a b"]);
});

Deno.test("a warning explains what could not be looked at", () => {
  const unseen: Thing = { ...made("probe", "Timeout", "disk"), status: "unknown" };
  assert.deepEqual(roots([unseen, { ...made("disk", "Slow"), status: "warning" }]), ["disk"]);
});
