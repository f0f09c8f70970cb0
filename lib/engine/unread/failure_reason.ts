/**
 * Why something could not be looked at, in the words of a report: one reason and the next steps for each kind of
 * failure, whoever could not look.
 */
import type { Failure, FailureKind, ShellCommand, Source } from "../model.ts";
import { isList, isRecord } from "../model.ts";
import { command, words } from "../../untrusted/shell.ts";

const REASONS: Record<FailureKind, string> = {
  forbidden: "Forbidden",
  unauthorized: "Unauthorized",
  "not-installed": "NotInstalled",
  timeout: "Timeout",
  unreachable: "Unreachable",
  certificate: "CertificateInvalid",
  malformed: "Malformed",
  "server-error": "ServerError",
};

/** Every kind of failure there is. */
export const FAILURE_KINDS = Object.keys(REASONS) as readonly FailureKind[];

/** The kind of failure as the reason of a finding: `CertificateInvalid`. */
export function failureReason(kind: FailureKind): string {
  return REASONS[kind];
}

/** Reasons of what could not be looked at, or what nobody tried. */
export const NOT_LOOKED_AT: readonly string[] = [...Object.values(REASONS), "NotTried", "NotRead"];

/** Reasons of a failed trial that say that whoever was asked is out of order: its own fault explains the trial. */
export const OUT_OF_ORDER: readonly string[] = [
  ...(["timeout", "unreachable", "certificate", "malformed", "server-error"] as const).map(failureReason),
  "Unknown",
  "ServiceUnavailable",
  "QueryFailed",
  "RefusedUnderLoad",
];

/** What to type when the API server did not give what it was asked for. */
export function kubernetesSteps(kind: FailureKind, context = ""): ShellCommand[] {
  const chosen = context ? ["--context", context] : [];
  switch (kind) {
    case "forbidden":
      return [
        command`kubectl ${words(...chosen, "auth", "can-i", "--list")}`,
        command`docs/rbac.yaml has the role that a health run needs`,
      ];
    case "unauthorized":
      return [command`kubectl ${words(...chosen, "auth", "whoami")}`];
    default:
      return [command`kubectl ${words(...chosen, "get", "--raw", "/readyz?verbose")}`];
  }
}

/** What to type when this source could not be read. The failure's own message may know better. */
export function nextSteps(source: Source, kind: FailureKind): ShellCommand[] {
  return isRecord(source) ? [command`deno task data-platform:health`] : kubernetesSteps(kind);
}

/** Kinds that every API server has; one that does not serve them could not be looked at. */
const BUILT_IN = /^\/api\/|^\/apis\/(?:[^./]+|[^/]+\.k8s\.io)\//;

/** Whether the kind is not installed, which says that there are none of it; of what is not listed this says nothing. */
export function isNotInstalled(source: Source, { kind }: Failure): boolean {
  return kind === "not-installed" && isList(source) && !BUILT_IN.test(source.path);
}
