/** When nothing at all could be read: one fault, the API server itself, instead of as many as there are checks. */
import { sourcesOf } from "../collect.ts";
import { failureReason, kubernetesSteps } from "./failure_reason.ts";
import type { Component, Facts, Failure, FailureKind, Finding, ObjectRef } from "../model.ts";
import { ENGINE_CHECKS, isList, isRecord } from "../model.ts";
import type { Root } from "../report.ts";

/** Kinds of failure, the most telling first: what stands in the way at the door, before what shows only behind it. */
const TELLING: readonly FailureKind[] = [
  "certificate",
  "unauthorized",
  "unreachable",
  "timeout",
  "server-error",
  "malformed",
  "forbidden",
  "not-installed",
];

/** Why no kind could be listed, if none could; the most telling failure speaks for all, and of its kind the most frequent. */
export function outageOf(components: readonly Component[], facts: Facts): Failure | undefined {
  const failures: Failure[] = [];
  for (const source of sourcesOf(components).filter(isList)) {
    const result = facts.sources[source.id];
    if (result?.ok) return undefined;
    if (result) failures.push(result.failure);
  }
  const kind = TELLING.find((one) => failures.some((failure) => failure.kind === one));
  const alike = Map.groupBy(failures.filter((failure) => failure.kind === kind), ({ message }) => message);
  return [...alike.values()].toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/** The findings with the API server as the cause of each, and that one root. */
export function explainOutage(
  facts: Facts,
  failure: Failure,
  judged: readonly Finding[],
): { findings: Finding[]; roots: Root[] } {
  const object: ObjectRef = { kind: "APIServer", name: facts.context || "(no context)" };
  // What answers for no kind at all is no API server.
  const reason = failure.kind === "not-installed" ? "NotKubernetes" : failureReason(failure.kind);
  const findings = judged.map((finding): Finding => ({
    ...finding,
    status: "unknown",
    role: "symptom",
    confidence: "proven",
    chain: [{ object, via: "read through it", reason }],
  }));
  const root: Root = {
    check: ENGINE_CHECKS.api,
    component: "kubernetes",
    object,
    status: "unknown",
    reason,
    message: sentence(failure.kind, failure.message),
    confidence: "proven",
    explains: [],
    // What the message advises is prose, with words of the server or of a facts file in it: no command.
    next: kubernetesSteps(failure.kind, facts.context),
  };
  return { findings, roots: [root] };
}

function sentence(kind: FailureKind, text: string): string {
  if (kind === "forbidden") return `The API server rejects every request: ${text}`;
  if (kind === "not-installed") return `What answers is no Kubernetes API: ${text}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Findings that were made without the API server: of checks whose records could be made. */
export function withoutApiServer(components: readonly Component[], finding: Finding): boolean {
  const checks = components.flatMap((component) => component.checks);
  const needs = checks.find(({ id }) => id === finding.check)?.needs ?? [];
  return finding.unread === undefined && needs.length > 0 && needs.every(isRecord);
}
