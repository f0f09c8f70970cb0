import assert from "node:assert/strict";
import { partNames } from "../../lib/checkpoints/phase1/names.ts";
import { reported } from "../../lib/checkpoints/phase1/report.ts";
import { parts } from "../../lib/checkpoints/phase1/parts.ts";
import { BUDGETS_MS, checksOf, phases } from "../../lib/goals/mod.ts";
import { goalsSchema, goalsText } from "../../tools/pages/goals.ts";

const ids = new Set(reported().flatMap(({ checks, kinds }) => [...checks, ...kinds]).map(({ id }) => id));
const goals = phases.flatMap(({ objectives }) => objectives.flatMap(({ goals }) => goals));

Deno.test("every check that is evidence of a goal is one that the command reports", () => {
  const unknown = goals.flatMap(checksOf).filter((id) => !ids.has(id));
  assert.deepEqual(unknown, []);
});

Deno.test("a goal of a part that there is has evidence, and one of another part has none yet", () => {
  const there = new Set<string>(["health", ...partNames]);
  for (const { id, part, evidence } of goals) assert.equal(evidence.length > 0, there.has(part), id);
});

Deno.test("ids of goals are unique, and begin with the number of their objective", () => {
  assert.equal(new Set(goals.map(({ id }) => id)).size, goals.length);
  for (const { objectives } of phases) {
    for (const { id, goals } of objectives) {
      assert.ok(goals.every((goal) => goal.id.startsWith(`${id}-`)), id);
    }
  }
});

Deno.test("every budget is a goal of its own, and its title says how long", () => {
  const used = goals.flatMap(({ budget }) => budget ?? []);
  assert.deepEqual(used.toSorted(), Object.keys(BUDGETS_MS).toSorted());
  for (const { title, budget } of goals) {
    if (!budget) continue;
    const ms = BUDGETS_MS[budget];
    assert.ok(title.endsWith(ms >= 60_000 ? ` ${ms / 60_000} min` : ` ${ms / 1000} s`), title);
  }
});

Deno.test("the basics of a part are checks of its own", () => {
  for (const { name, basics, reported } of parts) {
    const own = new Set(reported().flatMap(({ checks }) => checks).map(({ id }) => id));
    assert.ok(basics.length > 1 && basics.every((id) => own.has(id)), name);
  }
});

Deno.test("the page of goals has its schema's shape, and says the budgets", () => {
  const read = goalsSchema.parse(JSON.parse(goalsText("generated")));
  const budgets = read.phases.flatMap(({ objectives }) => objectives.flatMap(({ goals }) => goals))
    .flatMap(({ budgetMs }) => budgetMs ?? []);
  assert.deepEqual(budgets, [5_000, 2_000, 30_000, 600_000]);
});
