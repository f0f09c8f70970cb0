/** Judges Rook's objects by the phase and the health that its operator writes. */
import {
  IN_PROGRESS,
  type Judgement,
  type KindCheck,
  type WordTable,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, ageText, goSeconds, judgeDeletion, notUnderstood, refOf } from "../common/mod.ts";
import { storageClasses, threshold } from "../kubernetes/mod.ts";
import { carries, daemonFails } from "./daemons.ts";
import { detailsText, harmOf, healthWords } from "./health.ts";
import {
  type CephCluster,
  cephClusters,
  type ObjectBucketClaim,
  objectBucketClaims,
  type Phased,
} from "./kinds.ts";
import { durationText, THRESHOLDS } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";

/** How long an object may be made, in seconds. */
const MAKING_SECONDS = 180;
/** How long the operator may take to look at a new object. */
const FIRST_LOOK_SECONDS = 120;
/**
 * Every phase that Rook writes. Sources: https://github.com/rook/rook/blob/master/pkg/operator/k8sutil/status.go and
 * https://github.com/rook/rook/blob/master/pkg/apis/ceph.rook.io/v1/types.go
 */
const GOOD = ["Ready", "Connected"];
const MAKING = [
  "Progressing",
  "Processing",
  "Reconciling",
  "Created",
  "Creating",
  "Connecting",
  "Configuring",
  "Updating",
];
const FAILED = [
  "Failure",
  "Failed",
  "ReconcileFailed",
  "Error",
  "Deleting",
  "DeletionIsBlocked",
  "NotReady",
];
/** https://github.com/kube-object-storage/lib-bucket-provisioner/blob/master/pkg/apis/objectbucket.io/v1alpha1 */
const CLAIM_FAILED = ["Released", "Failed"];
/** So many health intervals without a check, and the operator has stopped. */
const MISSED_CHECKS = 5;
const CHECK_GRACE_SECONDS = 180;

/** Reasons that an operator which does not run can explain. */
export const OPERATOR_FAULTS = [
  "NotReconciled",
  "UserNotReady",
  "SecretMissing",
  "NotChecked",
  IN_PROGRESS,
  "Pending",
  "TerminatingStuck",
  "Missing",
] as const;

function lower(kind: string): string {
  return kind.toLowerCase();
}

/** Any of Rook's kinds with a phase: pools, stores, users. */
export function judgePhase(kind: string, object: Phased, world: World): Judgement | undefined {
  const { namespace, name, creationTimestamp } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe ${lower(kind)} ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  const phase = object.status?.phase ?? "";
  if (GOOD.includes(phase)) return undefined;
  const age = ageSeconds(world.now, creationTimestamp) ?? 0;
  const base = {
    status: "critical" as const,
    observed: phase ? `phase ${phase}` : "no phase",
    expected: "phase Ready",
    evidence: "status.phase",
    next: [describe, command`kubectl -n ${namespace} logs deploy/rook-ceph-operator --tail=50`],
  };
  if (phase === "") {
    if (age < FIRST_LOOK_SECONDS) {
      return { ...base, status: "ok", reason: IN_PROGRESS, message: `was created ${ageText(age)} ago` };
    }
    const message = `has waited ${ageText(age)} for Rook's operator to reconcile it`;
    return { ...base, reason: "NotReconciled", message };
  }
  if (!MAKING.includes(phase) && !FAILED.includes(phase)) {
    return notUnderstood(`is in phase ${phase}${said(object)}`, base);
  }
  const making = MAKING.includes(phase) && age < MAKING_SECONDS;
  if (making && !daemonFails(namespace, carries(kind), world)) {
    return {
      ...base,
      status: "ok",
      reason: IN_PROGRESS,
      message: `has been in phase ${phase} for ${ageText(age)}, which is within its time`,
    };
  }
  if (FAILED.includes(phase)) {
    return { ...base, reason: phase, message: `is in phase ${phase}${said(object)}` };
  }
  const message = `is still ${phase} after ${ageText(age)}${said(object)}`;
  return { ...base, reason: IN_PROGRESS, message };
}

function said({ status }: Phased): string {
  return status?.message ? `: ${status.message}` : "";
}

export const phaseWords: WordTable = {
  field: "status.phase",
  source: "https://github.com/rook/rook/blob/master/pkg/apis/ceph.rook.io/v1/types.go",
  words: [
    [GOOD.join(", "), "ok"],
    [MAKING.join(", "), `in progress for up to ${MAKING_SECONDS} s after it was made`],
    [FAILED.join(", "), "critical, the phase as reason"],
  ],
};

export const clusterCheck: KindCheck<CephCluster> = {
  id: "rook-ceph.cephclusters",
  title: "Ceph clusters",
  explain:
    "A CephCluster is in phase Ready and its health is HEALTH_OK, by a check that is not older than five of its " +
    "intervals. HEALTH_WARN is a warning, HEALTH_ERR is critical, both with Ceph's own words. Data that can't be read or " +
    "written, or that is damaged, is critical although Ceph says HEALTH_WARN.",
  source: cephClusters,
  words: [phaseWords, healthWords],
  component: () => "rook-ceph",
  ref: (object) => refOf("CephCluster", object),
  judge: judgeCephCluster,
};

