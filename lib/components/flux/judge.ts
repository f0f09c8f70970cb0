/** Judges Flux's objects by their conditions, and by the time they have been in them. */
import {
  IN_PROGRESS,
  isAbsent,
  type Judgement,
  refText,
  type ShellCommand,
  type World,
} from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, goSeconds, isReady, judgeDeletion } from "../common/mod.ts";
import { failingIn, failingWorkloads } from "./health.ts";
import { lostOf } from "./inventory.ts";
import type { FluxObject, FluxSource, HelmRelease, Kustomization } from "./kinds.ts";
import { isWaiting, misnamed } from "./references.ts";
import { partsOf } from "../../platform/mod.ts";
import { command } from "../../untrusted/shell.ts";
import { own } from "../../untrusted/lookup.ts";

/** Added to a timeout: between its end and the condition that tells of it. */
const GRACE_SECONDS = 60;
/** A new object is looked at within seconds. */
const FIRST_LOOK_SECONDS = 120;
const DEFAULT_TIMEOUT_SECONDS = 300;

interface Manner {
  /** How long Ready may be Unknown, in seconds. */
  limit: number;
  /** The name of the kind in kubectl's commands. */
  kind: string;
  /** The same in flux's: `source git`. */
  word: string;
}

/** What all of Flux's kinds have in common. */
function judgeConditions(
  object: FluxObject,
  world: World,
  { limit, kind, word }: Manner,
): Judgement | undefined {
  const { namespace, name, generation, creationTimestamp } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe ${kind} ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp || object.spec?.suspend) return stuck;
  const ready = conditionOf(object, "Ready");
  const base = {
    observed: ready ? `Ready=${ready.status} ${ready.reason ?? ""}`.trim() : "no Ready condition",
    expected: "Ready=True",
    evidence: "status.conditions[Ready]",
    next: [reconcile(word, object), describe],
  };
  if (!ready) {
    const age = ageSeconds(world.now, creationTimestamp) ?? 0;
    if (age < FIRST_LOOK_SECONDS) return inProgress(base, `was made ${ageText(age)} ago`);
    const message = `its controller has not looked at it in ${ageText(age)}`;
    return { ...base, status: "critical", reason: "NotReconciled", message };
  }
  const since = ageSeconds(world.now, ready.lastTransitionTime) ?? 0;
  if (ready.status === "False") {
    return { ...base, status: "critical", reason: ready.reason ?? "NotReady", message: said(ready.message) };
  }
  if (ready.status !== "True") {
    if (since <= limit + GRACE_SECONDS) {
      return inProgress(
        base,
        `is on its way for ${ageText(since)}, inside its timeout: ${said(ready.message)}`,
      );
    }
    const message = `is on its way for ${ageText(since)}, longer than its timeout: ${said(ready.message)}`;
    return { ...base, status: "critical", reason: "ProgressingTooLong", message };
  }
  if ((generation ?? 0) > (object.status?.observedGeneration ?? generation ?? 0)) {
    const message = "its controller has not looked at its last change";
    return { ...base, status: "warning", reason: "NotObserved", message };
  }
  return undefined;
}

/** Flux calls a source by two words. */
function reconcile(word: string, { metadata: { namespace, name } = {} }: FluxObject): ShellCommand {
  const [kind = word, source] = word.split(" ");
  return source
    ? command`flux reconcile ${kind} ${source} ${name} -n ${namespace}`
    : command`flux reconcile ${kind} ${name} -n ${namespace}`;
}

/** No fault, but what waits for it waits for whatever it waits for. */
function inProgress(base: Omit<Judgement, "status" | "reason" | "message">, message: string): Judgement {
  return { ...base, status: "ok", reason: IN_PROGRESS, message };
}

function said(message: string | undefined): string {
  return message?.trim() || "no reason is given";
}

