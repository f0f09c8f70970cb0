/** Judges CloudNativePG clusters by their phase, their instances and their primary. */
import { count } from "../../engine/sentence.ts";
import { IN_PROGRESS, type Judgement, type KindCheck, type World } from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, judgeDeletion, notUnderstood, refOf } from "../common/mod.ts";
import { type Cluster, clusters } from "./kinds.ts";
import { isChangingPrimary } from "./change.ts";
import { conditionWords, judgeBackups, judgeConditions } from "./conditions.ts";
import {
  FAILING_OVER,
  FIRST,
  HEALTHY,
  patience,
  PHASES,
  phaseWords,
  SETUP_SECONDS,
  WAITING_FOR_USER,
} from "./phases.ts";
import { command } from "../../untrusted/shell.ts";

/** Reasons that broken pods, volumes or Secrets of the cluster can explain. */
export const INSTANCE_FAULTS = [
  IN_PROGRESS,
  "NoneReady",
  "SomeReady",
  "SettingUp",
  "ChangeStuck",
  "FailingOver",
  "Unrecoverable",
  "InstancesUnreachable",
  "NoPrimary",
] as const;

/** Reasons that an operator which does not run can explain. */
export const OPERATOR_FAULTS = [
  IN_PROGRESS,
  "NotReconciled",
  "NoneReady",
  "SomeReady",
  "SettingUp",
  "ChangeStuck",
  "FailingOver",
  "TerminatingStuck",
  "RolesNotReconciled",
  "NoPrimary",
] as const;

export const clusterCheck: KindCheck<Cluster> = {
  id: "postgresql.clusters",
  title: "PostgreSQL clusters",
  explain:
    "A Cluster has as many ready instances as its spec asks for and is in a healthy phase. A switchover, a rolling update " +
    "or the first start are no faults while they take as long as they should; a lost replica is a warning, since the " +
    "database still serves; no ready instance, or a phase that does not end by itself, is critical. WAL that is not " +
    "archived and a backup that failed are warnings. A phase or a condition that is not known is unknown.",
  source: clusters,
  component: () => "postgresql",
  ref: (object) => refOf("Cluster", object),
  words: [phaseWords, conditionWords],
  judge(object, world) {
    const running = judgeRunning(object, world);
    if (!running) return judgeConditions(object, world);
    const backups = running.status === "ok" ? undefined : judgeBackups(object, world);
    return backups ? { ...running, message: `${running.message}; it also ${backups.message}` } : running;
  },
};

/** What is said of its instances and its phase. undefined: all instances are ready. */
export function judgeRunning(object: Cluster, world: World): Judgement | undefined {
  const { namespace, name, creationTimestamp } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe clusters.postgresql.cnpg.io ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  const { phase = "", phaseReason, readyInstances = 0 } = object.status ?? {};
  const instances = object.spec?.instances ?? 1;
  const base = {
    observed: `${readyInstances} of ${instances} instances ready, phase "${phase || "none"}"`,
    expected: `${instances} of ${instances} instances ready, phase "${HEALTHY}"`,
    evidence: "status.readyInstances, status.phase",
    next: [describe, command`kubectl -n ${namespace} get pods -l cnpg.io/cluster=${name}`],
  };
  const age = ageSeconds(world.now, creationTimestamp) ?? 0;
  const why = phaseReason ? `: ${phaseReason}` : "";
  if (object.annotations?.["cnpg.io/hibernation"] === "on") {
    const message =
      "is hibernated on purpose, so no instance runs until the annotation cnpg.io/hibernation is off";
    const next = [
      command`kubectl -n ${namespace} annotate clusters.postgresql.cnpg.io ${name} cnpg.io/hibernation=off --overwrite`,
    ];
    const observed = `annotation cnpg.io/hibernation on, ${readyInstances} of ${instances} instances ready`;
    return { ...base, observed, status: "critical", reason: "Hibernated", message, next };
  }
  if (!object.status?.phase) {
    if (age < 60) {
      return { ...base, status: "ok", reason: IN_PROGRESS, message: `was created ${ageText(age)} ago` };
    }
    const message = `has waited ${ageText(age)} for CloudNativePG's operator to reconcile it`;
    return { ...base, status: "critical", reason: "NotReconciled", message };
  }
  const known = PHASES.get(phase);
  if (known && "failed" in known) {
    return { ...base, status: "critical", reason: known.failed, message: `is in phase "${phase}"${why}` };
  }
  const judged = readyInstances >= instances
    ? judgeSettled(object, world, base)
    : judgeShort(object, world, base, why);
  const bad = judged !== undefined && judged.status !== "ok";
  return known || bad ? judged : notUnderstood(`is in phase "${phase}"${why}`, base);
}

