/** Compares a report with what is true of a fault. Pure. */
import type { ObjectRef } from "../../lib/engine/model.ts";
import { refText } from "../../lib/engine/model.ts";
import { exitCode, type Report } from "../../lib/engine/report.ts";
import { fits } from "../../lib/untrusted/wildcard.ts";
import type { Expectation } from "./fault.ts";

const OR = " or ";
const NONE = "none";

function matchesAny(entry: string, object: ObjectRef): boolean {
  return entry.split(OR).some((pattern) => pattern !== NONE && fits(pattern, refText(object)));
}

function rootProblems(report: Report, expect: Expectation): string[] {
  const roots = report.roots.map(({ object }) => object);
  const wrong = roots.filter((object) => !expect.roots.some((entry) => matchesAny(entry, object)));
  return [
    ...expect.roots.flatMap((entry) => {
      const found = roots.filter((object) => matchesAny(entry, object));
      const optional = entry.split(OR).includes(NONE);
      if (found.length === 0) return optional ? [] : [`the root ${entry} was not found`];
      if (found.length === 1) return [];
      return [`one fault has ${found.length} roots: ${found.map(refText).join(", ")}`];
    }),
    ...wrong.map((object) => `${refText(object)} is called a root and is none`),
  ];
}

function symptomProblems(report: Report, expect: Expectation): string[] {
  const findings = report.details.components.flatMap(({ checks }) => checks);
  return (expect.symptoms ?? []).flatMap((entry) => {
    const unhealthy = findings.filter(({ object, status }) =>
      matchesAny(entry, object) && (status === "critical" || status === "warning" || status === "unknown")
    );
    if (unhealthy.length === 0) return [`the symptom ${entry} was not seen`];
    const unplaced = unhealthy.filter(({ role, chain }) =>
      role !== "symptom" || !chain || chain.length === 0
    );
    return [
      ...new Set(
        unplaced.map(({ object, role }) => `${refText(object)} is no symptom but ${role ?? "nothing"}`),
      ),
    ];
  });
}

/** What a report says otherwise than is true, one sentence each. Empty: the diagnosis is right. */
export function disagreements(report: Report, expect: Expectation): string[] {
  const exit = exitCode(report.status);
  const verdict = exit === expect.exit
    ? []
    : [`the exit status is ${exit} (${report.status}), not ${expect.exit}`];
  return [...verdict, ...rootProblems(report, expect), ...symptomProblems(report, expect)];
}
