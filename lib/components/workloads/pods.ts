/** Judges pods by what they do, not by their phase: Running is not Ready, and Pending is not a reason. */
import { count } from "../../engine/sentence.ts";
import { IN_PROGRESS, type Judgement, type KindCheck, type World } from "../../engine/model.ts";
import { ageSeconds, ageText, conditionOf, isReady, notUnderstood, refOf } from "../common/mod.ts";
import {
  type ContainerStatus,
  ownerOf,
  placementOf,
  placementText,
  placeOf,
  type Pod,
  pods,
  podsOf,
  threshold,
  workloadOf,
} from "../kubernetes/mod.ts";
import { eventsOf, eventsSince } from "./events.ts";
import { failedProbes, killedText, probeText } from "./explain/probes.ts";
import { whyText } from "./explain/setup.ts";
import { command } from "../../untrusted/shell.ts";
import { PLACED_SECONDS, POD_EVENTS, podEventWords, podWords, REPLACED, SETTING_UP } from "./words.ts";

const REPLACED_REASONS: ReadonlySet<string> = new Set(REPLACED);
/** What makes another pod for one that failed; the driver of a Spark application, say, is not made again. */
const MAKE_ANOTHER = new Set(["ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController"]);
const SETUP_REASONS: ReadonlySet<string> = new Set(SETTING_UP);

/** Events that do not say why a pod that has its place is not set up there. */
const NO_HINDRANCE = new Set(["FailedScheduling", "Failed"]);

export const podCheck: KindCheck<Pod> = {
  id: "pods.ready",
  title: "pods",
  explain:
    "A pod is healthy when it is Ready or has succeeded, or is younger than a minute. Waiting containers are " +
    "judged by their reason, crash loops by how the last run ended, and pods that are not placed by what the scheduler says. " +
    "A pod whose workload has others that are Ready is a warning: the work is still done.",
  source: pods,
  words: [...podWords, podEventWords],
  component: placeOf,
  ref: (pod) => refOf("Pod", pod),
  judge: judgePod,
};

/** undefined: the pod is healthy, or not for this check to judge. */
function judgePod(pod: Pod, world: World): Judgement | undefined {
  const judged = judgeAlone(pod, world);
  if (judged?.status !== "critical") return judged;
  const others = readyMates(pod, world);
  if (others === 0) return judged;
  const message = `${judged.message}; ${count(others, "other pod")} of its workload still ${
    others > 1 ? "serve" : "serves"
  }`;
  return { ...judged, status: "warning", message };
}

/** Ready pods that do the same work. A primary has no equal; the run of a Job and a node's agent have none either. */
function readyMates(pod: Pod, world: World): number {
  const { namespace, labels } = pod.metadata ?? {};
  const owner = workloadOf(pod, world);
  if (!owner || ["Job", "Node", "DaemonSet"].includes(owner.kind)) return 0;
  if (labels?.role === "primary" || labels?.["cnpg.io/instanceRole"] === "primary") return 0;
  return podsOf(world, owner.kind, namespace ?? "", owner.name).filter((other) =>
    other !== pod && isReady(other) && !other.metadata?.deletionTimestamp
  ).length;
}

function judgeAlone(pod: Pod, world: World): Judgement | undefined {
  const phase = pod.status?.phase;
  const deleting = ageSeconds(world.now, pod.metadata?.deletionTimestamp);
  if (deleting !== undefined) {
    return deleting > threshold(world, "podDeletion") ? stuck(pod, deleting) : undefined;
  }
  if (phase === "Succeeded") return undefined;
  if (phase === "Failed") return judgeFailed(pod);
  const waiting = judgeContainers(pod, world);
  if (waiting) return describe(pod, { ...waiting, message: waiting.message + whyText(pod, world) });
  if (phase === "Pending" || phase === undefined) return judgePending(pod, world);
  if (phase !== "Running") {
    return describe(pod, oddly(`is in phase ${phase}`, `phase ${phase}`));
  }
  return judgeRunning(pod, world);
}

function oddly(what: string, observed: string): Judgement {
  return notUnderstood(what, { observed, expected: "Running and Ready", evidence: "status" });
}

function describe(pod: Pod, judgement: Judgement): Judgement {
  const namespace = pod.metadata?.namespace;
  const next = judgement.next ?? [command`kubectl -n ${namespace} describe pod ${pod.metadata?.name}`];
  return { ...judgement, next };
}