/** undefined: it is Ready, on its way, suspended, or waits for one that is on its way. */
export function judgeKustomization(object: Kustomization, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const timeout = goSeconds(object.spec?.timeout) ?? goSeconds(object.spec?.interval) ??
    DEFAULT_TIMEOUT_SECONDS;
  const judged = judgeConditions(object, world, {
    limit: timeout,
    kind: "kustomization",
    word: "kustomization",
  });
  if (!judged || judged.status === "ok") {
    return judgeWaiting(object, world) ?? judgeFirst(object, world) ?? judgeEmpty(object, world) ??
      judgeInventory(object, world) ?? judged;
  }
  if (judged.status !== "critical") return judged;
  if (judged.reason === "DependencyNotReady" || judged.reason === "ArtifactFailed") {
    const wrong = misnamed("Kustomization", object, world);
    if (wrong) {
      const next = [
        command`kubectl -n ${namespace} get kustomization ${name} -o yaml`,
        command`flux get all -A`,
      ];
      return { ...judged, ...wrong, next };
    }
  }
  if (judged.reason === "DependencyNotReady" && !isFirst(object, world) && isWaiting(object, world)) {
    return inProgress(judged, `waits for what is on its way: ${judged.message}`);
  }
  const withSource = command`flux reconcile kustomization ${name} -n ${namespace} --with-source`;
  return { ...judged, next: [...judged.next?.slice(1) ?? [], withSource] };
}

/**
 * Flux tries again every minute or so and is "on its way" for most of the time, also when it never arrives: what
 * it waits for tells the difference.
 */
function judgeWaiting(object: Kustomization, world: World): Judgement | undefined {
  const ready = conditionOf(object, "Ready");
  if (ready?.status !== "Unknown" || object.spec?.suspend || object.metadata?.deletionTimestamp) {
    return undefined;
  }
  const failing = failingIn(object, world);
  if (failing.length === 0) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: "critical",
    reason: "HealthCheckWaiting",
    message: `waits for what it applied and what does not get well: ${
      failing.slice(0, 3).map(refText).join(", ")
    }`,
    observed: `Ready=Unknown, ${failing.length} of its objects fail`,
    expected: "Ready=True",
    evidence: "status.conditions[Ready], status.inventory",
    next: [command`kubectl -n ${namespace} describe kustomization ${name}`],
  };
}

const lacksParts = (world: World) => partsOf(world.namespace).some((ref) => isAbsent(world, ref));

/** Whether it has never been applied while the platform lacks parts: then waiting is why they are not there. */
function isFirst(object: Kustomization, world: World): boolean {
  return object.status?.applied !== "current" && object.status?.applied !== "older" &&
    !object.spec?.suspend && lacksParts(world);
}

function judgeFirst(object: Kustomization, world: World): Judgement | undefined {
  const ready = conditionOf(object, "Ready");
  if (ready?.status === "True" || object.metadata?.deletionTimestamp || !isFirst(object, world)) {
    return undefined;
  }
  const { namespace, name, creationTimestamp } = object.metadata ?? {};
  const since = ageText(ageSeconds(world.now, ready?.lastTransitionTime ?? creationTimestamp) ?? 0);
  return {
    status: "critical",
    reason: "FirstApply",
    message: `is being applied for the first time, for ${since}, and the platform is not whole yet: ${
      said(ready?.message)
    }`,
    observed: ready ? `Ready=${ready.status} ${ready.reason ?? ""}`.trim() : "no Ready condition",
    expected: "Ready=True",
    evidence: "status.conditions[Ready], status.lastAppliedRevision",
    next: [command`flux get kustomization ${name} -n ${namespace} --watch`],
  };
}

/** A build that holds nothing succeeds, and prunes whatever was applied before. */
function judgeEmpty(object: Kustomization, world: World): Judgement | undefined {
  const ready = isReady(object) && !object.spec?.suspend;
  if (!ready || object.status?.applies !== 0) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: lacksParts(world) ? "critical" : "warning",
    reason: "AppliesNothing",
    message: `is Ready and holds no object at all: its path ${object.spec?.path ?? "./"} builds to nothing`,
    observed: "an empty inventory",
    expected: "at least one object",
    evidence: "status.inventory",
    next: [
      command`flux build kustomization ${name} -n ${namespace} --path .`,
      command`flux diff kustomization ${name} -n ${namespace}`,
    ],
  };
}

/** Objects that it applied and that somebody has taken away; a single one speaks for itself. */
function judgeInventory(object: Kustomization, world: World): Judgement | undefined {
  const { namespace, name, deletionTimestamp } = object.metadata ?? {};
  if (deletionTimestamp || !isReady(object)) return undefined;
  const lost = lostOf(object, world);
  if (lost.length < 2) return undefined;
  const named = lost.slice(0, 3).map(refText).join(", ") +
    (lost.length > 3 ? ` and ${lost.length - 3} more` : "");
  const suspended = object.spec?.suspend === true;
  return {
    status: "critical",
    reason: "InventoryMissing",
    message: `${lost.length} objects that it applied do not exist any more: ${named}` +
      (suspended ? "; it is suspended, so it does not put them back" : ""),
    observed: `${lost.length} objects absent`,
    expected: "every object of its inventory",
    evidence: "status.inventory",
    next: [command`flux ${suspended ? "resume" : "reconcile"} kustomization ${name} -n ${namespace}`],
  };
}

