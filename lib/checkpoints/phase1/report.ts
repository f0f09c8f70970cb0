/** What phase 1 judges: how its parts went, all that they tried, and the platform that they stand on, each once. */
import { components as ofHealth } from "../../components/mod.ts";
import { runChecks } from "../../engine/check.ts";
import {
  type Check,
  type Component,
  type Facts,
  type Finding,
  isRecord,
  type Judgement,
  type Table,
  type World,
} from "../../engine/model.ts";
import { openWorld } from "../../engine/world.ts";
import { PHASE_1, verdictOf, verdictText } from "../../goals/mod.ts";
import { type PartName, partNames } from "./names.ts";
import { type Part, parts } from "./parts.ts";
import { type PartRecord, phaseParts } from "./records.ts";

const recordOf = (world: World, name: PartName): PartRecord | undefined =>
  world.records(phaseParts).find(({ part }) => part === name);

/** What every check of a part says that was not run. */
function notRun(world: World, name: PartName): Judgement | undefined {
  const record = recordOf(world, name);
  if (!record || record.state === "run") return undefined;
  const reason = record.state === "left out" ? "NotAsked" : "PrerequisiteFailed";
  return { status: "skipped", reason, message: `skipped: ${record.why ?? "not run"}` };
}

/** A component of a part: where the part was not run, nothing is said to be unknown. */
function ofPart(component: Component, name: PartName): Component {
  return {
    ...component,
    sources: [...component.sources, phaseParts],
    checks: component.checks.map((check): Check =>
      !check.needs.some(isRecord) ? check : {
        ...check,
        run(world) {
          const skipped = notRun(world, name);
          return skipped ? [skipped] : check.run(world);
        },
      }
    ),
  };
}

const judgesRecords = ({ checks }: Component): boolean =>
  checks.some(({ needs }) => needs.some((source) => isRecord(source)));

const partCheck = ({ name, what }: Part): Check => ({
  id: `phase1.part-${name}`,
  title: `Part ${name}`,
  explain:
    `Whether ${what} was tried. It is skipped when somebody left it out, and when a part before it could not be reached or its ` +
    "basics failed, so that what comes after it would mean nothing.",
  needs: [phaseParts],
  object: () => ({ kind: "PhasePart", name }),
  run(world) {
    const record = recordOf(world, name);
    if (!record) return [{ status: "unknown", reason: "NotTried", message: `${what} was not tried` }];
    const { durationMs = 0 } = record;
    const skipped = notRun(world, name);
    if (skipped) return [skipped];
    const observed = `${(durationMs / 1000).toFixed(1)} s`;
    return [{
      status: "ok",
      reason: "Tried",
      message: `${what} was tried, which took ${observed}`,
      observed,
    }];
  },
});

/** Parts that this release has; `health` is what it reads anyway. */
const EXISTING: ReadonlySet<string> = new Set(["health", ...partNames]);

function verdictTables(world: World, findings: readonly Finding[]): Table[] {
  if (world.failure(phaseParts)) return [];
  const verdict = verdictOf(PHASE_1, findings, EXISTING);
  return [{
    name: "phase1.verdict",
    title: verdictText(verdict),
    columns: ["goal", "what", "kind", "verdict", "because"],
    rows: verdict.goals.map(({ objective, goal, met, because }) => [
      objective,
      goal.title,
      goal.kind,
      met,
      because,
    ]),
  }, {
    name: "phase1.evidence",
    title: "Evidence of phase 1",
    columns: ["goal", "check", "status", "says"],
    rows: verdict.goals.flatMap(({ goal, witnesses }) =>
      witnesses.map(({ check, status, message }) => [goal.id, check, status ?? "not looked at", message])
    ),
    verbose: true,
  }];
}

/** The ids of the goals without a budget that these facts show to be met, sorted: how long things take changes. */
export function metGoals(facts: Facts): string[] {
  const components = reported();
  const findings = runChecks(components, openWorld(facts, components), facts);
  return verdictOf(PHASE_1, findings, EXISTING).goals
    .filter(({ goal, met }) => met === "met" && goal.budget === undefined).map(({ goal }) => goal.id)
    .toSorted();
}

const phase: Component = {
  name: "phase-1",
  title: "Parts of phase 1",
  dependsOn: [],
  sources: [phaseParts],
  namespaces: () => [],
  kinds: [],
  checks: parts.map(partCheck),
  edges: () => [],
  tables: verdictTables,
};

export function reported(): readonly Component[] {
  const tried = parts.flatMap((part) =>
    part.reported().filter(judgesRecords).map((component) => ofPart(component, part.name))
  );
  const all = [phase, ...tried, ...ofHealth];
  const known = new Set(all.map(({ name }) => name));
  // The gateway and its pods are judged by health here.
  return [...new Map(all.map((one) => [one.name, one])).values()].map((one) => ({
    ...one,
    dependsOn: one.dependsOn.filter((name) => known.has(name)),
  }));
}
