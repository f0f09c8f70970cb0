/** What the generated test of tables asserts. Pure. */
import { refText, type World } from "../engine/model.ts";
import { icebergSetup, icebergTimes, icebergTrials } from "../checkpoints/iceberg/records.ts";
import type { AssertedFact, Subject } from "./asserted.ts";
import { passedTrials } from "./asserted_trials.ts";

export const icebergSubject: Subject = {
  command: "data-platform:test:iceberg",
  noun: "tables",
  doing: "Tables are tried in a scratch namespace on scratch branches, which are removed again.",
  look: "lookAtIceberg",
  variable: "NESSIE_URL",
};

/** Of one CREATE TABLE, in milliseconds. */
const CREATE_MS = 30_000;

export function assertedIceberg(world: World): AssertedFact[] {
  const [setup] = world.records(icebergSetup);
  const created = world.records(icebergTimes).filter(({ what }) => what === "CREATE TABLE");
  return [
    ...setup
      ? [{ id: "iceberg.url", title: "engines reach the catalog at this address", value: setup.url }]
      : [],
    ...setup?.service
      ? [{
        id: "iceberg.service",
        title: "this is the Service of the catalog",
        value: refText(setup.service),
      }]
      : [],
    ...setup && setup.engines.length > 0
      ? [{
        id: "iceberg.engines",
        title: "these engines read and write tables",
        value: setup.engines.map(({ name, version }) => `${name} ${version}`).toSorted(),
        how: "includes" as const,
      }]
      : [],
    ...passedTrials(world.records(icebergTrials), {
      id: "iceberg.trials",
      title: "all of this still works with tables",
    }),
    ...created.filter(({ p95Ms }) => p95Ms <= CREATE_MS).map(({ engine, what, p95Ms }) => ({
      id: `iceberg.times.${engine}`,
      title: `${what} by ${engine}: 95 of 100 take at most ${CREATE_MS} ms`,
      value: p95Ms,
      how: "at most" as const,
      limit: CREATE_MS,
    })),
  ];
}
