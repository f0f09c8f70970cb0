/** Judges Deployments, StatefulSets and DaemonSets by their ready pods. */
import { count } from "../../engine/sentence.ts";
import { type Judgement, type KindCheck, refText, type World } from "../../engine/model.ts";
import { ageSeconds, type Condition, conditionOf, newestFirst, refOf } from "../common/mod.ts";
import {
  daemonSets,
  deployments,
  isAsleep,
  isSaidByComponent,
  placeOf,
  type Pod,
  podsOf,
  statefulSets,
  type WarningEvent,
  type Workload,
} from "../kubernetes/mod.ts";
import { type eventsOf, eventsSince } from "./events.ts";
import { otherParts } from "./parts.ts";
import { podCheck } from "./pods.ts";
import { deploymentWords, setEventWords } from "./words.ts";
import { command } from "../../untrusted/shell.ts";

/** A change that its controller has not seen for so long was not seen at all. */
const OBSERVE_SECONDS = 60;

function workloadCheck(kind: string, source: typeof deployments): KindCheck<Workload> {
  return {
    id: `${source.id}.ready`,
    title: source.id,
    explain:
      `A ${kind} has as many ready pods as its spec asks for. A rollout inside its deadline that still has ready ` +
      "pods is no fault; one that was scaled to zero on purpose is judged by the component that needs it." +
      (kind === "DaemonSet"
        ? ""
        : " A catalog, an engine or an object store that is scaled to zero is critical while a Service leads to it; workers of " +
          "Trino and Airflow are no fault: KEDA, an autoscaler or somebody brings them back when there is work."),
    source,
    words: kind === "Deployment" ? [deploymentWords] : [setEventWords],
    component: placeOf,
    saidElsewhere: isSaidByComponent,
    ref: (object) => refOf(kind, object),
    judge: (object, world) => judgeWorkload(kind, object, world),
  };
}

/** The checks of what makes pods from one template, by its kind. */
export const workloadChecks = {
  Deployment: workloadCheck("Deployment", deployments),
  StatefulSet: workloadCheck("StatefulSet", statefulSets),
  DaemonSet: workloadCheck("DaemonSet", daemonSets),
};

/** undefined: as many pods are ready as are asked for, or the rollout is in progress. */
function judgeWorkload(kind: string, object: Workload, world: World): Judgement | undefined {
  const status = object.status ?? {};
  const daemon = kind === "DaemonSet";
  const desired = daemon ? status.desiredNumberScheduled ?? 0 : object.spec?.replicas ?? 1;
  const ready = (daemon ? status.numberReady : status.readyReplicas) ?? 0;
  if (object.metadata?.deletionTimestamp) return undefined;
  const { namespace, name } = object.metadata ?? {};
  const base = {
    observed: `${ready} of ${desired} ready`,
    expected: `${desired} of ${desired} ready`,
    evidence: "status.readyReplicas",
    next: [command`kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`],
  };
  const refused = ready < desired ? creationError(kind, object, world) : undefined;
  if (refused) {
    return {
      ...base,
      status: "critical",
      reason: "FailedCreate",
      message: `cannot create its pods: ${refused}`,
    };
  }
  const behind = (object.metadata?.generation ?? 0) > (status.observedGeneration ?? 0);
  const changed = ageSeconds(world.now, object.metadata?.creationTimestamp) ?? 0;
  if (behind && changed > OBSERVE_SECONDS) {
    return {
      ...base,
      status: "critical",
      reason: "NotObserved",
      message: "has a change that its controller has not acted on",
    };
  }
  const asleep = daemon || desired > 0 ? undefined : sleepingPart(kind, object, world);
  if (asleep) return { ...base, ...asleep };
  const held = daemon || desired === 0 ? undefined : heldBack(kind, object, world);
  if (ready >= desired) {
    const { updatedReplicas = 0 } = status;
    return held && {
      ...base,
      observed: `${updatedReplicas} of ${desired} have the last change, ${ready} ready`,
      expected: `${desired} of ${desired} with the last change and ready`,
      evidence: "status.updatedReplicas, status.readyReplicas",
      status: "warning",
      ...held,
    };
  }
  if (ready === 0) {
    // A young one is starting, unless one of its pods says already that it cannot.
    if (changed < OBSERVE_SECONDS && !podsFail(kind, object, world)) return undefined;
    const why = podsSay(kind, object, world);
    return {
      ...base,
      status: "critical",
      reason: "NoneReady",
      message: `has no ready pod${object.spec?.paused ? ", and its rollout is paused" : ""}${why}`,
    };
  }
  const progress = conditionOf(object, "Progressing");
  if (isRollingOut(progress) && !held) return undefined;
  return {
    ...base,
    // The pods of a DaemonSet do not stand in for each other: each serves its node.
    status: daemon && podsFail(kind, object, world) ? "critical" : "warning",
    reason: "SomeReady",
    message: `has ${ready} of ${desired} pods ready${
      held ? ` and ${held.message}` : podsSay(kind, object, world)
    }`,
  };
}

