/** Judges recorded facts as `data-platform:health --facts` does, in this process. */
import { components } from "../../lib/components/mod.ts";
import { evaluate } from "../../lib/engine/evaluate.ts";
import type { Facts } from "../../lib/engine/model.ts";
import { formats } from "../../lib/render/mod.ts";
import type { Report } from "../../lib/engine/report.ts";

/** The report of these facts. */
export function replay(facts: Facts): Report {
  return evaluate("data-platform:health", components, facts);
}

/** The report as `--output-file` writes it in the plain format. */
export async function plainText(report: Report): Promise<string> {
  return (await formats.plain())(report, { colour: false, width: 100 });
}

const line = (value: unknown) => JSON.stringify(value);

function list(name: string, items: readonly string[]): string {
  return items.length === 0 ? `"${name}": []` : `"${name}": [\n${items.join(",\n")}\n]`;
}

/** What of a report is recorded: all but the version, which would change every recording with every release. */
export function recordedPart({ version: _, ...report }: Report): Omit<Report, "version"> {
  return report;
}

/** The recorded part of a report as JSON with a root or a finding a line, so that a difference shows what it is about. */
export function reportText(report: Report): string {
  const { roots, details, issues, platform, ...head } = recordedPart(report);
  const components = details.components.map(({ checks, ...component }) =>
    `{${line(component).slice(1, -1)}, ${list("checks", checks.map(line))}}`
  );
  const connections = details.connections ? [list("connections", details.connections.map(line))] : [];
  const tables = details.tables ? [list("tables", details.tables.map(line))] : [];
  const described = platform ? [list("roles", platform.roles.map(line))] : [];
  const { roles: _, ...place } = platform ?? {};
  const parts = [
    ...described.map((roles) => `"platform": {${[line(place).slice(1, -1), roles].join(",\n")}}`),
    list("roots", roots.map(line)),
    `"details": {${[list("components", components), ...connections, ...tables].join(",\n")}}`,
    list("issues", issues.map(line)),
  ];
  return `{${line(head).slice(1, -1)},\n${parts.join(",\n")}}\n`;
}
