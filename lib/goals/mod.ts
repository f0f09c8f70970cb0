/** What each phase is to reach, by which evidence that is known, and what of it is reached. Pure. */
import type { Phase } from "./goal.ts";
import { PHASE_1 } from "./phase_1.ts";

export { type Budget, BUDGETS_MS } from "./budgets.ts";
export { checksOf, type Evidence, type Goal, type Objective, type Phase } from "./goal.ts";
export {
  type GoalVerdict,
  type Met,
  type PhaseVerdict,
  verdictOf,
  verdictText,
  type Witness,
} from "./verdict.ts";
export { PHASE_1 };

/** In their order; docs/data-platform/goals.json is made from them. */
export const phases: readonly Phase[] = [PHASE_1];
