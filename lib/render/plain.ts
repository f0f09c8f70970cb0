/** The format for somebody woken at 3 a.m.: the verdict, what broke it, what to type; then one line a component. */
import type { Report, Root } from "../engine/report.ts";
import type { ComponentReport } from "../engine/report.ts";
import { count, withObject } from "../engine/sentence.ts";
import {
  advised,
  blindSpots,
  byKind,
  causeOf,
  causes,
  chainText,
  chiefFinding,
  exposed,
  findingOf,
  findingsOf,
  headline,
  independents,
  isRoot,
  mutedLines,
  numbers,
  objectText,
  observationLines,
  type Renderer,
  STATUS_COLOURS,
  STATUS_WIDTH,
  VERDICT_COLOURS,
  withoutMuted,
} from "./parts.ts";
import { tableSections } from "./table.ts";
import { cleanAll, columns, hang, pad, type Paint, painter, wrap } from "./text.ts";

/** Names shown of one kind before `and N more`. */
const NAMES = 6;
/** Entries shown of one section before `and N more`. */
const ENTRIES = 12;
const CHAIN = 4;

interface Page {
  report: Report;
  width: number;
  paint: Paint;
}

export const plain: Renderer = (dirty, { colour, width }) => {
  const whole = cleanAll(dirty);
  const page: Page = { report: withoutMuted(whole), width, paint: painter(colour) };
  const sections = [
    [...verdict(page), ...mutedLines(whole, width)],
    ...page.report.roots.slice(0, ENTRIES).map((root, index) => rootBlock(page, root, index)),
    moreRoots(page),
    blind(page),
    unrelated(page),
    components(page),
    ...tableSections(page.report.details.tables?.filter((table) => !table.verbose), width, page.paint),
    notes(page),
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n") + "\n";
};

/** The verdict in words and the line of numbers; every format for people starts with it. */
export function verdict({ report, width, paint }: Page): string[] {
  const word = report.status.toUpperCase();
  return [
    ...hang(`${word}  `, headline(report), width, `${paint(VERDICT_COLOURS[report.status], word)}  `),
    ...wrap(numbers(report), width).map((line) => paint(["dim"], line)),
    ...exposed(report).flatMap((text) =>
      hang("Not secure: ", text, width, paint(["yellow"], "Not secure: "))
    ),
  ];
}

/** A fault: what is broken, what it explains, what to type. */
export function rootBlock(
  { report, width, paint }: Page,
  root: Root,
  index: number,
  names = NAMES,
): string[] {
  const finding = findingOf(root, report);
  const total = report.roots.length;
  const title = total === 1 ? "Fault" : `Fault ${index + 1} of ${total}`;
  const sure = root.confidence === "likely" ? ", likely the cause" : "";
  const head = `${title}  ${root.status}  `;
  const lines = [
    ...hang(
      head,
      `${objectText(root.object)} (${root.reason}${sure})`,
      width,
      `${paint(["bold"], title)}  ${paint(STATUS_COLOURS[root.status], root.status)}  `,
    ),
    ...hang("  ", advised(root.message).what, width),
    ...finding ? observationLines(finding, "  ", width, paint) : [],
  ];
  if (root.explains.length > 0) {
    const rows = byKind(root.explains, names);
    const wide = Math.max(...rows.map((row) => columns(row.head))) + 2;
    lines.push(`  Explains ${count(root.explains.length, "symptom")}:`);
    for (const row of rows) lines.push(...hang(`    ${pad(row.head, wide)}`, row.names, width));
  }
  return [...lines, ...adviceLines(root.message, "  ", width), ...nextLines(root.next, paint)];
}

/** Commands stay whole, each on a line of its own, so that they can be copied. */
export function nextLines(next: readonly string[], paint: Paint): string[] {
  return next.length === 0 ? [] : ["  Next:", ...next.map((command) => `    ${paint(["cyan"], command)}`)];
}

function adviceLines(message: string, indent: string, width: number): string[] {
  const { advice } = advised(message);
  return advice ? hang(indent, `Next: ${advice}`, width) : [];
}

function moreRoots({ report }: Page): string[] {
  const more = report.roots.length - ENTRIES;
  return more > 0 ? [`And ${count(more, "more fault")}; --verbose shows all.`] : [];
}

function components({ report, width, paint }: Page): string[] {
  const all = report.details.components;
  if (all.length === 0 || nothingJudged(report)) return [];
  const wide = Math.max(...all.map((component) => columns(component.name))) + 2;
  return [
    paint(["bold"], "Components"),
    ...all.flatMap((component) => {
      const word = pad(component.status, STATUS_WIDTH);
      // What a fault elsewhere explains is no alarm of its own.
      const colours = onlySymptoms(component, report) ? [] : STATUS_COLOURS[component.status];
      const name = pad(component.name, wide);
      return hang(`  ${word}  ${name}`, line(component, report), width, `  ${paint(colours, word)}  ${name}`);
    }),
  ];
}

/** One cause kept everything from being read: naming it once says it all. */
function nothingJudged(report: Report): boolean {
  const all = findingsOf(report);
  return report.roots.length === 1 &&
    all.every((finding) => finding.status === "unknown" && finding.role === "symptom");
}

function onlySymptoms(component: ComponentReport, report: Report): boolean {
  const unhealthy = component.checks.filter((finding) => finding.status === component.status);
  return unhealthy.every((finding) => finding.role === "symptom" && !isRoot(finding, report));
}

function line(component: ComponentReport, report: Report): string {
  const checks = new Set(component.checks.map((finding) => finding.check)).size;
  if (component.status === "ok") return count(checks, "check");
  const finding = chiefFinding(component, report);
  if (!finding) return "This cluster has nothing of it.";
  const number = report.roots.findIndex((root) => root.message === finding.message) + 1;
  if (number > 0 && finding.role !== "symptom") {
    return report.roots.length === 1 ? "The fault above." : `Fault ${number} above.`;
  }
  const cause = causeOf(finding, report);
  if (finding.role === "symptom" && finding.status === "unknown" && cause) {
    return `Not judged, because of ${objectText(cause.root.object)}.`;
  }
  const { what } = advised(finding.message);
  const message = /[.!?]$/.test(what) ? what : `${what}.`;
  if (finding.role !== "symptom" || causes(finding).length === 0) return message;
  const which = cause && report.roots.length > 1 ? ` fault ${cause.number},` : "";
  const likely = finding.confidence === "likely" ? "Likely cause" : "Cause";
  return `${message} ${likely}:${which} ${chainText(finding, CHAIN)}.`;
}

function blind({ report, width, paint }: Page): string[] {
  const spots = blindSpots(report);
  if (spots.length === 0) return [];
  const word = pad("unknown", STATUS_WIDTH);
  const indent = " ".repeat(STATUS_WIDTH + 4);
  const lines = spots.slice(0, ENTRIES).flatMap(({ message, finding, checks }) => [
    ...hang(`  ${word}  `, advised(message).what, width, `  ${paint(["magenta"], word)}  `),
    ...hang(indent, `Not judged: ${checks.join(", ")}`, width).map((l) => paint(["dim"], l)),
    ...adviceLines(message, indent, width),
    ...nextLines(finding.next ?? [], paint).map((next) => " ".repeat(STATUS_WIDTH + 2) + next),
  ]);
  return [paint(["bold"], "Could not be read"), ...lines, ...more(spots.length)];
}

function unrelated({ report, width, paint }: Page): string[] {
  const found = independents(report);
  if (found.length === 0) return [];
  const title = report.roots.length > 0 ? "Besides, not caused by the above" : "Needs attention";
  const indent = " ".repeat(STATUS_WIDTH + 2);
  const lines = found.slice(0, ENTRIES).flatMap(({ finding, others }) => {
    const word = pad(finding.status, STATUS_WIDTH);
    const names = byKind(others.map((other) => other.object), NAMES).map((row) =>
      `${row.head}: ${row.names}`
    );
    return [
      ...hang(
        `  ${word}  `,
        withObject(finding.object, advised(finding.message).what),
        width,
        `  ${paint(STATUS_COLOURS[finding.status], word)}  `,
      ),
      ...observationLines(finding, `${indent}  `, width, paint),
      ...names.flatMap((text) => hang(`${indent}  `, `The same for ${text}`, width)),
      ...adviceLines(finding.message, `${indent}  `, width),
      ...nextLines(finding.next ?? [], paint).map((next) => indent + next),
    ];
  });
  return [paint(["bold"], title), ...lines, ...more(found.length)];
}

function more(total: number): string[] {
  return total > ENTRIES ? [`  And ${total - ENTRIES} more; --verbose shows all.`] : [];
}

/** Lines that stand in no root: what stopped the run before there was anything to judge. */
function notes({ report, width }: Page): string[] {
  return report.details.components.length === 0 && report.roots.length === 0
    ? report.issues.flatMap((issue) => hang("  ", issue, width))
    : [];
}
