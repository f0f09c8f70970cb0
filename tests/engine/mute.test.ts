import assert from "node:assert/strict";
import type { Finding, Muting, Status } from "../../lib/engine/model.ts";
import { mute } from "../../lib/engine/mute.ts";
import { endOfDay } from "../../lib/untrusted/day.ts";
import type { Root } from "../../lib/engine/report.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");
const muting = (check: string, object = "*", until = "2026-06-15"): Muting => ({
  check,
  object,
  until,
  reason: "OPS-1",
});

const at = (name: string) => ({ kind: "Pod", namespace: "lake", name });

function finding(name: string, status: Status, more: Partial<Finding> = {}): Finding {
  return {
    check: "pods.ready",
    component: "workloads",
    object: at(name),
    status,
    reason: "Bad",
    message: "is bad",
    ...more,
  };
}

function root({ check, component, object, status, reason, message }: Finding): Root {
  return { check, component, object, status, reason, message, confidence: "proven", explains: [], next: [] };
}

const cause = finding("cause", "critical", { role: "root" });
const symptom = finding("symptom", "critical", {
  check: "services.endpoints",
  role: "symptom",
  chain: [{ object: at("cause"), via: "env", reason: "Bad" }],
});
const other = finding("other", "critical", { role: "root" });

function muted(findings: Finding[], mutings: Muting[], judged = findings) {
  const roots = findings.filter(({ role }) => role === "root").map(root);
  const done = mute({ findings, roots }, judged, mutings, NOW);
  return {
    names: done.findings.filter(({ muted }) => muted).map(({ object }) => object.name),
    roots: done.roots.map(({ object }) => object.name),
  };
}

Deno.test("a muted root goes with what it explains, and leaves the others", () => {
  assert.deepEqual(muted([cause, symptom, other], [muting("pods.ready", "Pod lake/cause")]), {
    names: ["cause", "symptom"],
    roots: ["other"],
  });
});

Deno.test("a muted symptom leaves its root as it is", () => {
  assert.deepEqual(muted([cause, symptom], [muting("services.*")]), { names: ["symptom"], roots: ["cause"] });
});

Deno.test("a root is muted only when all that is found of its object is", () => {
  const second = { ...cause, check: "images.pulled" };
  const both = [cause, second, symptom];
  assert.deepEqual(muted(both, [muting("pods.ready")]), { names: [], roots: ["cause", "cause"] });
  assert.deepEqual(muted(both, [muting("pods.ready"), muting("images.*")]).roots, []);
});

Deno.test("a muted warning that has broken something is muted no longer", () => {
  const judged = [{ ...cause, status: "warning" as const, role: undefined }, symptom];
  assert.deepEqual(muted([cause, symptom], [muting("pods.ready")], judged), { names: [], roots: ["cause"] });
});

Deno.test("what is muted ends with its last day", () => {
  assert.deepEqual(muted([cause], [muting("pods.ready", "*", "2026-06-14")]).names, []);
  assert.deepEqual(muted([cause], [muting("pods.ready", "*", "2026-06-15")]).names, ["cause"]);
});

Deno.test("what is ok is not called muted", () => {
  assert.deepEqual(muted([finding("fine", "ok"), finding("none", "skipped")], [muting("*")]).names, []);
});

Deno.test("a day ends in UTC, and one that does not exist is none", () => {
  assert.equal(endOfDay("2026-12-31"), Date.parse("2026-12-31T23:59:59.999Z"));
  for (const day of ["2026-02-29", "2026-13-01", "26-01-01", "", "2026-12-31T00:00:00Z"]) {
    assert.equal(endOfDay(day), undefined, day);
  }
});
