/** Small hand-made reports: one of each verdict, and one whose words come from an enemy. */
import type { Finding, ObjectRef, ShellCommand } from "../../lib/engine/model.ts";
import { type ComponentReport, type Report, summarize, verdictOf, worst } from "../../lib/engine/report.ts";
import { command } from "../../lib/untrusted/shell.ts";

const store: ObjectRef = { kind: "ClusterSecretStore", name: "onepassword-connect" };
const external = (name: string): ObjectRef => ({ kind: "ExternalSecret", namespace: "data-platform", name });
const secret = (name: string): ObjectRef => ({ kind: "Secret", namespace: "data-platform", name });
const pod = (name: string): ObjectRef => ({ kind: "Pod", namespace: "data-platform", name });

export function ok(component: string, check: string, message: string): Finding {
  return { check, component, object: { kind: "Pod", name: "*" }, status: "ok", reason: "AllWell", message };
}

function symptom(
  component: string,
  check: string,
  object: ObjectRef,
  reason: string,
  message: string,
  ...through: ObjectRef[]
): Finding {
  const chain = [...through.map((step) => ({ object: step, via: "needs it", reason: "NotReady" })), {
    object: store,
    via: "secretStoreRef",
    reason: "Missing",
  }];
  return {
    check,
    component,
    object,
    status: "critical",
    reason,
    message,
    role: "symptom",
    confidence: "proven",
    chain,
  };
}

/** Of every report here, so that a release changes no snapshot. */
const TOY_VERSION = "9.8.7";

export function reportOf(components: Omit<ComponentReport, "status">[], rest: Partial<Report> = {}): Report {
  const all = components.map((one): ComponentReport => ({
    ...one,
    status: worst(one.checks.map((c) => c.status)),
  }));
  const roots = rest.roots ?? [];
  return {
    schema: "lakecheck.report/v1",
    command: "data-platform:health",
    version: TOY_VERSION,
    status: verdictOf(all.map((one) => one.status)),
    timestamp: "2026-11-21T03:04:05.678Z",
    durationMs: 123,
    context: "lab",
    summary: summarize(all),
    roots,
    details: { components: all },
    issues: roots.map((root) => root.message),
    ...rest,
  };
}

const fine = (name: string, title: string) => ({
  name,
  title,
  dependsOn: ["kubernetes"],
  checks: [ok(name, `${name}.pods`, "Pods are ready: 2 of 2 are well")],
});

export const healthy = reportOf([fine("nessie", "Nessie"), fine("postgresql", "PostgreSQL cluster")]);

const missing: Finding = {
  check: "graph.missing",
  component: "external-secrets",
  object: store,
  status: "critical",
  reason: "Missing",
  message:
    "ClusterSecretStore onepassword-connect is missing: it does not exist, and ExternalSecret data-platform/nessie-db, " +
    "ExternalSecret data-platform/s3-credentials and 4 more need it",
  observed: "absent",
  expected: "present",
  evidence: "spec.secretStoreRef",
  next: [
    command`deno task 1p:install`,
    command`kubectl --context lab get clustersecretstores,externalsecrets -A`,
  ],
  role: "root",
  confidence: "proven",
};

const synced = "is not synced: SecretSyncedError";
export const broken = reportOf([
  {
    name: "external-secrets",
    title: "External Secrets",
    dependsOn: ["kubernetes"],
    checks: [
      missing,
      ...["nessie-db", "s3-credentials"].map((name) =>
        symptom(
          "external-secrets",
          "external-secrets.synced",
          external(name),
          "SecretSyncedError",
          `${name} ${synced}`,
        )
      ),
    ],
  },
  {
    name: "nessie",
    title: "Nessie",
    dependsOn: ["postgresql", "s3"],
    checks: [
      symptom(
        "nessie",
        "nessie.ready",
        { kind: "Deployment", namespace: "data-platform", name: "nessie" },
        "Unavailable",
        "0 of 2 pods are ready",
        pod("nessie-7c9d-abcde"),
        secret("s3-credentials"),
        external("s3-credentials"),
      ),
      symptom(
        "nessie",
        "pods.ready",
        pod("nessie-7c9d-abcde"),
        "CreateContainerConfigError",
        'Container nessie cannot start: secret "s3-credentials" not found',
        secret("s3-credentials"),
        external("s3-credentials"),
      ),
    ],
  },
  fine("postgresql", "PostgreSQL cluster"),
  {
    name: "rook",
    title: "Rook-Ceph",
    dependsOn: [],
    checks: [{
      check: "rook.health",
      component: "rook",
      object: { kind: "CephCluster", namespace: "rook-ceph", name: "rook-ceph" },
      status: "warning",
      reason: "NearFull",
      message: "1 nearfull osd(s)",
      observed: "HEALTH_WARN",
      expected: "HEALTH_OK",
      evidence: "status.ceph.details[OSD_NEARFULL]",
      next: [command`kubectl -n rook-ceph exec deploy/rook-ceph-tools -- ceph osd df`],
      role: "independent",
      confidence: "proven",
    }],
  },
  {
    name: "spark",
    title: "Spark operator",
    dependsOn: [],
    checks: ["spark.pods", "spark.services"].map((check): Finding => ({
      check,
      component: "spark",
      object: { kind: "Service", name: "*" },
      status: "unknown",
      reason: "Forbidden",
      message:
        "Could not look at Service: user reader may not list services. Next: kubectl auth can-i list services",
      evidence: "GET /api/v1/services",
      role: "independent",
    })),
  },
], {
  roots: [{
    check: missing.check,
    component: missing.component,
    object: store,
    status: "critical",
    reason: "Missing",
    message: missing.message,
    confidence: "proven",
    explains: [
      ...[
        "nessie-db",
        "s3-credentials",
        "spark-s3",
        "history-s3",
        "backup-s3",
        "postgres-app",
        "postgres-super",
      ].map(external),
      ...["nessie-db", "s3-credentials"].map(secret),
      pod("nessie-7c9d-abcde"),
      { kind: "Deployment", namespace: "data-platform", name: "nessie" },
    ],
    next: missing.next ?? [],
  }],
});

export const warned = reportOf([
  fine("nessie", "Nessie"),
  {
    ...fine("rook", "Rook-Ceph"),
    checks: broken.details.components.find((one) => one.name === "rook")?.checks ?? [],
  },
]);

/** Nothing was judged: what a run leaves that ended before it could look. */
export const stopped = reportOf([], {
  status: "error",
  issues: ["There is no kubeconfig: looked at /root/.kube/config"],
});

const EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31mred\r\nHEALTHY  All is well\u202egnp.exe\x00";
export const hostile = reportOf([{
  name: "nessie",
  title: EVIL,
  dependsOn: [EVIL],
  checks: [{
    check: "nessie.pods",
    component: "nessie",
    object: { kind: "Pod", namespace: EVIL, name: EVIL },
    status: "critical",
    reason: "CrashLoop",
    message: EVIL,
    observed: EVIL,
    evidence: EVIL,
    next: [EVIL as ShellCommand],
    role: "independent",
  }],
}], { context: EVIL });
