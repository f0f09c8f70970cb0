/**
 * Judges Applications and ApplicationSets by what their words mean for the platform: a change that is not applied while
 * what runs goes on is a warning, and critical as soon as something that the Application holds is absent.
 */
import { listed } from "../../engine/sentence.ts";
import { IN_PROGRESS, type Judgement, refText, type World } from "../../engine/model.ts";
import { ageSeconds, ageText, type Condition, judgeDeletion, notUnderstood } from "../common/mod.ts";
import type { Application, ApplicationSet } from "./kinds.ts";
import { absentOf, failingIn, resourcesOf } from "./resources.ts";
import {
  HEALTH,
  NOTHING_APPLIED,
  PHASES,
  PROGRESS_SECONDS,
  REMARKS,
  SET_FAILED,
  SET_REPEATED,
  SYNC,
  SYNC_SECONDS,
} from "./words.ts";
import { command } from "../../untrusted/shell.ts";

/** A new object is looked at within seconds. */
const FIRST_LOOK_SECONDS = 120;
/** Resources that are named in a message. */
const MOST_NAMED = 3;

type Base = Pick<Judgement, "observed" | "expected" | "evidence" | "next">;

const isIn = (words: readonly string[], word: string | undefined): boolean =>
  word === undefined || words.includes(word);

/** Whether what is in Git is applied without anybody's doing. */
export function isAutomated({ spec }: Application): boolean {
  const { automated } = spec?.syncPolicy ?? {};
  return automated !== undefined && automated.enabled !== false;
}

/** undefined: it is Healthy and Synced. */
export function judgeApplication(object: Application, world: World): Judgement | undefined {
  const { namespace, name, deletionTimestamp } = object.metadata ?? {};
  const { health, sync, operationState, conditions = [] } = object.status ?? {};
  const describe = command`kubectl -n ${namespace} describe applications.argoproj.io ${name}`;
  const base: Base = {
    observed: `health ${health?.status ?? "none"}, sync ${sync?.status ?? "none"}, last operation ${
      operationState?.phase ?? "none"
    }`,
    expected: "health Healthy, sync Synced",
    evidence: "status.health, status.sync, status.operationState, status.conditions",
    next: [describe],
  };
  const stuck = judgeDeletion(object, world, describe);
  if (stuck) return stuck;
  if (deletionTimestamp) return judgeRemarks(conditions, base);
  if (!health?.status && !sync?.status && conditions.length === 0) return judgeNew(object, world, base);
  return judgeFailure(object, world, base) ?? judgeAbsent(object, world, base) ??
    judgeHealth(object, world, base) ?? judgeRemarks(conditions, base) ?? judgeWords(object, base) ??
    judgeProgress(object, world, base) ?? judgeState(object, base);
}

function judgeNew({ metadata }: Application, world: World, base: Base): Judgement {
  const age = ageSeconds(world.now, metadata?.creationTimestamp) ?? 0;
  if (age < FIRST_LOOK_SECONDS) {
    return { ...base, status: "ok", reason: IN_PROGRESS, message: `was created ${ageText(age)} ago` };
  }
  const message = `has waited ${ageText(age)} for Argo CD's application controller to look at it`;
  return { ...base, status: "critical", reason: "NotReconciled", message };
}

/** As bad as what it leaves undone. */
function harm(object: Application, world: World): "critical" | "warning" {
  return absentOf(object, world).length > 0 ? "critical" : "warning";
}

/** What keeps Argo CD from applying anything new. */
function judgeFailure(object: Application, world: World, base: Base): Judgement | undefined {
  const { conditions = [], operationState: last, sync } = object.status ?? {};
  const { namespace, name } = object.metadata ?? {};
  const found = [...NOTHING_APPLIED].flatMap(([type, reason]) => {
    const condition = conditions.find((one) => one.type === type);
    return condition ? [{ type, reason, said: condition.message }] : [];
  })[0];
  const failed = last?.phase === "Failed" || last?.phase === "Error";
  const retries = last?.phase === "Running" && (last.retryCount ?? 0) > 0;
  if (!found && !failed && !retries) return undefined;
  const told = (found ? found.said : last?.message)?.trim() || "Argo CD gives no reason";
  const failures = (failed || retries ? last?.syncResult?.resources ?? [] : []).slice(0, MOST_NAMED);
  const said = [told, ...failures.map(({ ref, message }) => `${refText(ref)} (${message ?? "no reason"})`)]
    .join("; ");
  const status = harm(object, world);
  const type = found?.type ?? `operation ${last?.phase}`;
  const what = !found && sync?.status === "Synced"
    ? "did not end its last sync well, although all that it holds is as in Git"
    : "cannot apply what is in Git";
  const rest = status === "critical" ? "" : ", while what it applied before goes on";
  return {
    ...base,
    status,
    reason: found?.reason ?? "SyncFailed",
    message: `${what}${rest}: ${said}`,
    observed: `${type}; ${base.observed}`,
    evidence: found ? `status.conditions[${found.type}]` : "status.operationState",
    next: [...base.next ?? [], command`argocd app get ${namespace}/${name}`],
  };
}

/** Unhealthy in Argo CD's words or by what is found of what it holds. */
function judgeHealth(object: Application, world: World, base: Base): Judgement | undefined {
  const health = object.status?.health;
  if (health?.status !== "Degraded" && health?.status !== "Progressing") return undefined;
  const failing = failingIn(object, world);
  if (failing.length > 0) {
    const message = `holds objects that are unhealthy: ${listed(failing.map(refText))}`;
    return { ...base, status: "critical", reason: "Degraded", message };
  }
  if (health.status !== "Degraded") return undefined;
  const told = resourcesOf(object).filter((one) => one.health === "Degraded").slice(0, MOST_NAMED);
  const named = told.map(({ ref, message }) => message ? `${refText(ref)} (${message})` : refText(ref));
  const said = health.message ?? (named.length > 0 ? listed(named) : "it does not say of what");
  const message = `is Degraded in Argo CD's words, while nothing that is judged here fails: ${said}`;
  return { ...base, status: "warning", reason: "Degraded", message };
}

