/** Judges Flux's objects by their conditions, and by the time they have been in them. */
import { count, listed } from "../../engine/sentence.ts";
import { filling } from "../kubernetes/mod.ts";
import { IN_PROGRESS, type Judgement, refText, type ShellCommand, type World } from "../../engine/model.ts";
import {
  ageSeconds,
  ageText,
  conditionOf,
  goSeconds,
  isReady,
  judgeDeletion,
  notUnderstood,
} from "../common/mod.ts";
import { failingIn, failingWorkloads } from "./health.ts";
import { lostOf } from "./inventory.ts";
import {
  type FluxObject,
  type FluxSource,
  fluxSources,
  type HelmRelease,
  type Kustomization,
} from "./kinds.ts";
import { isWaiting, misnamed, waitersFor } from "./references.ts";
import { isGoing, RELEASE_FAILED } from "./words.ts";
import { command, words } from "../../untrusted/shell.ts";
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

/** Kinds by their names in kubectl's commands. */
const KINDS = ["Kustomization", "HelmRelease", ...fluxSources.map(({ kind }) => kind)];

/**
 * Suspended is no fault, unless something that is not suspended waits for it: a dependency must be Ready by its present
 * generation, which suspending changes, and a source must have an artifact.
 */
function judgeSuspended(
  object: FluxObject & { status?: { artifact?: boolean } },
  world: World,
  { kind, word }: Pick<Manner, "kind" | "word">,
): Judgement | undefined {
  const { namespace, name, generation } = object.metadata ?? {};
  const ref = { kind: KINDS.find((one) => one.toLowerCase() === kind) ?? kind, namespace, name: name ?? "" };
  const waiters = waitersFor(ref, world);
  const seen = object.status?.observedGeneration === generation;
  const serves = fluxSources.some((source) => source.kind === ref.kind)
    ? object.status?.artifact === true
    : isReady(object) && seen;
  if (waiters.length === 0 || serves) return undefined;
  return {
    status: "warning",
    reason: "Suspended",
    message: `is suspended, and ${listed(waiters.map(refText))} ${
      waiters.length > 1 ? "wait" : "waits"
    } for it`,
    observed: "spec.suspend true",
    expected: "resumed, or nothing that waits for it",
    evidence: "spec.suspend",
    next: [command`flux resume ${words(...word.split(" "))} ${name} -n ${namespace}`],
  };
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
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  if (object.spec?.suspend) return judgeSuspended(object, world, { kind, word });
  const ready = conditionOf(object, "Ready");
  const base = {
    observed: ready ? `Ready=${ready.status} ${ready.reason ?? ""}`.trim() : "no Ready condition",
    expected: "Ready=True",
    evidence: "status.conditions[Ready]",
    next: [reconcile(word, object), describe],
  };
  if (!ready) {
    const age = ageSeconds(world.now, creationTimestamp) ?? 0;
    if (age < FIRST_LOOK_SECONDS) return inProgress(base, `was created ${ageText(age)} ago`);
    const message = `has waited ${ageText(age)} for its controller to reconcile it`;
    return { ...base, status: "critical", reason: "NotReconciled", message };
  }
  const since = ageSeconds(world.now, ready.lastTransitionTime) ?? 0;
  if (isGoing(ready)) {
    if (since <= limit + GRACE_SECONDS) {
      return inProgress(
        base,
        `has been in progress for ${ageText(since)}, within its timeout: ${said(object)}`,
      );
    }
    const message = `has been in progress for ${ageText(since)}, longer than its timeout: ${said(object)}`;
    return { ...base, status: "critical", reason: "ProgressingTooLong", message };
  }
  if (ready.status === "False") {
    const message = `is not Ready: ${said(object)}`;
    return { ...base, status: "critical", reason: ready.reason ?? "NotReady", message };
  }
  if (ready.status !== "True") return notUnderstood(`reports Ready=${ready.status}`, base);
  if ((generation ?? 0) > (object.status?.observedGeneration ?? generation ?? 0)) {
    const age = ageSeconds(world.now, object.metadata?.writtenAt);
    if (age !== undefined && age < FIRST_LOOK_SECONDS) {
      return inProgress(base, `was changed ${ageText(age)} ago, and its controller has yet to act on that`);
    }
    const message = "has a change that its controller has not acted on";
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

/** What Flux says of it in this condition. */
function said(object: FluxObject, type = "Ready"): string {
  return conditionOf(object, type)?.message?.trim() || "Flux gives no reason";
}

/** undefined: it is Ready, in progress, suspended, or waits for one that is in progress. */
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
    return inProgress(judged, `waits for a dependency that is in progress: ${said(object)}`);
  }
  const withSource = command`flux reconcile kustomization ${name} -n ${namespace} --with-source`;
  return { ...judged, next: [...judged.next?.slice(1) ?? [], withSource] };
}

