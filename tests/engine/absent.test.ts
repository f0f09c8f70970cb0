import assert from "node:assert/strict";
import { runChecks } from "../../lib/engine/check.ts";
import { diagnose } from "../../lib/engine/diagnose.ts";
import type { Component, Facts, KindCheck, Maker, ObjectRef } from "../../lib/engine/model.ts";
import { GONE } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { made, ref, type Thing, things, toyFacts, toys } from "./toy.ts";

const none: Component = { ...toys, name: "none", sources: [], kinds: [], edges: () => [] };

/** A component that says who makes each of these. */
const workshop = (makers: Record<string, Maker[]>): Component => ({
  ...none,
  makers: ({ name }) => makers[name] ?? [],
});

function diagnosed(items: Thing[], makers: Record<string, Maker[]>, facts: Facts = toyFacts(items)) {
  const components = [toys, workshop(makers)];
  const world = openWorld(facts, components);
  return diagnose(components, world, facts, runChecks(components, world, facts));
}

const by = (name: string, rest: Partial<Maker> = {}): Maker => ({ to: ref(name), via: "made by", ...rest });
const roots = (...args: Parameters<typeof diagnosed>) =>
  diagnosed(...args).roots.map(({ object, reason }) => `${object.name} ${reason}`);
const missing = (...args: Parameters<typeof diagnosed>) =>
  diagnosed(...args).findings.filter(({ reason }) => reason === "Missing").map(({ object }) => object.name);

Deno.test("what is missing is a symptom of the maker that is unhealthy", () => {
  const items = [made("pod", "Waiting", "secret"), made("smith", "Asleep")];
  assert.deepEqual(roots(items, { secret: [by("smith")] }), ["smith Asleep"]);
  assert.deepEqual(roots(items, {}).toSorted(), ["secret Missing", "smith Asleep"]);
});

Deno.test("a maker explains only what it says that it can, which is that something is not there", () => {
  const lacking = [made("pod", "Waiting", "secret"), made("secret", "KeyMissing"), made("smith", "Asleep")];
  assert.deepEqual(roots(lacking, { secret: [by("smith")] }).toSorted(), [
    "secret KeyMissing",
    "smith Asleep",
  ]);
  const explains = [...GONE, "KeyMissing"];
  assert.deepEqual(roots(lacking, { secret: [by("smith", { explains })] }), ["smith Asleep"]);
});

Deno.test("a maker that only its name tells is not missed, unless somebody is known to have made it", () => {
  const items = [made("pod", "Waiting", "secret"), made("flow")];
  const guess = { secret: [by("smith", { inferred: true })] };
  assert.deepEqual(missing(items, guess), ["secret"]);
  assert.deepEqual(missing(items, { ...guess, smith: [by("flow")] }).toSorted(), ["secret", "smith"]);
  assert.deepEqual(missing(items, { ...guess, smith: [by("flow", { inferred: true })] }), ["secret"]);
  assert.deepEqual(
    missing(items, { secret: [by("smith", { inferred: true, optional: false })] }).toSorted(),
    ["secret", "smith"],
  );
});

Deno.test("the makers of makers that are not there are asked for too, and a circle of them ends", () => {
  const items = [made("pod", "Waiting", "secret"), made("flow", "Stuck"), made("list")];
  const chain = {
    secret: [by("smith")],
    smith: [by("list"), by("forge")],
    forge: [by("flow"), by("secret")],
  };
  assert.deepEqual(roots(items, chain), ["flow Stuck"]);
});

Deno.test("nobody is asked who makes what is there and healthy", () => {
  const asked: ObjectRef[] = [];
  const component: Component = {
    ...none,
    makers: (object) => {
      asked.push(object);
      return [];
    },
  };
  const facts = toyFacts([made("pod", undefined, "shelf", "gone"), made("shelf")]);
  const world = openWorld(facts, [toys, component]);
  diagnose([toys, component], world, facts, []);
  assert.deepEqual(asked.map(({ name }) => name), ["gone"]);
});

Deno.test("of a kind that is not served, objects are gone with its definition", () => {
  const source = { ...things, id: "gems", kind: "Gem", path: "/apis/gems.example/v1/gems" };
  const gem = { kind: "Gem", namespace: "toy", name: "ruby" };
  const component: Component = {
    ...none,
    name: "gems",
    sources: [source],
    edges: () => [{ from: ref("pod"), to: gem, via: "ring", explains: "any" }],
    checks: [{
      id: "gems.served",
      title: "gems",
      explain: "",
      needs: [],
      object: () => ({ kind: "CustomResourceDefinition", name: "*.gems.example" }),
      run: () => [{ status: "critical", reason: "NotInstalled", message: "is not served" }],
    }],
  };
  const facts = toyFacts([made("pod", "Waiting")]);
  facts.sources.gems = { ok: false, failure: { kind: "not-installed", message: "404" } };
  const components = [toys, component];
  const world = openWorld(facts, components);
  const { roots } = diagnose(components, world, facts, runChecks(components, world, facts));
  assert.deepEqual(roots.map(({ object }) => object.name), ["*.gems.example"]);
  assert.deepEqual(roots[0]?.explains.map(({ name }) => name), ["ruby", "pod"]);
});

Deno.test("a judge runs once for each object, whoever asks, and ends also when it asks for itself", () => {
  let runs = 0;
  const check: KindCheck<Thing> = {
    id: "things.counted",
    title: "things",
    explain: "",
    source: things,
    component: () => "toys",
    ref: (object) => ref(object.metadata?.name ?? ""),
    judge: (object, world) => {
      runs++;
      const self = world.judged(ref(object.metadata?.name ?? ""));
      assert.deepEqual(self, []);
      return { status: "critical", reason: "Bad", message: "is bad" };
    },
  };
  const counted: Component = { ...toys, kinds: [check as KindCheck], edges: () => [] };
  const facts = toyFacts([made("a"), made("b")]);
  const world = openWorld(facts, [counted]);
  runChecks([counted], world, facts);
  assert.deepEqual(world.judged(ref("a")).map(({ reason }) => reason), ["Bad"]);
  assert.deepEqual(world.judged(ref("nobody")), []);
  assert.equal(runs, 2);
});

Deno.test("what its component says of an object by a check of its own is not said twice", () => {
  const [kind] = toys.kinds;
  if (!kind) throw new Error("the toys have no check");
  const quiet: Component = { ...toys, kinds: [{ ...kind, saidElsewhere: () => true }] };
  const facts = toyFacts([made("a", "Bad")]);
  const world = openWorld(facts, [quiet]);
  assert.deepEqual(runChecks([quiet], world, facts).map(({ reason }) => reason), ["AllWell"]);
  assert.deepEqual(world.judged(ref("a")).map(({ reason }) => reason), ["Bad"]);
});