/** A part of the lakehouse that was scaled to zero while a Service leads to it. */
function sleepingPart(kind: string, object: Workload, world: World): Judgement | undefined {
  const [front] = otherParts(world).get(object)?.services ?? [];
  if (!front || isAsleep(object, world)) return undefined;
  const { namespace, name } = object.metadata ?? {};
  return {
    status: "critical",
    reason: "ScaledToZero",
    message: `is scaled to zero, so nothing runs behind ${refText(refOf("Service", front))}`,
    expected: "at least 1",
    next: [command`kubectl -n ${namespace} scale ${kind.toLowerCase()} ${name} --replicas=1`],
  };
}

/** A change that does not reach the pods while the old ones still serve. */
function heldBack(
  kind: string,
  object: Workload,
  world: World,
): Pick<Judgement, "reason" | "message"> | undefined {
  const { replicas = 0, updatedReplicas = 0 } = object.status ?? {};
  const progress = conditionOf(object, "Progressing");
  if (object.spec?.paused) {
    if (updatedReplicas >= replicas) return undefined;
    return { reason: "Paused", message: "has a paused rollout, so its last change has not reached its pods" };
  }
  const why = podsSay(kind, object, world);
  if (isRollingOut(progress) && why) {
    return {
      reason: "RollingOut",
      message: `still runs its old pods because those of its last change do not become ready${why}`,
    };
  }
  if (progress?.status !== "False") return undefined;
  const message = `is stuck in a rollout that reached ${updatedReplicas} of ${count(replicas, "pod")}: ${
    progress.message ?? progress.reason
  }`;
  return { reason: "RolloutStuck", message };
}

/** A rollout that its controller still counts as going on, until its deadline. */
function isRollingOut(progress: Condition | undefined): boolean {
  return progress?.status === "True" && progress.reason !== "NewReplicaSetAvailable";
}

/** Why pods cannot be created: quota, LimitRange, ServiceAccount, admission. */
export function creationError(kind: string, object: Workload, world: World): string | undefined {
  const failed = conditionOf(object, "ReplicaFailure");
  if (failed?.status === "True" && failed.reason !== "FailedDelete") return failed.message ?? failed.reason;
  if (kind === "Deployment" || !isShort(kind, object, world)) return undefined;
  const { namespace = "", name = "" } = object.metadata ?? {};
  return failedCreate(world, kind, object, podsOf(world, kind, namespace, name))?.message;
}

/** The newest event that a pod could not be created; what was told before the last one was made is over. */
export function failedCreate(
  world: World,
  kind: string,
  object: Parameters<typeof eventsOf>[2],
  made: readonly Pod[],
): WarningEvent | undefined {
  const [last] = newestFirst(made, (pod) => pod.metadata?.creationTimestamp);
  return eventsSince(world, kind, object, last?.metadata?.creationTimestamp)
    .find((event) => event.reason === "FailedCreate");
}

/** Whether fewer pods exist than are asked for: only then may their creation be what fails. */
export function isShort(kind: string, object: Workload, world: World): boolean {
  const { namespace, name } = object.metadata ?? {};
  const desired = kind === "DaemonSet"
    ? object.status?.desiredNumberScheduled ?? 0
    : object.spec?.replicas ?? 1;
  return podsOf(world, kind, namespace ?? "", name ?? "").length < desired;
}

function podsFail(kind: string, object: Workload, world: World): boolean {
  const { namespace, name } = object.metadata ?? {};
  return podsOf(world, kind, namespace ?? "", name ?? "").some((pod) =>
    world.judge(podCheck, pod)?.status === "critical"
  );
}

/** What its newest failing pod says: that one is of the last change, and the workload speaks for pods that fail alike. */
function podsSay(kind: string, object: Workload, world: World): string {
  const { namespace, name } = object.metadata ?? {};
  const pods = podsOf(world, kind, namespace ?? "", name ?? "");
  const newest = newestFirst(pods, (pod) => pod.metadata?.creationTimestamp);
  const [message] = newest.flatMap((pod) => said(pod, world.judge(podCheck, pod)));
  return message ? `; ${message}` : "";
}

/** What an unhealthy pod says; one that is in progress says nothing yet. */
function said(pod: Pod, judged: Judgement | undefined): string[] {
  return judged?.status === "critical" || judged?.status === "warning"
    ? [`Pod ${pod.metadata?.name} ${judged.message}`]
    : [];
}
