/** When nothing at all could be read: one fault, the API server itself, instead of as many as there are checks. */
import type { Facts, Failure, FailureKind, Finding, ObjectRef, ShellCommand } from "./model.ts";
import type { Root } from "./report.ts";
import { command } from "./shell.ts";

const REASONS: Record<FailureKind, string> = {
  forbidden: "Forbidden",
  unauthorized: "Unauthorized",
  "not-installed": "NotKubernetes",
  timeout: "Timeout",
  unreachable: "Unreachable",
  certificate: "CertificateInvalid",
  malformed: "Malformed",
  "server-error": "ServerError",
};

/** Why no kind could be listed, if none could; the most frequent failure speaks for all. */
export function outageOf(facts: Facts): Failure | undefined {
  const failures: Failure[] = [];
  for (const result of Object.values(facts.sources)) {
    if (result.ok && "items" in result) return undefined;
    if (!result.ok) failures.push(result.failure);
  }
  const groups = [...Map.groupBy(failures, (failure) => failure.kind).values()];
  return groups.toSorted((a, b) => b.length - a.length)[0]?.[0];
}

/** The findings with the API server as the cause of each, and that one root. */
export function explainOutage(
  facts: Facts,
  failure: Failure,
  judged: readonly Finding[],
): { findings: Finding[]; roots: Root[] } {
  const object: ObjectRef = { kind: "APIServer", name: facts.context || "(no context)" };
  const reason = REASONS[failure.kind];
  const findings = judged.map((finding): Finding => ({
    ...finding,
    status: "unknown",
    role: "symptom",
    confidence: "proven",
    chain: [{ object, via: "read through it", reason }],
  }));
  const root: Root = {
    check: "kubernetes.api",
    component: "kubernetes",
    object,
    status: "unknown",
    reason,
    message: sentence(failure.kind, failure.message),
    confidence: "proven",
    explains: [],
    // What the message advises is prose, with words of the server or of a facts file in it: no command.
    next: commands(failure.kind, facts.context),
  };
  return { findings, roots: [root] };
}

function sentence(kind: FailureKind, text: string): string {
  if (kind === "forbidden") return `Everything that was asked is refused: ${text}`;
  if (kind === "not-installed") return `No Kubernetes API is served there: ${text}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function commands(kind: FailureKind, context: string): ShellCommand[] {
  switch (kind) {
    case "forbidden":
      return [
        context
          ? command`kubectl --context ${context} auth can-i --list`
          : command`kubectl auth can-i --list`,
        command`docs/rbac.yaml has the role that a health run needs`,
      ];
    case "unauthorized":
      return [context ? command`kubectl --context ${context} auth whoami` : command`kubectl auth whoami`];
    default:
      return [
        context
          ? command`kubectl --context ${context} get --raw '/readyz?verbose'`
          : command`kubectl get --raw '/readyz?verbose'`,
      ];
  }
}
