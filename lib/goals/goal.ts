/** What a phase is to reach, as data: its objectives, and by which checks it is known that they are reached. */
import type { Budget } from "./budgets.ts";

/** The id of a check or trial; of a list any one is enough, and none of it may have failed. */
export type Evidence = string | readonly string[];

/** A deliverable is there or not; a criterion holds or does not. */
export interface Goal {
  /** Stable: `1.1-operations`. It begins with the number of its objective. */
  id: string;
  kind: "deliverable" | "criterion";
  /** A few words. */
  title: string;
  /** The part of the phase's command that gives the evidence. `health`: what the platform's health says. */
  part: string;
  /** All of it is needed. Empty only while nothing in this release looks for it. */
  evidence: readonly Evidence[];
  /** The time that the evidence judges by. */
  budget?: Budget;
}

export interface Objective {
  /** `1.1` */
  id: string;
  title: string;
  goals: readonly Goal[];
}

export interface Phase {
  phase: number;
  title: string;
  /** The task that gives the evidence. */
  task: string;
  objectives: readonly Objective[];
}

/** The ids of checks that a goal's evidence names, each once. */
export const checksOf = ({ evidence }: Pick<Goal, "evidence">): string[] => [...new Set(evidence.flat())];