function stuck(pod: Pod, seconds: number): Judgement {
  const held = pod.metadata?.finalizers;
  return describe(pod, {
    status: "warning",
    reason: "TerminatingStuck",
    message: `has been terminating for ${ageText(seconds)}${
      held ? `, held by finalizers ${held.join(", ")}` : ""
    }`,
    observed: `deletionTimestamp ${pod.metadata?.deletionTimestamp}`,
    expected: "gone within its grace period",
    evidence: "metadata.deletionTimestamp",
  });
}

/** A Job's failed pods are the Job's affair; a pod that had to make room or lost its node has a successor. */
function judgeFailed(pod: Pod): Judgement | undefined {
  const owner = ownerOf(pod);
  if (owner?.kind === "Job" || (owner && pod.status?.reason === "Evicted")) return undefined;
  const disrupted = REPLACED_REASONS.has(pod.status?.reason ?? "") ||
    conditionOf(pod, "DisruptionTarget")?.status === "True";
  if (disrupted && MAKE_ANOTHER.has(owner?.kind ?? "")) return undefined;
  return describe(pod, {
    status: owner ? "warning" : "critical",
    reason: "PodFailed",
    message: `has failed: ${
      pod.status?.message ?? pod.status?.reason ?? exitText(pod.status?.containerStatuses ?? [])
    }`,
    observed: "phase Failed",
    expected: "Running and Ready",
    evidence: "status.phase",
  });
}

function exitText(statuses: ContainerStatus[]): string {
  const ended = statuses.find((entry) => entry.state?.terminated?.exitCode)?.state?.terminated;
  return ended ? `exit code ${ended.exitCode}` : "it gives no reason";
}

/** The first container that waits for something it cannot have, or that keeps dying. */
function judgeContainers(pod: Pod, world: World): Judgement | undefined {
  const statuses = [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []];
  for (const status of statuses) {
    const reason = status.state?.waiting?.reason;
    if (!reason || SETUP_REASONS.has(reason)) continue;
    return withProbe(judgeWaiting(status, reason), pod, status, world);
  }
  const recent = threshold(world, "recentRestart");
  for (const status of statuses) {
    const died = status.lastState?.terminated;
    const now = status.state?.terminated;
    if (now && now.exitCode !== 0 && !status.ready) {
      return crash(status, now.reason === "OOMKilled" ? "OOMKilled" : "ContainerFailed");
    }
    const since = ageSeconds(world.now, died?.finishedAt);
    const killed = (status.restartCount ?? 0) >= ENDED_TWICE && since !== undefined && since <= recent
      ? killedText(pod, status, world)
      : undefined;
    if (killed && died?.reason !== "OOMKilled") {
      const judged = crash(status, "Restarting");
      return { ...judged, message: `${judged.message}; ${killed}` };
    }
    if (!died || died.exitCode === 0 || since === undefined || since > recent) continue;
    // Between two crashes it runs, and is no better for it.
    const again = { status: status.ready ? "warning" : "critical" } as const;
    if (died.reason === "OOMKilled") return { ...crash(status, "OOMKilled"), ...again };
    if ((status.restartCount ?? 0) >= 3) return { ...crash(status, "Restarting"), ...again };
  }
  return undefined;
}

/** A probe that ended a container twice ends it again. */
const ENDED_TWICE = 2;

/** What keeps dying may be ended by a probe. */
function withProbe(judged: Judgement, pod: Pod, status: ContainerStatus, world: World): Judgement {
  const killed = judged.reason === "CrashLoopBackOff" ? killedText(pod, status, world) : undefined;
  return killed ? { ...judged, message: `${judged.message}; ${killed}` } : judged;
}

function judgeWaiting(status: ContainerStatus, reason: string): Judgement {
  if (reason === "CrashLoopBackOff") {
    return crash(status, status.lastState?.terminated?.reason === "OOMKilled" ? "OOMKilled" : reason);
  }
  const image = reason === "ErrImagePull" ? "ImagePullBackOff" : reason;
  return {
    status: "critical",
    reason: image,
    message: `cannot start container ${status.name}: ${status.state?.waiting?.message ?? reason}`,
    observed: reason,
    expected: "running",
    evidence: "status.containerStatuses[].state.waiting",
  };
}

function crash(status: ContainerStatus, reason: string): Judgement {
  const ended = status.lastState?.terminated ?? status.state?.terminated;
  const how = ended?.reason === "OOMKilled"
    ? "exceeded its memory limit (OOMKilled)"
    : `ended with exit code ${ended?.exitCode ?? "unknown"}`;
  const restarts = status.restartCount ?? 0;
  return {
    status: "critical",
    reason,
    message: `cannot keep container ${status.name} running: it ${how} and was restarted ${
      restarts === 1 ? "once" : `${restarts} times`
    }`,
    observed: `exit code ${ended?.exitCode ?? "unknown"}, restarts ${restarts}`,
    expected: "running",
    evidence: "status.containerStatuses[].lastState.terminated",
  };
}

