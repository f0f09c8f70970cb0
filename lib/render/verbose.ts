/** Everything: each fault with all it explains, then every check with what was seen, expected, and where. */
import type { Finding } from "../engine/model.ts";
import type { ComponentReport, Report } from "../engine/report.ts";
import {
  causes,
  mutedLines,
  objectText,
  observationLines,
  type Renderer,
  shortRef,
  STATUS_COLOURS,
  STATUS_WIDTH,
} from "./parts.ts";
import { rootBlock, verdict } from "./plain.ts";
import { tableSections } from "./table.ts";
import { cleanAll, hang, pad, type Paint, painter } from "./text.ts";

interface Page {
  report: Report;
  width: number;
  paint: Paint;
}

export const verbose: Renderer = (dirty, { colour, width }) => {
  const page: Page = { report: cleanAll(dirty), width, paint: painter(colour) };
  const sections = [
    [...verdict(page), ...mutedLines(page.report, width)],
    ...page.report.roots.map((root, index) => rootBlock(page, root, index, Infinity)),
    ...page.report.details.components.map((component) => componentBlock(page, component)),
    ...tableSections(page.report.details.tables, width, page.paint),
  ];
  if (page.report.details.components.length === 0 && page.report.roots.length === 0) {
    sections.push(page.report.issues.flatMap((issue) => hang("  ", issue, width)));
  }
  sections.push([page.paint(["dim"], `lakecheck ${page.report.version}`)]);
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n") + "\n";
};

function componentBlock({ width, paint }: Page, component: ComponentReport): string[] {
  const needs = component.dependsOn.length > 0 ? `, stands on ${component.dependsOn.join(", ")}` : "";
  const head = `${pad(component.status, STATUS_WIDTH)}  ${component.name}: `;
  const painted = `${paint(STATUS_COLOURS[component.status], pad(component.status, STATUS_WIDTH))}  ${
    paint(["bold"], component.name)
  }: `;
  const title = hang(head, component.title + needs, width, painted);
  return [...title, ...component.checks.flatMap((finding) => findingBlock({ width, paint }, finding))];
}

function findingBlock({ width, paint }: Pick<Page, "width" | "paint">, finding: Finding): string[] {
  const word = pad(finding.status, STATUS_WIDTH);
  const colours = finding.role === "symptom" || finding.muted ? [] : STATUS_COLOURS[finding.status];
  const indent = " ".repeat(STATUS_WIDTH + 4);
  const detail = (name: string, text: string) => hang(`${indent}${pad(name, 7)}`, text, width);
  const muted = finding.muted ? `, muted until ${finding.muted.until}: ${finding.muted.reason}` : "";
  const role = finding.role ? `, ${finding.role}${finding.confidence === "likely" ? " (likely)" : ""}` : "";
  return [
    ...hang(
      `  ${word}  `,
      `${finding.check}  ${objectText(finding.object)}  ${finding.reason}${role}${muted}`,
      width,
      `  ${paint(colours, word)}  `,
    ),
    ...hang(indent, finding.message, width),
    ...observationLines(finding, indent, width, paint),
    ...chainLines(finding).flatMap(({ name, text }) => detail(name, text)),
    ...(finding.next ?? []).map((command) => `${indent}${pad("next", 7)}${paint(["cyan"], command)}`),
  ];
}

/** One line a step, from the symptom to its cause, with how each needs the next. */
function chainLines(finding: Finding): { name: string; text: string }[] {
  return causes(finding).map((step, index) => ({
    name: index === 0 ? "needs" : "",
    text: `${shortRef(step.object)} is ${step.reason}${step.via ? ` (${step.via})` : ""}`,
  }));
}
