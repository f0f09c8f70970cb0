/** What the formats for people share: the verdict line, the signs, and objects and chains as words. */
import type { ChainStep, Connection, Finding, ObjectRef, Status, Verdict } from "../engine/model.ts";
import { refKey, refText } from "../engine/model.ts";
import type { ComponentReport, Report, Root } from "../engine/report.ts";
import { are, count, plural } from "../engine/sentence.ts";
import type { Colour, Paint } from "./text.ts";
import { hang, TIE } from "./text.ts";

export interface RenderOptions {
  /** Whether escape sequences for colours may be written. */
  colour: boolean;
  /** Columns of the terminal. */
  width: number;
}

/** A format: the whole document, ending in a newline. */
export type Renderer = (report: Report, options: RenderOptions) => string;

export const STATUS_COLOURS: Record<Status, Colour[]> = {
  ok: ["green"],
  skipped: ["dim"],
  warning: ["yellow"],
  unknown: ["magenta"],
  critical: ["red", "bold"],
};

export const VERDICT_COLOURS: Record<Verdict, Colour[]> = {
  healthy: ["green", "bold"],
  warning: ["yellow", "bold"],
  critical: ["red", "bold"],
  error: ["magenta", "bold"],
};

/** Wide enough for the longest status word. */
export const STATUS_WIDTH = 8;

export function findingsOf(report: Report): Finding[] {
  return report.details.components.flatMap((component) => component.checks);
}

/** The verdict in words, without the verdict itself. */
export function headline(report: Report): string {
  const { summary, roots } = report;
  const [first] = roots;
  const faults = roots.filter((root) => root.status === "critical").length;
  if (report.status === "healthy") {
    return summary.skipped === 0
      ? `${count(summary.total, "component")} ${are(summary.total)} healthy.`
      : `${summary.healthy} of ${count(summary.total, "component")} ${
        are(summary.healthy)
      } healthy; ${summary.skipped} ${summary.skipped === 1 ? "does" : "do"} not apply.`;
  }
  if (report.status === "critical") {
    const broken = `${summary.critical} of ${count(summary.total, "component")}`;
    const named = first && `${objectText(first.object)} (${first.reason})`;
    if (!named || faults === 0) return `${broken} ${summary.critical === 1 ? "is" : "are"} broken.`;
    return faults === 1
      ? `${named} breaks ${broken}.`
      : `${faults} faults break ${broken}; the first is ${named}.`;
  }
  if (report.status === "warning") {
    const warnings = findingsOf(report).filter((f) => f.status === "warning" && f.role !== "symptom").length;
    return `Nothing is broken; ${count(warnings, "thing needs", "things need")} attention.`;
  }
  if (summary.total === 0) return "The status is not known.";
  return summary.unknown === summary.total
    ? `The status is not known: none of ${count(summary.total, "component")} could be read.`
    : `The status is not known: ${summary.unknown} of ${
      count(summary.total, "component")
    } could not be read in full.`;
}

