/** What is recorded from the lab: every fault, every innocent state, and some combinations. */
import { fieldCases } from "./field_cases.ts";
import type { Expectation, Fault } from "./fault.ts";
import { faults, findFault } from "./table.ts";

/** One recording: what is on, who looks, and what is true then. */
export interface Scenario {
  name: string;
  title: string;
  faults: readonly Fault[];
  /** True: the facts are collected by a user who may read everything but pods. */
  restricted?: true;
  /** True: the lab can't make it. Its facts are the healthy ones, changed after reports from the field. */
  composed?: true;
  expect: Expectation;
}

function together(names: readonly string[]): Pick<Scenario, "faults" | "expect"> {
  const all = names.map(findFault);
  return {
    faults: all,
    expect: {
      exit: 2,
      roots: all.flatMap(({ expect }) => expect.roots),
      symptoms: all.flatMap(({ expect }) => expect.symptoms ?? []),
    },
  };
}

/** Every scenario, in the order in which they are recorded. */
export const scenarios: readonly Scenario[] = [
  { name: "healthy", title: "Nothing is wrong", faults: [], expect: { exit: 0, roots: [] } },
  {
    name: "rbac-forbidden",
    title: "The one who looks may not list pods",
    faults: [],
    restricted: true,
    expect: { exit: 3, roots: ["Pod * or APIServer * or none"] },
  },
  ...faults.map((fault) => ({ name: fault.name, title: fault.title, faults: [fault], expect: fault.expect })),
  {
    name: "connect-missing-and-wrong-dependson",
    title: "Connect was never installed, a dependsOn is wrong, and a failed Job makes noise",
    ...together(["failed-job-noise", "flux-dependson-wrong-namespace", "onepassword-connect-missing"]),
  },
  {
    name: "two-unrelated-faults",
    title: "The history server's bucket is wrong, and the Spark client was scaled to zero",
    ...together(["spark-history-bucket-wrong", "spark-client-scaled-to-zero"]),
  },
  ...fieldCases.map((one) => ({ ...one, faults: [], composed: true as const })),
];
