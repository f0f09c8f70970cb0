/** When nothing at all could be read: one fault, the API server itself, instead of as many as there are checks. */
import type { Facts, Failure, FailureKind, Finding, ObjectRef } from "./model.ts";
import type { Root } from "./report.ts";

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

const WHAT: Record<FailureKind, string> = {
  forbidden: "The API server refuses everything that was asked",
  unauthorized: "The API server does not accept these credentials",
  "not-installed": "What answers at the API server's address does not serve the Kubernetes API",
  timeout: "The API server does not answer in time",
  unreachable: "The API server cannot be reached",
  certificate: "The connection to the API server cannot be trusted",
  malformed: "What answers at the API server's address does not speak the Kubernetes API",
  "server-error": "The API server fails to answer",
};

/** Why nothing could be read, if every source failed; the most frequent failure speaks for all. */
export function outageOf(facts: Facts): Failure | undefined {
  const failures: Failure[] = [];
  for (const result of Object.values(facts.sources)) {
    if (result.ok) return undefined;
    failures.push(result.failure);
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
    message: `${WHAT[failure.kind]}: ${failure.message}`,
    confidence: "proven",
    explains: [],
    next: nextSteps(failure.kind, facts.context),
  };
  return { findings, roots: [root] };
}

function nextSteps(kind: FailureKind, context: string): string[] {
  const kubectl = context ? `kubectl --context ${context}` : "kubectl";
  switch (kind) {
    case "forbidden":
      return [`${kubectl} auth can-i --list`, "kubectl apply -f docs/rbac.yaml"];
    case "unauthorized":
      return [`${kubectl} auth whoami`];
    case "timeout":
      return [`${kubectl} get --raw '/readyz?verbose'`, "deno task data-platform:health --timeout 60"];
    default:
      return [`${kubectl} get --raw '/readyz?verbose'`, `${kubectl} config view --minify`];
  }
}
