/** From facts to a report: every stage after collecting, without I/O. */
import { runChecks } from "./check.ts";
import { diagnose } from "./diagnose.ts";
import type { Component, Facts } from "./model.ts";
import { explainOutage, outageOf } from "./outage.ts";
import { buildReport, type Report } from "./report.ts";
import { openWorld } from "./world.ts";

/** The report of these facts. Its `durationMs` is 0: only who collected knows how long that took. */
export function examine(command: string, components: readonly Component[], facts: Facts): Report {
  const world = openWorld(facts);
  const judged = runChecks(components, world, facts);
  const outage = outageOf(facts);
  const { findings, roots } = outage
    ? explainOutage(facts, outage, judged)
    : diagnose(components, world, facts, judged);
  const tables = components.flatMap((component) => component.tables?.(world) ?? []);
  return buildReport({ command, facts, components, findings, roots, tables, durationMs: 0 });
}