/**
 * Flux tries again every minute or so and is in progress for most of the time, also when it never arrives: what
 * it waits for tells the difference.
 */
function judgeWaiting(object: Kustomization, world: World): Judgement | undefined {
  const ready = conditionOf(object, "Ready");
  if (!isGoing(ready) || object.spec?.suspend || object.metadata?.deletionTimestamp) return undefined;
  const failing = failingIn(object, world);
  if (failing.length === 0) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: "critical",
    reason: "HealthCheckWaiting",
    message: `waits for objects that it applied and that are unhealthy: ${listed(failing.map(refText))}`,
    observed: `Ready=${ready?.status}, ${count(failing.length, "unhealthy object")}`,
    expected: "Ready=True",
    evidence: "status.conditions[Ready], status.inventory",
    next: [command`kubectl -n ${namespace} describe kustomization ${name}`],
  };
}

/** Whether the platform has no catalog yet: then whatever has never been applied may be why. */
const lacksParts = (world: World) => filling(world, "nessie").length === 0;

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
    message:
      `has been applying for the first time for ${since}, and parts of the platform do not exist yet: ${
        said(object)
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
    message: `is Ready but applies no object, because its path ${
      object.spec?.path ?? "./"
    } holds no manifest`,
    observed: "an empty inventory",
    expected: "at least one object",
    evidence: "status.inventory",
    next: [
      command`flux build kustomization ${name} -n ${namespace} --path .`,
      command`flux diff kustomization ${name} -n ${namespace}`,
    ],
  };
}

/** Objects that it applied and that somebody has deleted; a single one speaks for itself. */
function judgeInventory(object: Kustomization, world: World): Judgement | undefined {
  const { namespace, name, deletionTimestamp } = object.metadata ?? {};
  if (deletionTimestamp || !isReady(object)) return undefined;
  const lost = lostOf(object, world);
  if (lost.length < 2) return undefined;
  const named = listed(lost.map(refText));
  const suspended = object.spec?.suspend === true;
  return {
    status: "critical",
    reason: "InventoryMissing",
    message: `has lost ${lost.length} objects that it applied (${named})` +
      (suspended ? ", and does not restore them because it is suspended" : ""),
    observed: `${lost.length} objects absent`,
    expected: "every object of its inventory",
    evidence: "status.inventory",
    next: [command`flux ${suspended ? "resume" : "reconcile"} kustomization ${name} -n ${namespace}`],
  };
}

const NEEDS_RESET: ReadonlySet<string> = new Set(RELEASE_FAILED);

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
      message: `has given up and will not retry by itself: ${said(object, "Stalled")}; its last error was: ${
        said(object)
      }`,
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
    return inProgress(judged, `waits for a dependency that is in progress: ${said(object)}`);
  }
  return { ...judged, next: NEEDS_RESET.has(judged.reason) ? [describe, history, reset] : [describe] };
}

/** A release waits for its workloads up to its timeout, also for those that have failed already. */
function judgeRelease(object: HelmRelease, world: World): Judgement | undefined {
  const failing = failingWorkloads(object, world);
  if (failing.length === 0) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: "critical",
    reason: "HealthCheckWaiting",
    message: `waits for unhealthy workloads: ${listed(failing.map(refText))}`,
    observed: `Ready=Unknown, ${count(failing.length, "unhealthy workload")}`,
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
  if (!judged || judged.status === "ok" || judged.reason === "Suspended") return judged;
  const next = [
    command`kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`,
    reconcile(word, object),
  ];
  const served = object.status?.artifact === true && object.status.observedGeneration === generation;
  if (judged.status !== "critical" || !served || judged.reason === "TerminatingStuck") {
    return { ...judged, next };
  }
  const message = `cannot be refreshed, so changes are not applied while the last artifact is still served: ${
    said(object)
  }`;
  return { ...judged, status: "warning", message, next };
}

const SHORT: Record<string, string> = {
  OCIRepository: "oci",
  GitRepository: "git",
  HelmRepository: "helm",
  Bucket: "bucket",
};