/** Objects that it holds and that are not there; whatever waits for them makes this worse. */
function judgeAbsent(object: Application, world: World, base: Base): Judgement | undefined {
  const absent = absentOf(object, world);
  const none = object.status?.health?.status === "Missing";
  const running = object.status?.operationState?.phase === "Running";
  if (absent.length === 0 && !none || running) return undefined;
  const { namespace, name } = object.metadata ?? {};
  const why = isAutomated(object)
    ? "and Argo CD has not made them"
    : "and Argo CD does not make them because automated sync is off";
  const what = absent.length > 0
    ? `holds objects that do not exist: ${listed(absent.map(refText))}`
    : "holds objects of which none exists";
  return {
    ...base,
    status: "warning",
    reason: "NotApplied",
    message: `${what}, ${why}`,
    observed: `${absent.length || "all"} absent; ${base.observed}`,
    expected: "every object that it holds",
    evidence: "status.resources",
    next: [command`argocd app sync ${namespace}/${name}`, ...base.next ?? []],
  };
}

function judgeRemarks(conditions: readonly Condition[], base: Base): Judgement | undefined {
  for (const { type = "", message } of conditions) {
    const remark = REMARKS.get(type);
    if (!remark) continue;
    const said = message?.trim() || "Argo CD gives no reason";
    return {
      ...base,
      status: "warning",
      reason: remark.reason,
      message: `${remark.says}: ${said}`,
      observed: type,
      evidence: `status.conditions[${type}]`,
    };
  }
  return undefined;
}

/** A word that nobody knows. */
function judgeWords({ status }: Application, base: Base): Judgement | undefined {
  const { health, sync, operationState, conditions = [] } = status ?? {};
  if (!isIn(HEALTH, health?.status)) return notUnderstood(`reports health ${health?.status}`, base);
  if (!isIn(SYNC, sync?.status)) return notUnderstood(`reports sync ${sync?.status}`, base);
  if (!isIn(PHASES, operationState?.phase)) {
    return notUnderstood(`reports an operation in phase ${operationState?.phase}`, base);
  }
  const odd = conditions.find(({ type = "" }) => !NOTHING_APPLIED.has(type) && !REMARKS.has(type));
  return odd &&
    notUnderstood(`reports the condition ${odd.type} (${odd.message ?? "without a message"})`, base);
}

/** What is on its way, and for how long. */
function judgeProgress(object: Application, world: World, base: Base): Judgement | undefined {
  const { health, operationState: last } = object.status ?? {};
  if (last?.phase === "Running" || last?.phase === "Terminating") {
    const since = ageSeconds(world.now, last.startedAt) ?? 0;
    const message = `has been syncing for ${ageText(since)}: ${
      last.message?.trim() || "Argo CD does not say how far"
    }`;
    return since <= SYNC_SECONDS
      ? { ...base, status: "ok", reason: IN_PROGRESS, message }
      : { ...base, status: harm(object, world), reason: "SyncStuck", message };
  }
  if (health?.status !== "Progressing") return undefined;
  const since = ageSeconds(world.now, health.lastTransitionTime ?? last?.finishedAt) ?? 0;
  const message = `has been Progressing for ${ageText(since)}${health.message ? `: ${health.message}` : ""}`;
  return since <= PROGRESS_SECONDS
    ? { ...base, status: "ok", reason: IN_PROGRESS, message }
    : { ...base, status: "warning", reason: "ProgressingTooLong", message };
}

/** States that are no faults, and those of which Argo CD itself does not know. */
function judgeState(object: Application, base: Base): Judgement | undefined {
  const { health, sync } = object.status ?? {};
  if (health?.status === "Unknown" || !health?.status) {
    const message = `has a health that Argo CD could not determine${
      health?.message ? `: ${health.message}` : ""
    }`;
    return { ...base, status: "unknown", reason: "HealthUnknown", message };
  }
  if (sync?.status === "Unknown" || !sync?.status) {
    const message = "could not be compared with Git, and Argo CD does not say why";
    return { ...base, status: "unknown", reason: "SyncUnknown", message };
  }
  if (sync.status === "OutOfSync") {
    const message = isAutomated(object)
      ? "differs from Git, and all that it holds is there"
      : "differs from Git while automated sync is off, and all that it holds is there";
    return { ...base, status: "ok", reason: "OutOfSync", message };
  }
  if (health.status === "Suspended") {
    return {
      ...base,
      status: "ok",
      reason: "Suspended",
      message: "holds something that is paused on purpose",
    };
  }
  return undefined;
}

/** undefined: it makes the Applications that it should. */
export function judgeApplicationSet(object: ApplicationSet, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe applicationsets.argoproj.io ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  for (const condition of object.status?.conditions ?? []) {
    const { type = "", status, message } = condition;
    const base: Base = {
      observed: `${type}=${status}`,
      expected: "ErrorOccurred=False",
      evidence: `status.conditions[${type}]`,
      next: [describe],
    };
    const said = message?.trim() || "Argo CD gives no reason";
    const failed = SET_FAILED.get(type);
    if (failed && status === "True") {
      const what = "cannot make or change its Applications, while those that exist go on";
      return { ...base, status: "warning", reason: failed, message: `${what}: ${said}` };
    }
    const known = (failed || SET_REPEATED.has(type)) && (status === "True" || status === "False");
    if (!known) return notUnderstood(`reports the condition ${type}=${status} (${said})`, base);
  }
  return undefined;
}
