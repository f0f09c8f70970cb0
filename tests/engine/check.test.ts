import assert from "node:assert/strict";
import { runChecks } from "../../lib/engine/check.ts";
import { collect } from "../../lib/engine/collect.ts";
import { CannotLook } from "../../lib/engine/errors.ts";
import { diagnose } from "../../lib/engine/diagnose.ts";
import { kubePath } from "../../lib/untrusted/api_path.ts";
import type { Answer, Check, Component, ProbeSource } from "../../lib/engine/model.ts";
import { present } from "../../lib/engine/decode.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { made, things, toyFacts, toys } from "./toy.ts";

const judged = (facts: ReturnType<typeof toyFacts>, components: Component[] = [toys]) =>
  runChecks(components, openWorld(facts, components), facts);

const reading = (get: (path: string) => Promise<Answer>) => ({ context: "toy", get });

Deno.test("a kind that may not be read is unknown, never ok", () => {
  const [finding] = judged(toyFacts([], { kind: "forbidden", message: "user x cannot list things" }));
  assert.equal(finding?.status, "unknown");
  assert.equal(finding?.reason, "Forbidden");
});

Deno.test("a kind that is not installed is skipped, with the reason", () => {
  const [finding] = judged(toyFacts([], { kind: "not-installed", message: "no such kind" }));
  assert.equal(finding?.status, "skipped");
  assert.match(finding?.message ?? "", /Thing is not installed/);
});

Deno.test("a kind that facts of older releases do not hold does not apply, and of any other nothing is known", () => {
  const facts = { ...toyFacts([]), sources: {} };
  assert.equal(judged(facts)[0]?.status, "unknown");
  const later: Component = {
    ...toys,
    kinds: toys.kinds.map((kind) => ({ ...kind, source: { ...things, later: true } })),
  };
  assert.equal(judged(facts, [later])[0]?.status, "skipped");
});

Deno.test("of an object that is not of the platform nothing is said, and it is not counted", () => {
  const some: Component = {
    ...toys,
    kinds: toys.kinds.map((kind) => ({ ...kind, concerns: (object) => kind.ref(object).name === "ours" })),
  };
  const [finding, ...more] = judged(toyFacts([made("ours"), made("theirs", "Broken")]), [some]);
  assert.deepEqual([finding?.message, more.length], ["1 Thing is healthy", 0]);
});

Deno.test("a reason of the cluster's own is one PascalCase word in a finding", () => {
  const reasons: [string, string][] = [
    ["OOMKilled", "OOMKilled"],
    ["minimumReplicas_unavailable", "MinimumReplicasUnavailable"],
    ["Evil\nspark.x: y", "EvilSparkXY"],
    ["7 dwarfs", "Dwarfs"],
    ["a OOM", "AOOM"],
    ["\u202e", "Unknown"],
    ["x".repeat(100), `X${"x".repeat(63)}`],
  ];
  for (const [given, wanted] of reasons) {
    const [finding] = judged(toyFacts([made("odd", given)]));
    assert.equal(finding?.reason, wanted);
  }
});

Deno.test("a judge that trips makes its finding unknown and leaves the others", () => {
  const trips: Component = {
    ...toys,
    kinds: toys.kinds.map((kind) => ({
      ...kind,
      judge(object: unknown) {
        if (kind.ref(object).name === "odd") throw new Error("odd value");
        return undefined;
      },
    })),
  };
  const findings = judged(toyFacts([made("odd"), made("even")]), [trips]);
  assert.deepEqual(findings.map((finding) => finding.status), ["unknown"]);
  assert.match(findings[0]?.message ?? "", /odd value/);
});

