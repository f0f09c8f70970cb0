import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { computedMs } from "../patience.ts";
import { insteadOf } from "../../lib/engine/missing/nearest.ts";
import type { Component } from "../../lib/engine/model.ts";
import { openWorld } from "../../lib/engine/world.ts";
import { diagnosed, made, ref, toyFacts, toys } from "./toy.ts";

/** What is said of the missing thing `name` where these are, as `name` or `namespace/name`. */
function told(
  name: string,
  names: readonly string[],
  component: Partial<Component> = {},
): string | undefined {
  const items = names.map((one) => {
    const [last = "", namespace = "toy"] = one.split("/").toReversed();
    return { metadata: { name: last, namespace } };
  });
  const all = [{ ...toys, ...component }];
  return insteadOf(ref(name), all, openWorld(toyFacts(items), all), new Set(["toy", "lake"]));
}

Deno.test("what has the same name in another namespace of the platform is named first", () => {
  assert.equal(told("s3-keys", ["lake/s3-keys", "s3-key"]), "Thing s3-keys exists in namespace lake");
  assert.equal(told("s3-keys", ["tenant/s3-keys"]), undefined, "that of another tenant is no answer");
});

Deno.test("what has nearly the name, then what holds it, then what is of its nature is named", () => {
  const instead = () => ["the default is Thing toy/fast"];
  const all = ["spark-event", "spark-events-old"];
  assert.equal(told("spark-events", all, { instead }), "Thing toy/spark-event has nearly that name");
  assert.equal(
    told("spark-events", all.slice(1), { instead }),
    "Thing toy/spark-events-old has nearly that name",
  );
  assert.equal(told("spark-events", ["other"], { instead }), "the default is Thing toy/fast");
  assert.equal(told("spark-events", ["lake/spark-event"]), "Thing lake/spark-event has nearly that name");
  assert.equal(told("spark-events", ["other"]), undefined);
});

Deno.test("so many with nearly the name tell nothing", () => {
  const names = ["a", "b", "c", "d"].map((letter) => `spark-event-${letter}`);
  assert.match(told("spark-event-x", names.slice(0, 3)) ?? "", /have nearly that name$/);
  assert.equal(told("spark-event-x", names), undefined);
});

Deno.test("nothing is said of what is there, or of what could not be read", () => {
  assert.equal(told("spark-events", ["spark-events", "spark-event"]), undefined);
  const world = openWorld(toyFacts([], { kind: "forbidden", message: "no" }), [toys]);
  assert.equal(insteadOf(ref("spark-events"), [toys], world, new Set(["toy"])), undefined);
});

Deno.test("a fault says it, in its message and as a root; its symptoms do not", () => {
  const { roots, findings } = diagnosed([made("pod", "Failed", "spark-events"), made("spark-event")]);
  assert.match(roots[0]?.message ?? "", /needs it; Thing toy\/spark-event has nearly that name$/);
  const symptoms = findings.filter(({ role }) => role === "symptom");
  assert.deepEqual(symptoms.map(({ message }) => message), ["Thing toy/pod is Failed"]);
});

Deno.test("property: whatever the names, only those that are there are named, never the missing one as there", () => {
  const name = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.stringMatching(/^[a-c-]{1,8}$/),
    fc.constant("__proto__"),
  );
  fc.assert(fc.property(name, fc.array(name, { maxLength: 20 }), (missing, names) => {
    const there = names.filter((one) => one !== missing && !one.includes("/"));
    if (missing === "*") return;
    const said = told(missing, there);
    if (said !== undefined) assert.ok(there.some((one) => said.includes(`Thing toy/${one}`)), said);
  }));
});

Deno.test("thousands of missing things among thousands cost no more than seconds", () => {
  const needy = Array.from({ length: 500 }, (_, i) => made(`pod-${i}`, "Failed", `secret-with-a-name-${i}`));
  const others = Array.from({ length: 2500 }, (_, i) => made(`secret-with-the-name-${i}`));
  const begun = process.cpuUsage();
  const { roots } = diagnosed([...needy, ...others]);
  assert.equal(roots.length, 500);
  assert.ok(computedMs(begun) < 10_000);
});