export const claimCheck: KindCheck<ObjectBucketClaim> = {
  id: "rook-ceph.objectbucketclaims",
  title: "bucket claims",
  explain:
    "An ObjectBucketClaim is Bound within a minute: the provisioner of its StorageClass made the bucket.",
  source: objectBucketClaims,
  also: [storageClasses],
  words: [{
    field: "status.phase",
    source:
      "https://github.com/kube-object-storage/lib-bucket-provisioner/tree/master/pkg/apis/objectbucket.io/v1alpha1",
    words: [
      ["Bound", "ok"],
      ["Pending", `in progress for up to ${durationText(THRESHOLDS.bucketBind.seconds)}`],
      [CLAIM_FAILED.join(", "), "critical, the phase as reason"],
    ],
  }],
  component: () => "rook-ceph",
  ref: (object) => refOf("ObjectBucketClaim", object),
  judge: judgeBucketClaim,
};

/** Phase, health and when that was last looked at. */
function judgeCephCluster(object: CephCluster, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const { health, lastChecked, details = {} } = object.status?.ceph ?? {};
  const next = [
    command`kubectl -n ${namespace} exec deploy/rook-ceph-tools -- ceph health detail`,
    command`kubectl -n ${namespace} describe cephcluster ${name}`,
  ];
  const phased = judgePhase("CephCluster", object, world);
  if (phased && phased.reason !== IN_PROGRESS) return phased;
  const harm = health === "HEALTH_OK" ? undefined : harmOf(details);
  const what = detailsText(details, harm?.code);
  const base = { observed: health ?? "no health", expected: "HEALTH_OK", evidence: "status.ceph", next };
  if (health === "HEALTH_ERR") {
    const also = harm ? `, and ${harm.means}` : "";
    return {
      ...base,
      status: "critical",
      reason: "HealthError",
      message: `reports HEALTH_ERR${also}: ${what}`,
    };
  }
  if (harm) {
    const message = `${harm.means}, although Ceph reports ${health ?? "no health"}: ${what}`;
    return { ...base, status: "critical", reason: harm.reason, message };
  }
  const interval = goSeconds(object.spec?.healthCheck?.daemonHealth?.status?.interval) ?? 60;
  const checked = ageSeconds(world.now, lastChecked);
  if (checked !== undefined && checked > MISSED_CHECKS * interval + CHECK_GRACE_SECONDS) {
    const message = `was last checked ${ageText(checked)} ago, so the health that it reports is out of date`;
    return {
      ...base,
      status: "critical",
      reason: "NotChecked",
      message,
      evidence: "status.ceph.lastChecked",
    };
  }
  if (phased) return phased;
  return judgeHealth(object, world, base, what);
}

type Base = Pick<Judgement, "observed" | "expected" | "evidence" | "next">;

/** A health that says nothing of lost data. */
function judgeHealth(object: CephCluster, world: World, base: Base, what: string): Judgement | undefined {
  const { health } = object.status?.ceph ?? {};
  if (health === "HEALTH_OK") return undefined;
  if (health === "HEALTH_WARN") {
    return { ...base, status: "warning", reason: "HealthWarning", message: `reports HEALTH_WARN: ${what}` };
  }
  if (health) return notUnderstood(`reports ${health}`, base);
  const age = ageSeconds(world.now, object.metadata?.creationTimestamp) ?? 0;
  if (age < CHECK_GRACE_SECONDS) {
    const message = `was created ${ageText(age)} ago, and its health has not been checked yet`;
    return { ...base, status: "ok", reason: IN_PROGRESS, message };
  }
  return { ...base, status: "unknown", reason: "NotChecked", message: "reports no health of Ceph" };
}

/** Bound, or too young to be. */
function judgeBucketClaim(object: ObjectBucketClaim, world: World): Judgement | undefined {
  const { namespace, name, creationTimestamp } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe objectbucketclaim ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  const odd = object.spec?.additionalConfig?.notStrings;
  if (odd) {
    return {
      status: "critical",
      reason: "InvalidConfig",
      message: `has values in spec.additionalConfig that are not strings (${
        odd.join(", ")
      }), at which Rook's operator stops for all storage`,
      observed: `${odd.join(", ")}: not a string`,
      expected: "strings, also for numbers",
      evidence: "spec.additionalConfig",
      next: [command`kubectl -n ${namespace} edit objectbucketclaim ${name}`],
    };
  }
  const phase = object.status?.phase || "Pending";
  const age = ageSeconds(world.now, creationTimestamp) ?? 0;
  if (phase === "Bound") return undefined;
  if (phase === "Pending" && age < threshold(world, "bucketBind")) {
    const message = `was created ${ageText(age)} ago and is not bound yet`;
    return { status: "ok", reason: IN_PROGRESS, message, observed: "phase Pending" };
  }
  const className = object.spec?.storageClassName ?? "";
  const provisioner = world.get(storageClasses, undefined, className)?.provisioner;
  const by = provisioner ? `provisioner ${provisioner} of class ${className}` : `class ${className}`;
  if (phase !== "Pending" && !CLAIM_FAILED.includes(phase)) {
    const base = { observed: `phase ${phase}`, expected: "phase Bound", evidence: "status.phase" };
    return notUnderstood(`is in phase ${phase}`, { ...base, next: [describe] });
  }
  return {
    status: "critical",
    reason: phase,
    message: phase === "Pending"
      ? `is not bound after ${ageText(age)} because ${by} has not answered`
      : `is in phase ${phase} because ${by} could not make bucket ${
        object.spec?.bucketName ?? "(generated)"
      }`,
    observed: `phase ${phase}`,
    expected: "phase Bound",
    evidence: "status.phase",
    next: [describe],
  };
}
