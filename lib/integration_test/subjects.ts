/** The commands that have a generated test: how each looks, and which of its flags say where and how. */
import type { Asked, Command } from "../command.ts";
import type { Given } from "../cli/flags.ts";
import { CannotLook } from "../engine/errors.ts";
import type { Facts } from "../engine/model.ts";
import { openWorld } from "../engine/world.ts";
import { givenAddress } from "../checkpoint/given_address.ts";
import { icebergTrials } from "../checkpoints/iceberg/records.ts";
import { capabilityRecords } from "../checkpoints/nessie/iceberg_rest/mod.ts";
import { nessieTrials } from "../checkpoints/nessie/records.ts";
import { PART_FLAGS, type PartName } from "../checkpoints/phase1/names.ts";
import { s3Trials } from "../checkpoints/s3/records.ts";
import type { AssertedFact, Subject } from "./asserted.ts";
import { assertedIceberg, icebergSubject } from "./asserted_iceberg.ts";
import { assertedNessie, type NamedReference, nessieSubject } from "./asserted_nessie.ts";
import { assertedPhase1, partsRun, phase1Subject } from "./asserted_phase1.ts";
import { assertedS3, s3Subject } from "./asserted_s3.ts";
import { notPassed } from "./asserted_trials.ts";

export interface Looker {
  subject: Subject;
  /** What the generated test gives to its look of these flags: where and how to look. The others are of the moment. */
  flags(given: Given): Record<string, string>;
  command(): Promise<Command>;
  /** What a test asserts of these facts. CannotLook when there was nothing to be seen. */
  asserted(facts: Facts, asked: Asked): Promise<AssertedFact[]>;
  /** Trials that the test will not assert, because they failed or could not be tried. */
  leftOut(facts: Facts): string[];
}

const COMMON = ["namespace", "context", "timeout"];

export const s3Looker: Looker = {
  subject: s3Subject,
  flags(given) {
    const kept = among(given, [
      ...COMMON,
      "endpoint",
      "ca",
      "bucket",
      "credentials",
      "credentials-file",
      "region",
      "store",
      "performance",
      "performance-time",
    ]);
    // These two measure by themselves; the test has no baseline, and budgets instead.
    return given.has("save-baseline") || given.has("baseline") ? { ...kept, performance: "true" } : kept;
  },
  command: async () => (await import("../checkpoints/s3/command.ts")).testS3,
  asserted: (facts) => Promise.resolve(assertedS3(openWorld(reached(facts, "s3.trials")))),
  leftOut: (facts) => notPassed(openWorld(facts).records(s3Trials)),
};

export const nessieLooker: Looker = {
  subject: nessieSubject,
  flags: (given) => among(given, [...COMMON, "url", "ca", "load"]),
  command: async () => (await import("../checkpoints/nessie/command.ts")).validateNessie,
  async asserted(facts, asked) {
    const world = openWorld(reached(facts, "nessie.trials"));
    return assertedNessie(world, await referencesOf(facts, asked));
  },
  leftOut(facts) {
    const world = openWorld(facts);
    return notPassed([...world.records(nessieTrials), ...world.records(capabilityRecords)]);
  },
};

export const icebergLooker: Looker = {
  subject: icebergSubject,
  flags: (given) => among(given, [...COMMON, "engine", "url", "ca", "duckdb-extensions"]),
  command: async () => (await import("../checkpoints/iceberg/command.ts")).testIceberg,
  asserted: (facts) => Promise.resolve(assertedIceberg(openWorld(reached(facts, "iceberg.trials")))),
  leftOut: (facts) => notPassed(openWorld(facts).records(icebergTrials)),
};

/** The tests of the parts, and those that look at them here. */
const partLookers: Readonly<Record<PartName, Looker>> = {
  s3: s3Looker,
  nessie: nessieLooker,
  iceberg: icebergLooker,
};

export const phase1Looker: Looker = {
  subject: phase1Subject,
  flags: (given) =>
    among(given, [
      ...COMMON,
      "only",
      "skip",
      ...Object.values(PART_FLAGS).flat().filter((flag) => !/restart$/.test(flag)),
    ]),
  command: async () => (await import("../checkpoints/phase1/command.ts")).testPhase1,
  async asserted(facts, asked) {
    const ofParts: AssertedFact[] = [];
    for (const part of partsRun(facts)) {
      const known = new Set(ofParts.map(({ title }) => title));
      const more = await partLookers[part].asserted(facts, asked);
      // What two parts say in the same words is asserted once.
      ofParts.push(...more.filter(({ title }) => !known.has(title)));
    }
    return [...assertedPhase1(facts), ...ofParts];
  },
  leftOut: (facts) => partsRun(facts).flatMap((part) => partLookers[part].leftOut(facts)),
};

export const lookers: readonly Looker[] = [s3Looker, nessieLooker, icebergLooker, phase1Looker];

function among(given: Given, names: readonly string[]): Record<string, string> {
  return Object.fromEntries([...given].filter(([name]) => names.includes(name)));
}

/** The facts, if what was to be tried could be reached. */
function reached(facts: Facts, source: string): Facts {
  const result = facts.sources[source];
  if (result && !result.ok) throw new CannotLook(result.failure);
  return facts;
}

/** Read anew: the records of a run need not name them. */
async function referencesOf(facts: Facts, asked: Asked): Promise<NamedReference[]> {
  const [{ openCatalog }, { nessieApi }] = await Promise.all([
    import("../checkpoints/nessie/setup/mod.ts"),
    import("../clients/nessie/client.ts"),
  ]);
  const given = await givenAddress(asked.given, "url", "NESSIE_URL");
  const { connection, close } = await openCatalog(openWorld(facts), asked, given);
  try {
    const { timeoutMs, signal } = asked;
    return await Array.fromAsync(
      nessieApi({ connection, timeoutMs, signal }).references(),
      ({ type, name }) => ({ type, name }),
    );
  } finally {
    await close();
  }
}
