/** What the generated test of phase 1 asserts: which goals are met, and what the tests of its parts assert. Pure. */
import { phaseParts } from "../checkpoints/phase1/records.ts";
import { metGoals } from "../checkpoints/phase1/report.ts";
import type { PartName } from "../checkpoints/phase1/names.ts";
import type { Facts } from "../engine/model.ts";
import { openWorld } from "../engine/world.ts";
import type { AssertedFact, Subject } from "./asserted.ts";

export const phase1Subject: Subject = {
  command: "data-platform:test:phase1",
  noun: "phase 1",
  doing: "Its parts are run in scratch places, which are removed again.",
  look: "lookAtPhase1",
  variable: "S3_ENDPOINT and NESSIE_URL",
};

/** The parts that were run. */
export function partsRun(facts: Facts): PartName[] {
  return openWorld(facts).records(phaseParts).flatMap(({ part, state }) => state === "run" ? [part] : []);
}

/** What there is to assert besides what the parts assert. A goal that is met today may not be lost; more may come. */
export function assertedPhase1(facts: Facts): AssertedFact[] {
  const goals = metGoals(facts);
  return [
    { id: "phase1.parts", title: "these parts of phase 1 are run", value: partsRun(facts) },
    ...goals.length > 0
      ? [{
        id: "phase1.goals",
        title: "these goals of phase 1 are met",
        value: goals,
        how: "includes" as const,
      }]
      : [],
  ];
}