function judgePending(pod: Pod, world: World): Judgement | undefined {
  const age = ageSeconds(world.now, pod.metadata?.creationTimestamp) ?? 0;
  const scheduled = conditionOf(pod, "PodScheduled");
  const told = eventsOf(world, "Pod", pod).find(({ reason }) => !NO_HINDRANCE.has(reason ?? ""));
  if (scheduled?.status === "False" && scheduled.reason === "SchedulingGated") return undefined;
  if (scheduled?.status === "False") {
    const cause = age < PLACED_SECONDS ? undefined : placementOf(pod, world);
    const why = cause ? placementText(pod, cause) : scheduled.message ?? scheduled.reason;
    const message = `cannot be placed on a node: ${why}`;
    return age < PLACED_SECONDS
      ? inProgress("placed")
      : describe(pod, { ...pending(age), reason: "Unschedulable", message });
  }
  if (age < threshold(world, "podStart") && !(told && age > 15)) return inProgress("started");
  if (!scheduled && !pod.spec?.nodeName) {
    const own = pod.spec?.schedulerName;
    const message = `has waited ${ageText(age)} without any scheduler placing it${
      own ? `: it asks for the scheduler ${own}` : ""
    }`;
    return describe(pod, { ...pending(age), reason: "NotScheduled", message });
  }
  const setup = (pod.status?.initContainerStatuses ?? []).find((entry) =>
    entry.state?.running && !entry.ready
  );
  if (setup) {
    const ran = ageSeconds(world.now, setup.state?.running?.startedAt) ?? age;
    if (ran < threshold(world, "podStart")) return inProgress("initialized");
    const message = `waits for its init container ${setup.name}, which has run for ${
      ageText(ran)
    } without ending${whyText(pod, world)}`;
    return describe(pod, { ...pending(age), reason: "NotReady", message });
  }
  const reason = POD_EVENTS.get(told?.reason ?? "") ?? "NotStarted";
  const why = told?.message ?? `node ${pod.spec?.nodeName} has not started it`;
  return describe(pod, { ...pending(age), reason, message: `has not started after ${ageText(age)}: ${why}` });
}

function pending(age: number): Omit<Judgement, "reason" | "message"> {
  return {
    status: "critical",
    observed: `Pending for ${ageText(age)}`,
    expected: "Running and Ready",
    evidence: "status.conditions[PodScheduled], events",
  };
}

/** Young, or unready for seconds only: no fault, but what waits for it waits for what it needs. */
function inProgress(to: string): Judgement {
  return { status: "ok", reason: IN_PROGRESS, message: `is being ${to}`, evidence: "status.conditions" };
}

function judgeRunning(pod: Pod, world: World): Judgement | undefined {
  const ready = conditionOf(pod, "Ready");
  if (ready?.status === "True") return undefined;
  if (ready && ready.status !== "False" && ready.status !== "Unknown") {
    return describe(pod, oddly(`reports Ready=${ready.status}`, `Ready=${ready.status}`));
  }
  const since = ageSeconds(world.now, ready?.lastTransitionTime ?? pod.metadata?.creationTimestamp) ?? 0;
  const started = Math.min(
    ...(pod.status?.containerStatuses ?? []).flatMap((entry) =>
      ageSeconds(world.now, entry.state?.running?.startedAt) ?? []
    ),
  );
  if (since < 10 || started < threshold(world, "podStart")) return inProgress("made ready");
  const unready = (pod.status?.containerStatuses ?? []).filter((entry) => !entry.ready).map((entry) =>
    entry.name
  );
  const told = eventsSince(world, "Pod", pod, ready?.lastTransitionTime)
    .find((event) => event.reason === "Unhealthy");
  const [failed] = failedProbes(pod, world).filter(({ event }) => event === told);
  const wrong = failed && probeText(failed, pod);
  const said = told?.message ?? ready?.message ?? ready?.reason ?? "its kubelet reports no reason";
  const why = wrong ? `${wrong}: ${said}` : said;
  return describe(pod, {
    status: "critical",
    reason: "NotReady",
    message: `is running but has not been Ready for ${ageText(since)}: ${why}${whyText(pod, world)}`,
    observed: unready.length > 0 ? `not ready: ${unready.join(", ")}` : "Ready is not True",
    expected: "Ready",
    evidence: "status.conditions[Ready]",
  });
}