/** The one line of numbers under the verdict. */
export function numbers(report: Report): string {
  const { summary } = report;
  const counted: [number, string][] = [
    [summary.critical, "critical"],
    [summary.warnings, "warning"],
    [summary.unknown, "unknown"],
    [summary.healthy, "ok"],
    [summary.skipped, "skipped"],
  ];
  const words = counted.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`).join(", ");
  const checks = new Set(findingsOf(report).map((finding) => finding.check)).size;
  const when = report.timestamp.replace("T", " ").replace(/(?:\.\d+)?Z$/, " UTC");
  return [
    ...words ? [`Components: ${words}`] : [],
    `${count(checks, "check")} in ${(report.durationMs / 1000).toFixed(2)} s`,
    ...report.context ? [`context ${report.context}`] : [],
    when,
  ].map((part) => part.replaceAll(" ", TIE)).join(`${TIE}· `);
}

/** Connections that somebody on the way could read or change, a sentence each. */
export function exposed(report: Report): string[] {
  return (report.details.connections ?? []).filter(({ tls }) => tls !== "verified").map(exposure);
}

function exposure({ to, url, tls, why }: Connection): string {
  const how = tls === "none"
    ? `${to} is asked over plain http (${url})`
    : `the certificate of ${to} (${url}) is not verified${why ? `: ${why}` : ""}`;
  return `${how}; somebody on the way could read what is sent and change what is reported.`;
}

/** `ClusterSecretStore x → ExternalSecret y → Pod z`: from the cause to what it broke; long chains lose their middle. */
export function chainText(finding: Finding, limit = Infinity): string {
  const steps = causes(finding);
  const nodes = [...steps.map((step) => shortRef(step.object)).reverse(), shortRef(finding.object)];
  const kept = nodes.length <= limit ? nodes : [...nodes.slice(0, 1), "…", ...nodes.slice(1 - limit)];
  return kept.map((node) => node.replaceAll(" ", TIE)).join(` →${TIE}`);
}

/** The chain without the object that it explains. */
export function causes(finding: Finding): ChainStep[] {
  const chain = finding.chain ?? [];
  return chain[0] && refKey(chain[0].object) === refKey(finding.object) ? chain.slice(1) : chain;
}

/** The root that explains a symptom, and its number (from 1) in the report. */
export function causeOf(finding: Finding, report: Report): { root: Root; number: number } | undefined {
  const last = causes(finding).at(-1);
  const index = last ? report.roots.findIndex((root) => refKey(root.object) === refKey(last.object)) : -1;
  const root = report.roots[index];
  return root && { root, number: index + 1 };
}

/** The object without its namespace, for chains, which rarely leave it. */
export function shortRef(ref: ObjectRef): string {
  return ref.name === "*" ? plural(ref.kind) : `${ref.kind} ${ref.name}`;
}

/** The object as people write it; `*` stands for every object of the kind. */
export function objectText(ref: ObjectRef): string {
  return ref.name === "*" ? plural(ref.kind) : refText(ref);
}

/** Objects by kind: `2 Pods` with their names by namespace, at most `limit` names, in the order given. */
export function byKind(refs: readonly ObjectRef[], limit = Infinity): { head: string; names: string }[] {
  return [...Map.groupBy(refs, (ref) => ref.kind)].map(([kind, members]) => {
    const shown = members.slice(0, limit);
    const places = [...Map.groupBy(shown, (ref) => ref.namespace ?? "")].map(([namespace, inside]) =>
      (namespace ? `${namespace}/` : "") +
      inside.map(({ name }) => name === "*" ? "all of them" : name).join(", ")
    );
    const more = members.length - shown.length;
    return {
      head: members.some(({ name }) => name === "*") ? plural(kind) : count(members.length, kind),
      names: places.join("; ") + (more > 0 ? ` and ${more} more` : ""),
    };
  });
}

/** What could not be read and why, once per cause, with the checks that it touches. */
export function blindSpots(report: Report): { message: string; finding: Finding; checks: string[] }[] {
  const blind = findingsOf(report).filter((f) =>
    f.status === "unknown" && f.role !== "symptom" && !isRoot(f, report)
  );
  return [...Map.groupBy(blind, (finding) => finding.message)].flatMap(([message, same]) => {
    const finding = same[0];
    return finding ? [{ message, finding, checks: [...new Set(same.map((f) => f.check))] }] : [];
  });
}

/** Warnings and faults that stand in no root and come from none, those of one check and reason together. */
export function independents(report: Report): { finding: Finding; others: Finding[] }[] {
  const alone = findingsOf(report).filter((f) =>
    (f.status === "warning" || f.status === "critical") && f.role !== "symptom" && !isRoot(f, report)
  );
  return [...Map.groupBy(alone, (f) => `${f.check} ${f.reason} ${f.status}`).values()].flatMap((same) => {
    const [finding, ...others] = same;
    return finding ? [{ finding, others }] : [];
  });
}

/** Another finding about a root's own object is part of that root. */
export function isRoot(finding: Finding, report: Report): boolean {
  return report.roots.some((root) => refKey(root.object) === refKey(finding.object));
}

/** A message without the advice at its end, and the advice: ours comes last, after what others said. */
export function advised(message: string): { what: string; advice?: string } {
  const at = message.lastIndexOf(" Next: ");
  if (at < 0) return { what: message };
  return { what: message.slice(0, at).replace(/\.$/, ""), advice: message.slice(at + " Next: ".length) };
}

/** The finding behind a root, which holds what was observed and where. */
export function findingOf(root: Root, report: Report): Finding | undefined {
  return findingsOf(report).find((f) => f.check === root.check && refKey(f.object) === refKey(root.object));
}

/** `Observed: 0 of 2 ready. Expected: 2 of 2 ready. Source: status.readyReplicas`, without what is not known. */
export function observationLines(
  { observed, expected, evidence }: Finding,
  indent: string,
  width: number,
  paint: Paint,
): string[] {
  const parts = [
    observed && `Observed:${TIE}${observed}`,
    expected && `Expected:${TIE}${expected}`,
    evidence && `Source:${TIE}${evidence}`,
  ].filter(Boolean);
  return parts.length === 0 ? [] : hang(indent, parts.join(". "), width).map((line) => paint(["dim"], line));
}

/** The finding that says most about a component: its own fault first, else the one furthest from the cause. */
export function chiefFinding(component: ComponentReport, report: Report): Finding | undefined {
  const candidates = component.checks.filter((finding) => finding.status === component.status);
  const own = candidates.find((finding) => isRoot(finding, report)) ??
    candidates.find((f) => f.role !== "symptom");
  return own ?? candidates.toSorted((a, b) => causes(b).length - causes(a).length)[0];
}

/** The report as if nobody had found what is muted. */
export function withoutMuted(report: Report): Report {
  const components = report.details.components.map((component) => ({
    ...component,
    checks: component.checks.filter(({ muted }) => !muted),
  }));
  return { ...report, details: { ...report.details, components } };
}

/** `Muted: 2 known findings, the first until 2026-12-31 (being replaced); --verbose shows them.` */
export function mutedLines(report: Report, width: number): string[] {
  const known = findingsOf(report).flatMap(({ muted }) => muted ?? []);
  const [first] = known.toSorted((a, b) => a.until < b.until ? -1 : 1);
  if (!first) return [];
  const text = `${count(known.length, "known finding")}, ${
    known.length > 1 ? "the first " : ""
  }until ${first.until} (${first.reason}); --verbose shows ${known.length > 1 ? "them" : "it"}.`;
  return hang("Muted: ", text, width);
}
