/** What a phase has reached, from the findings of a report. Pure. */
import type { Finding, Status } from "../engine/model.ts";
import { BUDGETS_MS } from "./budgets.ts";
import { checksOf, type Evidence, type Goal, type Phase } from "./goal.ts";

/** `not known`: something that it needs was not looked at. `not started`: nothing here looks for it yet. */
export type Met = "met" | "not met" | "not known" | "not started";

/** What one check says, in all of the report. */
export interface Witness {
  check: string;
  /** Absent: the report has no such check. */
  status?: Status;
  /** Of the finding that decides. */
  message: string;
  observed?: string;
}

export interface GoalVerdict {
  objective: string;
  goal: Goal;
  met: Met;
  /** Every check of its evidence. */
  witnesses: Witness[];
  /** What keeps it from being met, or what was measured. */
  because: string;
}

export interface PhaseVerdict {
  phase: Phase;
  goals: GoalVerdict[];
}

/** `parts`: those whose evidence this release can give. A goal of another part is not started. */
export function verdictOf(
  phase: Phase,
  findings: readonly Finding[],
  parts: ReadonlySet<string>,
): PhaseVerdict {
  const byCheck = Map.groupBy(findings, ({ check }) => check);
  const goals = phase.objectives.flatMap(({ id, goals }) =>
    goals.map((goal): GoalVerdict => {
      const witnesses = checksOf(goal).map((check) => witness(check, byCheck.get(check) ?? []));
      return { objective: id, goal, witnesses, ...judged(goal, witnesses, parts) };
    })
  );
  return { phase, goals };
}

/** From the one that decides to the one that decides nothing. */
const ORDER: readonly Status[] = ["critical", "warning", "unknown", "ok", "skipped"];

/** The finding that decides: the worst, and of good ones the one that says something. */
function witness(check: string, findings: readonly Finding[]): Witness {
  const [first] = findings.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  if (!first) return { check, message: "nothing of this kind was looked at" };
  const { status, message, observed } = first;
  return { check, status, message, ...observed === undefined ? {} : { observed } };
}

function judged(
  goal: Goal,
  witnesses: readonly Witness[],
  parts: ReadonlySet<string>,
): Pick<GoalVerdict, "met" | "because"> {
  if (!parts.has(goal.part)) return { met: "not started", because: `no part ${goal.part} yet` };
  const failed = witnesses.filter(({ status }) => status === "critical" || status === "warning");
  if (failed.length > 0) return { met: "not met", because: named(failed) };
  const open = goal.evidence.filter((one) => !isGiven(one, witnesses)).flat();
  const missing = witnesses.filter(({ check, status }) => open.includes(check) && status !== "ok");
  if (missing.length > 0) return { met: "not known", because: named(missing) };
  if (goal.evidence.length === 0) return { met: "not known", because: "no check gives evidence of it" };
  return { met: "met", because: measured(goal, witnesses) };
}

/** A check of it passed. */
function isGiven(evidence: Evidence, witnesses: readonly Witness[]): boolean {
  return witnesses.some(({ check, status }) => status === "ok" && [evidence].flat().includes(check));
}

const NAMED = 3;

function named(witnesses: readonly Witness[]): string {
  const more = witnesses.length - NAMED;
  const some = witnesses.slice(0, NAMED).map(({ check }) => check).join(", ");
  return more > 0 ? `${some} and ${more} more` : some;
}

/** Of a goal with a budget: what was seen of it, beside the budget. */
function measured({ budget }: Goal, witnesses: readonly Witness[]): string {
  const seen = witnesses.find(({ observed }) => observed !== undefined)?.observed;
  if (budget === undefined) return "";
  return seen === undefined ? `within ${seconds(budget)}` : `${seen} of ${seconds(budget)}`;
}

const seconds = (budget: keyof typeof BUDGETS_MS): string => `${BUDGETS_MS[budget] / 1000} s`;

/** `Phase 1: 9 of 14 criteria and 3 of 6 deliverables met; not met: 1.1 S3 operations within 5 s; not started: all of 1.3` */
export function verdictText({ phase, goals }: PhaseVerdict): string {
  const count = (kind: Goal["kind"], words: string) => {
    const all = goals.filter(({ goal }) => goal.kind === kind);
    return `${all.filter(({ met }) => met === "met").length} of ${all.length} ${words}`;
  };
  const others = (["not met", "not known", "not started"] as const).flatMap((word) => {
    const some = phase.objectives.flatMap(({ id }) => titles(id, goals, word));
    return some.length === 0 ? [] : [`${word}: ${some.join(", ")}`];
  });
  const met = `${count("criterion", "criteria")} and ${count("deliverable", "deliverables")} met`;
  return [`Phase ${phase.phase}: ${met}`, ...others].join("; ");
}

/** Those of one objective that came to this. */
function titles(objective: string, goals: readonly GoalVerdict[], word: Met): string[] {
  const all = goals.filter((one) => one.objective === objective);
  const some = all.filter(({ met }) => met === word);
  if (some.length > 1 && some.length === all.length) return [`all of ${objective}`];
  return some.map(({ goal }) => `${objective} ${goal.title}`);
}
