/** The one document every command prints, and the words and exit codes that come out of it. */
import { withObject } from "./sentence.ts";
import type {
  Component,
  Confidence,
  Connection,
  Facts,
  Finding,
  ObjectRef,
  PlatformDescription,
  ShellCommand,
  Status,
  Table,
  Verdict,
} from "./model.ts";
import { VERSION } from "../version.ts";

export const REPORT_SCHEMA = "lakecheck.report/v1";

/** How many components have each status. */
export interface Summary {
  total: number;
  healthy: number;
  warnings: number;
  critical: number;
  unknown: number;
  skipped: number;
}

/** A fault that nothing unhealthy explains, and what it explains. */
export interface Root {
  check: string;
  component: string;
  object: ObjectRef;
  status: Status;
  reason: string;
  message: string;
  /** `likely` when a step to some symptom is an inference or could not be read. */
  confidence: Confidence;
  /** Objects whose findings this root explains, nearest first. */
  explains: ObjectRef[];
  next: ShellCommand[];
}

export interface ComponentReport {
  name: string;
  title: string;
  status: Status;
  dependsOn: string[];
  checks: Finding[];
}

export interface Report {
  schema: typeof REPORT_SCHEMA;
  command: string;
  /** Of lakecheck, which judged: semver. Facts that another version recorded are judged by this one. */
  version: string;
  status: Verdict;
  /** RFC 3339: when the facts were collected. */
  timestamp: string;
  durationMs: number;
  context: string;
  /** What the platform consists of; absent where the command does not look. */
  platform?: PlatformDescription;
  summary: Summary;
  /** Ranked: what explains most comes first. */
  roots: Root[];
  details: { components: ComponentReport[]; tables?: Table[]; connections?: Connection[] };
  /** One line per root. */
  issues: string[];
}

export type FailOn = "critical" | "warning" | "never";

/** From best to worst; the status of a group is its worst member's. */
const ORDER: readonly Status[] = ["skipped", "ok", "warning", "unknown", "critical"];

/** The worst of these; `skipped` when there is none. */
export function worst(statuses: readonly Status[]): Status {
  return statuses.reduce<Status>((a, b) => ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a, "skipped");
}

/** `error` (could not tell) wins over `warning`, `critical` wins over both. */
export function verdictOf(statuses: readonly Status[]): Verdict {
  if (statuses.includes("critical")) return "critical";
  if (statuses.includes("unknown")) return "error";
  if (statuses.includes("warning")) return "warning";
  return statuses.includes("ok") ? "healthy" : "error";
}

/** 0 healthy, 1 warning, 2 critical, 3 could not tell; `failOn` moves the bar for 1 and 2, never for 3. */
export function exitCode(verdict: Verdict, failOn: FailOn = "warning"): number {
  if (verdict === "error") return 3;
  if (verdict === "critical") return failOn === "never" ? 0 : 2;
  if (verdict === "warning") return failOn === "warning" ? 1 : 0;
  return 0;
}

/** Counts components by status. */
export function summarize(components: readonly ComponentReport[]): Summary {
  const count = (status: Status) => components.filter((c) => c.status === status).length;
  return {
    total: components.length,
    healthy: count("ok"),
    warnings: count("warning"),
    critical: count("critical"),
    unknown: count("unknown"),
    skipped: count("skipped"),
  };
}

/** Puts findings into their components. A component nobody reported on is not in the report. */
export function buildReport(input: {
  command: string;
  facts: Facts;
  components: readonly Component[];
  findings: readonly Finding[];
  roots: readonly Root[];
  tables: readonly Table[];
  platform?: PlatformDescription;
  durationMs: number;
}): Report {
  const components = input.components.map((component): ComponentReport => {
    const checks = input.findings.filter((finding) => finding.component === component.name);
    return {
      name: component.name,
      title: component.title,
      status: worst(checks.filter(({ muted }) => !muted).map((finding) => finding.status)),
      dependsOn: component.dependsOn,
      checks,
    };
  });
  return {
    schema: REPORT_SCHEMA,
    command: input.command,
    version: VERSION,
    status: verdictOf(components.map((component) => component.status)),
    timestamp: input.facts.collectedAt,
    durationMs: input.durationMs,
    context: input.facts.context,
    ...input.platform ? { platform: input.platform } : {},
    summary: summarize(components),
    roots: [...input.roots],
    details: {
      components,
      ...input.tables.length > 0 ? { tables: [...input.tables] } : {},
      ...input.facts.connections ? { connections: input.facts.connections } : {},
    },
    issues: input.roots.map(({ object, message }) => withObject(object, message)),
  };
}
