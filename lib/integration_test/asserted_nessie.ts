/** What the generated test of the catalog asserts. Pure. */
import { refText, type World } from "../engine/model.ts";
import { capabilityRecords } from "../checkpoints/nessie/iceberg_rest/mod.ts";
import { nessieSetup, nessieTrials } from "../checkpoints/nessie/records.ts";
import type { AssertedFact, Subject } from "./asserted.ts";
import { passedTrials, withinBudget } from "./asserted_trials.ts";

export const nessieSubject: Subject = {
  command: "validate:nessie",
  noun: "the catalog",
  doing: "The catalog is tried on scratch branches, which are deleted again.",
  look: "lookAtNessie",
  variable: "NESSIE_URL",
};

/** Of one query of metadata, in milliseconds. */
const BUDGET_MS = 2000;

/** A reference as the test names it: `BRANCH main`. */
export interface NamedReference {
  type: string;
  name: string;
}

/** Facts of a run of the checkpoint, and of the references that are there. */
export function assertedNessie(world: World, references: readonly NamedReference[]): AssertedFact[] {
  return [
    ...setupFacts(world),
    ...referenceFacts(references),
    ...passedTrials(world.records(nessieTrials), {
      id: "nessie.trials",
      title: "all of this still works on the catalog",
    }),
    ...passedTrials(world.records(capabilityRecords), {
      id: "nessie.capabilities",
      title: "the catalog can do all of this",
    }),
    ...withinBudget(world, "nessie.performance", BUDGET_MS),
  ];
}

function setupFacts(world: World): AssertedFact[] {
  const [setup] = world.records(nessieSetup);
  if (!setup) return [];
  const { url, service, defaultBranch, specVersion, serverVersion } = setup;
  return [
    { id: "nessie.url", title: "clients reach the catalog at this address", value: url },
    ...service
      ? [{ id: "nessie.service", title: "this is the Service of the catalog", value: refText(service) }]
      : [],
    { id: "nessie.default-branch", title: "this is the default branch of the catalog", value: defaultBranch },
    ...specVersion
      ? [{ id: "nessie.spec-version", title: "the API of the catalog has this version", value: specVersion }]
      : [],
    ...serverVersion
      ? [{
        id: "nessie.server-version",
        title: "the server of the catalog has this version",
        value: serverVersion,
      }]
      : [],
  ];
}

/** There may be more later: people make branches. Those of a checkpoint come and go. */
function referenceFacts(references: readonly NamedReference[]): AssertedFact[] {
  const names = references.filter(({ name }) => !name.startsWith("lakecheck-scratch-"))
    .map(({ type, name }) => `${type} ${name}`);
  return names.length > 0
    ? [{
      id: "nessie.references",
      title: "the catalog has these references",
      value: names.toSorted(),
      how: "includes",
    }]
    : [];
}