const RELEASE_FAILED = new Set([
  "InstallFailed",
  "UpgradeFailed",
  "RollbackFailed",
  "UninstallFailed",
  "TestFailed",
]);

/** undefined: it is Ready, inside its timeout, suspended, or waits for one that is. */
export function judgeHelmRelease(object: HelmRelease, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const limit = goSeconds(object.spec?.timeout) ?? DEFAULT_TIMEOUT_SECONDS;
  const judged = judgeConditions(object, world, { limit, kind: "helmrelease", word: "helmrelease" });
  if (judged?.status === "ok") return judgeRelease(object, world) ?? judged;
  if (judged?.status !== "critical" || judged.reason === "TerminatingStuck") return judged;
  const stalled = conditionOf(object, "Stalled");
  const reset = command`flux reconcile helmrelease ${name} -n ${namespace} --reset`;
  const history = command`helm -n ${object.spec?.targetNamespace ?? namespace} history ${
    object.spec?.releaseName ?? name
  }`;
  const describe = command`kubectl -n ${namespace} describe helmrelease ${name}`;
  if (stalled?.status === "True") {
    return {
      ...judged,
      reason: stalled.reason ?? "Stalled",
      message: `has given up and will not try again by itself: ${
        said(stalled.message)
      }. Last: ${judged.message}`,
      observed: `Stalled=True ${stalled.reason ?? ""}`.trim(),
      evidence: "status.conditions[Stalled]",
      next: [reset, describe, history],
    };
  }
  if (["DependencyNotReady", "SourceNotReady", "ArtifactFailed"].includes(judged.reason)) {
    const wrong = misnamed("HelmRelease", object, world);
    if (wrong) return { ...judged, ...wrong, next: [describe, command`flux get all -A`] };
  }
  if (judged.reason === "DependencyNotReady" && isWaiting(object, world, "HelmRelease")) {
    return inProgress(judged, `waits for what is on its way: ${judged.message}`);
  }
  return { ...judged, next: RELEASE_FAILED.has(judged.reason) ? [describe, history, reset] : [describe] };
}

/** A release waits for its workloads up to its timeout, also for those that have failed already. */
function judgeRelease(object: HelmRelease, world: World): Judgement | undefined {
  const failing = failingWorkloads(object, world);
  if (failing.length === 0) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: "critical",
    reason: "HealthCheckWaiting",
    message: `waits for workloads that do not get well: ${failing.slice(0, 3).map(refText).join(", ")}`,
    observed: `Ready=Unknown, ${failing.length} of its workloads fail`,
    expected: "Ready=True",
    evidence: "status.conditions[Ready]",
    next: [command`kubectl -n ${namespace} describe helmrelease ${name}`],
  };
}

/** A source that fails while the artifact of its present spec is still served holds back changes, no more. */
export function judgeSource(kind: string, object: FluxSource, world: World): Judgement | undefined {
  // An OCI HelmRepository is never reconciled: it only holds a URL.
  if (kind === "HelmRepository" && object.spec?.type === "oci") return undefined;
  const limit = goSeconds(object.spec?.timeout) ?? DEFAULT_TIMEOUT_SECONDS;
  const word = kind === "HelmChart" ? "source chart" : `source ${own(SHORT, kind) ?? kind.toLowerCase()}`;
  const { namespace, name, generation } = object.metadata ?? {};
  const judged = judgeConditions(object, world, { limit, kind: kind.toLowerCase(), word });
  if (!judged || judged.status === "ok") return judged;
  const next = [
    command`kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`,
    reconcile(word, object),
  ];
  const served = object.status?.artifact === true && object.status.observedGeneration === generation;
  if (judged.status !== "critical" || !served || judged.reason === "TerminatingStuck") {
    return { ...judged, next };
  }
  const message =
    `cannot be refreshed, so no change gets in (the last artifact is still served): ${judged.message}`;
  return { ...judged, status: "warning", message, next };
}

const SHORT: Record<string, string> = {
  OCIRepository: "oci",
  GitRepository: "git",
  HelmRepository: "helm",
  Bucket: "bucket",
};
