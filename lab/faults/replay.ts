/** Judges recorded facts as `data-platform:health --facts` does, in this process. */
import { components } from "../../lib/components/mod.ts";
import { runChecks } from "../../lib/check.ts";
import { diagnose } from "../../lib/diagnose.ts";
import type { Facts } from "../../lib/model.ts";
import { explainOutage, outageOf } from "../../lib/outage.ts";
import { formats } from "../../lib/render/mod.ts";
import { buildReport, type Report } from "../../lib/report.ts";
import { openWorld } from "../../lib/world.ts";

/** The report of these facts; `durationMs` is 0, so that equal facts give equal reports. */
export function replay(facts: Facts): Report {
  const world = openWorld(facts);
  const judged = runChecks(components, world, facts);
  const outage = outageOf(facts);
  const { findings, roots } = outage
    ? explainOutage(facts, outage, judged)
    : diagnose(components, world, facts, judged);
  return buildReport({ command: "data-platform:health", facts, components, findings, roots, durationMs: 0 });
}

/** The report as `--output-file` writes it in the plain format. */
export async function plainText(report: Report): Promise<string> {
  return (await formats.plain())(report, { colour: false, width: 100 });
}

const line = (value: unknown) => JSON.stringify(value);

function list(name: string, items: readonly string[]): string {
  return items.length === 0 ? `"${name}": []` : `"${name}": [\n${items.join(",\n")}\n]`;
}

/** The report as JSON with a root or a finding a line, so that a difference shows what it is about. */
export function reportText(report: Report): string {
  const { roots, details, issues, ...head } = report;
  const components = details.components.map(({ checks, ...component }) =>
    `{${line(component).slice(1, -1)}, ${list("checks", checks.map(line))}}`
  );
  const parts = [
    list("roots", roots.map(line)),
    `"details": {${list("components", components)}}`,
    list("issues", issues.map(line)),
  ];
  return `{${line(head).slice(1, -1)},\n${parts.join(",\n")}}\n`;
}