Deno.test("a component check that needs a source nobody could read is unknown", () => {
  const check: Check = {
    id: "toys.some",
    title: "some",
    explain: "",
    needs: [things],
    object: () => ({ kind: "Thing", name: "*" }),
    run: () => [{ status: "ok", reason: "Fine", message: "fine" }],
  };
  const component = { ...toys, kinds: [], checks: [check] };
  assert.equal(judged(toyFacts([]), [component])[0]?.status, "ok");
  assert.equal(judged(toyFacts([], { kind: "timeout", message: "10 s" }), [component])[0]?.status, "unknown");
});

Deno.test("a malformed object is unknown by name, and the rest of its kind is judged", async () => {
  const body = {
    items: [made("good"), { metadata: { name: "bad", namespace: "toy" }, needs: "not a list" }],
  };
  const facts = await collect(reading(() => Promise.resolve({ status: 200, body })), [things], {
    namespace: "toy",
  });
  const findings = judged(facts);
  assert.deepEqual(findings.map((finding) => [finding.object.name, finding.status]), [["bad", "unknown"]]);
  assert.match(findings[0]?.message ?? "", /Thing\.needs is a string, expected a list/);
});

Deno.test("what needs an object that could not be read is explained as likely", () => {
  const facts = toyFacts([made("pod", "Waiting", "shelf"), made("cause", "Failed")]);
  facts.sources.things = {
    ok: true,
    items: [made("pod", "Waiting", "shelf")],
    malformed: [{ object: { kind: "Thing", namespace: "toy", name: "shelf" }, message: "odd" }],
  };
  const world = openWorld(facts, [toys]);
  const { findings } = diagnose([toys], world, facts, runChecks([toys], world, facts));
  const pod = findings.find((finding) => finding.object.name === "pod");
  assert.equal(pod?.role, "symptom");
  assert.equal(pod?.confidence, "likely");
});

Deno.test("a list that fails fails alone, and older API versions are tried when the first is not served", async () => {
  const asked: string[] = [];
  const versions = { ...things, path: "/v2/things", fallbacks: ["/v1/things"] };
  const other = { ...things, id: "others", path: "/others" };
  const facts = await collect(
    reading((path) => {
      asked.push(path);
      if (path === "/v1/things") return Promise.resolve({ status: 200, body: { items: [made("a")] } });
      if (path === "/others") throw new CannotLook({ kind: "timeout", message: "no answer within 5 s" });
      throw new CannotLook({ kind: "not-installed", message: "no such kind" });
    }),
    [versions, other],
    { namespace: "toy" },
  );
  assert.deepEqual(asked.toSorted(), ["/others", "/v1/things", "/v2/things"]);
  assert.equal(facts.sources.things?.ok, true);
  assert.deepEqual(facts.sources.others, {
    ok: false,
    failure: { kind: "timeout", message: "no answer within 5 s" },
  });
});

Deno.test("an answer of 500 is an answer, with its status; a body of another shape is dropped", async () => {
  const probe: ProbeSource = {
    id: "toy.api",
    after: [things],
    targets: () => ({ one: "/one" }),
    read: present,
  };
  const facts = await collect(
    reading((path) =>
      Promise.resolve(path === "/one" ? { status: 500, body: "oops" } : { status: 200, body: { items: [] } })
    ),
    [things, probe],
    { namespace: "toy" },
  );
  assert.deepEqual(facts.sources["toy.api"], { ok: true, answers: { one: { status: 500, body: true } } });
});

Deno.test("a probe whose path can't be made has failed, and ends nothing else", async () => {
  const probe: ProbeSource = {
    id: "toy.probe",
    after: [],
    targets: () => ({ x: kubePath`/api/v1/namespaces/${"../x"}/pods` }),
    read: () => undefined,
  };
  const asked: string[] = [];
  const get = (path: string) => {
    asked.push(path);
    return Promise.resolve({ status: 200, body: { items: [] } });
  };
  const facts = await collect({ context: "toy", get }, [probe], { namespace: "toy" });
  const result = facts.sources["toy.probe"];
  assert.equal(result?.ok === false && result.failure.kind, "malformed");
  assert.deepEqual(asked, []);
});

