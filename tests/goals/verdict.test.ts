import assert from "node:assert/strict";
import { type Phase, verdictOf, verdictText } from "../../lib/goals/mod.ts";
import type { Finding, Status } from "../../lib/engine/model.ts";

const goal = (id: string, evidence: readonly (string | readonly string[])[], more = {}) => ({
  id: `1.1-${id}`,
  kind: "criterion" as const,
  title: id,
  part: "s3",
  evidence,
  ...more,
});

const finding = (check: string, status: Status, observed?: string): Finding => ({
  check,
  component: "toy",
  object: { kind: "Toy", name: check },
  status,
  reason: "Toy",
  message: `${check} is ${status}`,
  ...observed === undefined ? {} : { observed },
});

const phaseOf = (...goals: ReturnType<typeof goal>[]): Phase => ({
  phase: 1,
  title: "Toys",
  task: "toy",
  objectives: [{ id: "1.1", title: "Toys", goals }],
});

/** What a goal with this evidence comes to. */
function met(evidence: readonly (string | readonly string[])[], findings: readonly Finding[], more = {}) {
  const [one] = verdictOf(phaseOf(goal("toy", evidence, more)), findings, new Set(["s3"])).goals;
  assert.ok(one);
  return [one.met, one.because];
}

Deno.test("a goal is met when each check of its evidence passed", () => {
  assert.deepEqual(met(["a", "b"], [finding("a", "ok"), finding("b", "ok")]), ["met", ""]);
  // One object of many to which it does not apply.
  assert.deepEqual(met(["a"], [finding("a", "skipped"), finding("a", "ok")]), ["met", ""]);
});

Deno.test("a goal is not met when a check of its evidence failed, whatever else is known", () => {
  for (const status of ["critical", "warning"] as const) {
    const findings = [finding("a", "unknown"), finding("b", "ok"), finding("b", status)];
    assert.deepEqual(met(["a", "b"], findings), ["not met", "b"], status);
  }
});

Deno.test("a goal is not known when a check was not looked at, is unknown or was skipped", () => {
  assert.deepEqual(met(["a", "b"], [finding("a", "ok")]), ["not known", "b"]);
  assert.deepEqual(met(["a"], [finding("a", "unknown"), finding("a", "ok")]), ["not known", "a"]);
  assert.deepEqual(met(["a"], [finding("a", "skipped")]), ["not known", "a"]);
  assert.deepEqual(met([], []), ["not known", "no check gives evidence of it"]);
});

Deno.test("of evidence that is a list any check is enough, and none may have failed", () => {
  assert.deepEqual(met([["a", "b"]], [finding("a", "skipped"), finding("b", "ok")]), ["met", ""]);
  assert.deepEqual(met([["a", "b"]], [finding("a", "skipped"), finding("b", "skipped")]), [
    "not known",
    "a, b",
  ]);
  assert.deepEqual(met([["a", "b"]], [finding("a", "critical"), finding("b", "ok")]), ["not met", "a"]);
});

Deno.test("a goal of a part that there is not yet is not started, and never met", () => {
  assert.deepEqual(met(["a"], [finding("a", "ok")], { part: "backup" }), [
    "not started",
    "no part backup yet",
  ]);
});

Deno.test("of a goal with a budget it is said what was measured", () => {
  assert.deepEqual(met(["a"], [finding("a", "ok", "812 ms")], { budget: "s3" }), ["met", "812 ms of 5 s"]);
  assert.deepEqual(met(["a"], [finding("a", "ok")], { budget: "backup" }), ["met", "within 600 s"]);
  assert.deepEqual(met(["a"], [finding("a", "warning", "6 s")], { budget: "s3" }), ["not met", "a"]);
});

Deno.test("no more than three checks are named", () => {
  assert.deepEqual(met(["a", "b", "c", "d", "e"], []), ["not known", "a, b, c and 2 more"]);
});

Deno.test("the verdict counts what is met, and names all else", () => {
  const phase: Phase = {
    ...phaseOf(goal("good", ["a"]), goal("bad", ["b"]), goal("dark", ["c"]), goal("there", ["a"])),
  };
  const [objective] = phase.objectives;
  assert.ok(objective);
  const goals = objective.goals.map((one) =>
    one.title === "there" ? { ...one, kind: "deliverable" as const } : one
  );
  const whole: Phase = {
    ...phase,
    objectives: [{ ...objective, goals }, {
      id: "1.2",
      title: "Later",
      goals: [goal("x", [], { part: "backup" }), goal("y", [], { part: "backup" })],
    }],
  };
  const verdict = verdictOf(whole, [finding("a", "ok"), finding("b", "critical")], new Set(["s3"]));
  assert.equal(
    verdictText(verdict),
    "Phase 1: 1 of 5 criteria and 1 of 1 deliverables met; not met: 1.1 bad; not known: 1.1 dark; not started: all of 1.2",
  );
});
