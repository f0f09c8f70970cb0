/** Parts of phase 1 that try nothing, and say what they were told to. */
import type { Part } from "../../../lib/checkpoints/phase1/parts.ts";
import { type PartName, partNames } from "../../../lib/checkpoints/phase1/names.ts";
import { recordsOf } from "../../../lib/checkpoints/phase1/parts.ts";
import { trialChecks } from "../../../lib/checkpoint/trial.ts";
import { trialReader } from "../../../lib/checkpoint/trial.ts";
import type { Component, Facts, RecordSource } from "../../../lib/engine/model.ts";
import type { SeenRecord } from "../../../lib/checkpoint/trial.ts";

export const FACTS: Facts = {
  schema: "lakecheck.facts/v1",
  collectedAt: "2026-11-21T13:00:00Z",
  context: "test",
  namespace: "data-platform",
  sources: {},
};

export const sourceOf = (name: PartName): RecordSource<SeenRecord> => ({
  id: `${name}.toy`,
  records: "trials of a toy",
  read: trialReader(() => undefined),
});

const words = (id: string) => ({
  id,
  title: id,
  explain: "A trial of the tests.",
  weight: "critical" as const,
});

function componentOf(name: PartName): Component {
  const source = sourceOf(name);
  return {
    name: `${name}-toy`,
    title: name,
    dependsOn: [],
    sources: [source],
    namespaces: () => [],
    kinds: [],
    checks: trialChecks(
      source,
      [words(`${name}.basic`), words(`${name}.other`)],
      () => ({ kind: "Toy", name }),
    ),
    edges: () => [],
  };
}

export type Result = "passed" | "failed" | "unknown" | "skipped";

/** What its trials come to, by the last word of their ids; an Error is thrown when the part is run. */
export type Told = Partial<Record<PartName, Partial<Record<"basic" | "other", Result>> | Error>>;

export function toyParts(told: Told, heard: string[] = []): Part[] {
  return partNames.map((name): Part => {
    const components = [componentOf(name)];
    return {
      name,
      what: `the toy ${name}`,
      reported: () => components,
      basics: [`${name}.basic`],
      load: () =>
        Promise.resolve({
          check: ({ given }) =>
            Promise.resolve(void heard.push(`check ${name} ${[...given.keys()].toSorted().join()}`)),
          run(facts, _asked, lead) {
            heard.push(`run ${name}: ${lead()}`);
            const results = told[name] ?? {};
            if (results instanceof Error) return Promise.reject(results);
            const items = (["basic", "other"] as const).map((word) => ({
              trial: `${name}.${word}`,
              result: results[word] ?? "passed",
              reason: "Toy",
              message: `${word} is ${results[word] ?? "passed"}`,
              durationMs: 1,
            }));
            const [source] = recordsOf({ reported: () => components });
            return Promise.resolve({
              ...facts,
              sources: { ...facts.sources, [source?.id ?? ""]: { ok: true, items } },
            });
          },
        }),
    };
  });
}
