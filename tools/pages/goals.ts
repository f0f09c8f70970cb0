/** docs/data-platform/goals.json, and its schema: what each phase is to reach, for programs. */
import { z } from "zod";
import { BUDGETS_MS, phases } from "../../lib/goals/mod.ts";

const goal = z.strictObject({
  id: z.string().describe("stable; begins with the number of its objective"),
  kind: z.enum(["deliverable", "criterion"]).describe(
    "a deliverable is there or not, a criterion holds or does not",
  ),
  title: z.string(),
  part: z.string().describe("the part of the phase's task that gives the evidence; health: what health says"),
  evidence: z.array(z.union([z.string(), z.array(z.string()).min(1)])).describe(
    "ids of checks and trials, all of which are needed; of a list inside any one. Empty: nothing looks for it yet",
  ),
  budgetMs: z.number().int().positive().optional().describe("the time that the evidence judges by"),
});

export const goalsSchema = z.strictObject({
  $comment: z.string().optional(),
  schema: z.literal("lakecheck.goals/v1"),
  phases: z.array(z.strictObject({
    phase: z.number().int().positive(),
    title: z.string(),
    task: z.string().describe("the task of deno.json that gives the verdict"),
    objectives: z.array(z.strictObject({
      id: z.string().regex(/^\d+\.\d+$/),
      title: z.string(),
      goals: z.array(goal),
    })),
  })),
});

export function goalsText(header: string): string {
  const document: z.input<typeof goalsSchema> = {
    $comment: header,
    schema: "lakecheck.goals/v1",
    phases: phases.map((phase) => ({
      ...phase,
      objectives: phase.objectives.map((objective) => ({
        ...objective,
        goals: objective.goals.map(({ budget, evidence, ...goal }) => ({
          ...goal,
          evidence: evidence.map((one) => typeof one === "string" ? one : [...one]),
          ...budget === undefined ? {} : { budgetMs: BUDGETS_MS[budget] },
        })),
      })),
    })),
  };
  return JSON.stringify(goalsSchema.parse(document), null, 2) + "\n";
}