/** Seconds since it was healthy last; 0 while its condition still says that it is. */
function changingFor(object: Cluster, world: World): number {
  const ready = conditionOf(object, "Ready");
  if (ready?.status === "True") return 0;
  return ageSeconds(world.now, ready?.lastTransitionTime ?? object.metadata?.creationTimestamp) ?? 0;
}

type Base = Pick<Judgement, "observed" | "expected" | "evidence" | "next">;

/** Fewer instances are ready than asked for. */
function judgeShort(object: Cluster, world: World, base: Base, why: string): Judgement | undefined {
  const { phase = "", readyInstances = 0 } = object.status ?? {};
  const instances = object.spec?.instances ?? 1;
  const age = ageSeconds(world.now, object.metadata?.creationTimestamp) ?? 0;
  const since = changingFor(object, world);
  const inProgress = {
    ...base,
    status: "ok" as const,
    reason: IN_PROGRESS,
    message: `has ${readyInstances} of ${
      count(instances, "instance")
    } ready while a change is in progress (phase "${phase}"${why})`,
  };
  if (age < SETUP_SECONDS || (readyInstances > 0 && isChangingPrimary(object, world))) return inProgress;
  if (phase === FIRST) {
    const message = `still sets up its first primary after ${ageText(age)}${why}`;
    return { ...base, status: "critical", reason: "SettingUp", message };
  }
  const limit = patience(phase);
  if (since < (readyInstances > 0 ? limit : Math.min(limit, SETUP_SECONDS))) return inProgress;
  if (readyInstances === 0) {
    const message = `has no ready instance and is in phase "${phase}"${why}`;
    return { ...base, status: "critical", reason: "NoneReady", message };
  }
  if (phase === FAILING_OVER) {
    const message = `has been failing over for ${ageText(since)}${why}`;
    return { ...base, status: "critical", reason: "FailingOver", message };
  }
  // It still serves: what it has lost is the reserve.
  const message = `has ${readyInstances} of ${instances} instances ready and is in phase "${phase}"${why}`;
  return { ...base, status: "warning", reason: "SomeReady", message };
}

/** All instances are ready; what may still be wrong. */
function judgeSettled(object: Cluster, world: World, base: Base): Judgement | undefined {
  const { currentPrimary, targetPrimary, targetPrimaryTimestamp, phase = "" } = object.status ?? {};
  const asked = ageSeconds(world.now, targetPrimaryTimestamp) ?? Infinity;
  if (targetPrimary && currentPrimary !== targetPrimary && asked > SETUP_SECONDS) {
    const message = `should have moved its primary from ${
      currentPrimary ?? "none"
    } to ${targetPrimary}, and has not`;
    return { ...base, status: "critical", reason: "ChangeStuck", message, evidence: "status.targetPrimary" };
  }
  if (phase === WAITING_FOR_USER) {
    const message = `waits for a person to switch over its primary: ${
      object.status?.phaseReason ?? "the operator gives no reason"
    }`;
    return { ...base, status: "warning", reason: "WaitingForUser", message };
  }
  const fenced = object.annotations?.["cnpg.io/fencedInstances"];
  if (fenced && fenced !== "[]") {
    return {
      ...base,
      status: "warning",
      reason: "Fenced",
      message: `has fenced instances ${fenced}, in which PostgreSQL is stopped`,
    };
  }
  return judgeRoles(object, base) ?? judgeLasting(object, world, base);
}

function judgeRoles(object: Cluster, base: Base): Judgement | undefined {
  const roles = Object.entries(object.status?.managedRolesStatus?.cannotReconcile ?? {});
  if (roles.length === 0) return undefined;
  const told = roles.map(([role, errors]) => `${role} (${errors.join(", ")})`).join("; ");
  return {
    ...base,
    status: "warning",
    reason: "RolesNotReconciled",
    message: `cannot keep its managed roles: ${told}`,
    evidence: "status.managedRolesStatus",
  };
}

/** A change that goes on although every instance is ready. */
function judgeLasting(object: Cluster, world: World, base: Base): Judgement | undefined {
  const { phase = "", phaseReason } = object.status ?? {};
  if (phase === HEALTHY || !PHASES.has(phase)) return undefined;
  const since = changingFor(object, world);
  const inPhase = `has been in phase "${phase}" for ${ageText(since)}${
    phaseReason ? `: ${phaseReason}` : ""
  }`;
  return since < patience(phase)
    ? { ...base, status: "ok", reason: IN_PROGRESS, message: inPhase }
    : { ...base, status: "warning", reason: "ChangeStuck", message: inPhase };
}
