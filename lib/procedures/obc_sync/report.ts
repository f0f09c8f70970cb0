/** What obc:sync came to, as the report that every command gives. */
import { evaluate } from "../../engine/evaluate.ts";
import type { Component, Connection, ObjectJudgement } from "../../engine/model.ts";
import type { Report } from "../../engine/report.ts";
import type { Result } from "./steps.ts";
import { command } from "../../untrusted/shell.ts";

const NEXT = command`deno task obc:sync --dry-run   # what differs, without writing`;

/** Of a run: the context of the kubeconfig, what it was connected to, and how long it took. */
export interface RunWords {
  context: string;
  namespace: string;
  connections: Connection[];
  durationMs: number;
}

export function reportOf(
  results: readonly Result[],
  { context, namespace, connections, durationMs }: RunWords,
): Report {
  const component: Component = {
    name: "obc-sync",
    title: "Bucket keys in 1Password",
    dependsOn: [],
    sources: [],
    // Whatever was to be copied is of concern, wherever it is: findings of other namespaces are left out of reports.
    namespaces: () => results.flatMap(({ object }) => object.namespace ?? []),
    kinds: [],
    checks: [{
      id: "obc-sync.items",
      title: "items",
      explain:
        "Every key of a bucket claim or object store user stands in its 1Password item as it is in the cluster.",
      needs: [],
      object: () => ({ kind: "OnePasswordItem", name: "*" }),
      run: () => results.map(judge),
    }],
    edges: () => [],
  };
  const facts = {
    schema: "lakecheck.facts/v1",
    collectedAt: new Date().toISOString(),
    context,
    namespace,
    connections,
    sources: {},
  } as const;
  return { ...evaluate("obc:sync", [component], facts), durationMs };
}

function judge({ object, outcome, detail }: Result): ObjectJudgement {
  if (outcome === "failed") {
    return { object, status: "critical", reason: "NotInStep", message: detail, next: [NEXT] };
  }
  const message = detail && outcome !== "unchanged" ? `${outcome}: ${detail}` : outcome;
  return outcome.startsWith("would")
    ? { object, status: "warning", reason: "OutOfStep", message, next: [command`deno task obc:sync`] }
    : { object, status: "ok", reason: "InStep", message };
}