Deno.test("a check of an object that is malformed is unknown, and does not call it missing", async () => {
  const check: Check = {
    id: "toys.bad",
    title: "bad",
    explain: "",
    needs: [things],
    object: () => ({ kind: "Thing", namespace: "toy", name: "bad" }),
    run: () => [{ status: "critical", reason: "Missing", message: "does not exist" }],
  };
  const body = { items: [{ metadata: { name: "bad", namespace: "toy" }, needs: "not a list" }] };
  const facts = await collect(reading(() => Promise.resolve({ status: 200, body })), [things], {
    namespace: "toy",
  });
  const [finding] = judged(facts, [{ ...toys, kinds: [], checks: [check] }]);
  assert.deepEqual([finding?.status, finding?.reason], ["unknown", "Malformed"]);
});

/** The toys, with another list that they need before they are called ok. */
const others = { ...things, id: "others", kind: "Other", path: "/others" };
const careful: Component = {
  ...toys,
  sources: [things, others],
  kinds: toys.kinds.map((kind) => ({ ...kind, okNeeds: [others] })),
};
const without = (facts: ReturnType<typeof toyFacts>, kind: "forbidden" | "not-installed") => ({
  ...facts,
  sources: { ...facts.sources, others: { ok: false as const, failure: { kind, message: "no" } } },
});

Deno.test("what a check calls ok is unknown when it could not read all it needs for that, and what it finds bad stands", () => {
  const summary = (items: unknown[], kind: "forbidden" | "not-installed") =>
    judged(without(toyFacts(items), kind), [careful]).map(({ object, status, reason }) =>
      `${object.name} ${status} ${reason}`
    );
  const inProgress = { ...made("slow", "Progressing"), status: "ok" };
  assert.deepEqual(summary([made("a")], "forbidden"), ["* unknown Forbidden"]);
  assert.deepEqual(summary([inProgress], "forbidden"), ["slow unknown Forbidden"]);
  assert.deepEqual(summary([made("a"), made("b", "Failed")], "forbidden"), ["b critical Failed"]);
  // There are none of a kind that is not installed: that is known.
  assert.deepEqual(summary([made("a")], "not-installed"), ["* ok AllWell"]);
});

Deno.test("the same holds for a check of a component as a whole", () => {
  const says = (status: "ok" | "critical"): Component => ({
    ...toys,
    sources: [things, others],
    kinds: [],
    checks: [{
      id: "toys.some",
      title: "some",
      explain: "",
      needs: [things],
      okNeeds: [others],
      object: () => ({ kind: "Thing", name: "*" }),
      run: () => [{ status, reason: "Said", message: "said" }],
    }],
  });
  const facts = without(toyFacts([]), "forbidden");
  assert.deepEqual(judged(facts, [says("ok")]).map(({ status, unread }) => [status, unread]), [[
    "unknown",
    "others",
  ]]);
  assert.deepEqual(judged(facts, [says("critical")]).map(({ status, reason }) => [status, reason]), [[
    "critical",
    "Said",
  ]]);
});

Deno.test("a kind that every API server has is unknown when it is not served, and so is what was recorded", () => {
  const missing = { kind: "not-installed" as const, message: "404" };
  for (const path of ["/api/v1/things", "/apis/apps/v1/things", "/apis/storage.k8s.io/v1/things"]) {
    const kinds = toys.kinds.map((kind) => ({ ...kind, source: { ...things, path } }));
    assert.deepEqual(judged(toyFacts([], missing), [{ ...toys, kinds }]).map(({ status }) => status), [
      "unknown",
    ], path);
  }
  const kinds = toys.kinds.map((kind) => ({
    ...kind,
    source: { ...things, path: "/apis/toys.io/v1/things" },
  }));
  assert.deepEqual(judged(toyFacts([], missing), [{ ...toys, kinds }]).map(({ status }) => status), [
    "skipped",
  ]);
});
