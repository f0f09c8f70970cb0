/**
 * Every phase, condition and reason that Kubernetes writes into the status of pods and of what makes them, and what is
 * said of it. Sources, beside the pages that the tables name:
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/container/sync_result.go
 */
import type { WordTable } from "../../engine/model.ts";
import { durationText, THRESHOLDS } from "../../platform/mod.ts";

const CORE = "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/api/core/v1/types.go";
const BATCH = "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/api/batch/v1/types.go";
const KUBERNETES = "https://github.com/kubernetes/kubernetes/blob/master/pkg";
const KUBELET = `${KUBERNETES}/kubelet`;

/** A pod is placed within this time; the scheduler may find no node at its first look. */
export const PLACED_SECONDS = 10;

/** Why a waiting container is still being set up. */
export const SETTING_UP = ["ContainerCreating", "PodInitializing"] as const;

/** Reasons of a failed pod that had to make room or lost its node: what made it makes another. */
export const REPLACED = ["Evicted", "Preempting", "Terminated", "Shutdown", "NodeShutdown"] as const;

type Words = WordTable["words"];

const all = (words: readonly string[], verdict: string): Words => words.map((word) => [word, verdict]);
const critical = (words: readonly string[]): Words =>
  words.map((word) => [word, `critical, \`${word}\``] as const);

const STARTS = `in progress for up to ${durationText(THRESHOLDS.podStart.seconds)}, then critical, `;
const PLACED = `in progress for up to ${durationText(PLACED_SECONDS)}, then critical, \`Unschedulable\``;

export const podWords: readonly WordTable[] = [
  {
    field: "status.phase",
    source: CORE,
    words: [
      ["Pending", `${STARTS}\`NotStarted\``],
      ["Running", "ok, if its conditions and containers do not speak against it"],
      ["Succeeded", "ok"],
      ["Failed", "critical, `PodFailed`; warning if something makes another; nothing if it is of a Job"],
      ["Unknown", "unknown, `NotUnderstood`"],
    ],
  },
  {
    field: "status.reason of a failed pod of a workload",
    source: `${KUBELET}/eviction/eviction_manager.go`,
    words: [
      ...all(REPLACED, "ok: another takes its place, and is judged itself"),
      ...all(
        [
          "NodeLost",
          "NodeAffinity",
          "OutOfcpu",
          "OutOfmemory",
          "OutOfpods",
          "UnexpectedAdmissionError",
          "DeadlineExceeded",
        ],
        "warning, `PodFailed`",
      ),
    ],
  },
  {
    field: "status.containerStatuses[].state.waiting.reason",
    source: `${KUBELET}/kuberuntime/kuberuntime_container.go`,
    words: [
      ...all(SETTING_UP, "as the phase and the conditions of the pod say"),
      ["CrashLoopBackOff", "critical, `CrashLoopBackOff`; `OOMKilled` if memory ended its last run"],
      ["ErrImagePull", "critical, `ImagePullBackOff`"],
      ...critical([
        "ImagePullBackOff",
        "ImageInspectError",
        "ErrImageNeverPull",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
        "CreateContainerConfigError",
        "CreateContainerError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
        "RunContainerError",
      ]),
      [
        "another reason",
        "critical, with that reason: whatever is set up without an error has one of the first two",
      ],
    ],
  },
  {
    field: "status.containerStatuses[].state.terminated.reason",
    source: `${KUBELET}/kubelet_pods.go`,
    words: [
      ["Completed", "ok, if its exit code is 0"],
      ["OOMKilled", "critical, `OOMKilled`"],
      ...all(
        ["Error", "StartError", "ContainerCannotRun", "ContainerStatusUnknown", "another reason"],
        "critical, `ContainerFailed`",
      ),
    ],
  },
  {
    field: "status.conditions",
    source: CORE,
    words: [
      ["Ready=True", "ok, if nothing else speaks against it"],
      ...all(
        [
          "Ready=False, ContainersNotReady",
          "Ready=False, ReadinessGatesNotReady",
          "Ready=False, UnknownContainerStatuses",
          "Ready=Unknown",
        ],
        `${STARTS}\`NotReady\``,
      ),
      ["PodScheduled=False, Unschedulable", PLACED],
      ["PodScheduled=False, SchedulerError", PLACED],
      ["PodScheduled=False, SchedulingGated", "ok: somebody holds it back on purpose"],
      ["DisruptionTarget=True", "ok: a failed pod of a workload is followed by another"],
      ...all(
        [
          "ContainersReady",
          "Initialized",
          "PodReadyToStartContainers",
          "PodResizePending",
          "PodResizeInProgress",
          "AllContainersRestarting",
        ],
        "no more than Ready and PodScheduled say",
      ),
    ],
  },
];

/** What a pod that is not started is said to be, by the reason of its newest event. */
export const POD_EVENTS: ReadonlyMap<string, string> = new Map([
  ["FailedMount", "FailedMount"],
  ["FailedAttachVolume", "FailedAttachVolume"],
  ["FailedCreatePodSandBox", "SandboxFailed"],
]);

/** Events of the kubelet, the scheduler and the attach controller about a pod; others are not read. */
export const podEventWords: WordTable = {
  field: "reason of its newest event, while it is Pending on a node",
  source: `${KUBELET}/events/event.go`,
  words: [
    ...[...POD_EVENTS].map(([word, reason]) => [word, `critical, \`${reason}\``] as const),
    ["Unhealthy", "critical, `NotStarted`; of a running pod it tells why it is `NotReady`"],
    ["FailedScheduling", `${STARTS}\`NotStarted\`: what the scheduler says now is in PodScheduled`],
  ],
};

/** Events of the controllers that make pods. */
const creationEvents = (verdict: string): WordTable => ({
  field: "reason of its events, while it has fewer pods than it asks for",
  source: `${KUBERNETES}/controller/controller_utils.go`,
  words: [["FailedCreate", verdict]],
});
export const setEventWords = creationEvents("critical, `FailedCreate`");
export const jobEventWords = creationEvents(
  "critical, `FailedCreate`, unless it is suspended or complete",
);

export const deploymentWords: WordTable = {
  field: "status.conditions",
  source: `${KUBERNETES}/controller/deployment/util/deployment_util.go`,
  words: [
    [
      "Progressing=True, NewReplicaSetAvailable",
      "warning, `SomeReady`, while some of its pods are not ready",
    ],
    ...all(
      ["NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"].map((one) =>
        `Progressing=True, ${one}`
      ),
      "ok while some of its pods are ready",
    ),
    [
      "Progressing=False, ProgressDeadlineExceeded",
      "warning, `RolloutStuck`, while as many as asked for are ready",
    ],
    [
      "Progressing=False, ReplicaSetCreateError",
      "warning, `RolloutStuck`, while as many as asked for are ready",
    ],
    ["Progressing=Unknown, DeploymentPaused", "no more than spec.paused and its ready pods say"],
    ["Progressing=Unknown, DeploymentResumed", "no more than spec.paused and its ready pods say"],
    ["ReplicaFailure=True, FailedCreate", "critical, `FailedCreate`, while some of its pods are not ready"],
    ["ReplicaFailure=True, FailedDelete", "no more than spec.paused and its ready pods say"],
    ["Available=False, MinimumReplicasUnavailable", "no more than spec.paused and its ready pods say"],
  ],
};

export const jobWords: WordTable = {
  field: "status.conditions",
  source: BATCH,
  words: [
    ["Complete=True", "ok"],
    ...all(
      [
        "BackoffLimitExceeded",
        "DeadlineExceeded",
        "PodFailurePolicy",
        "MaxFailedIndexesExceeded",
        "FailedIndexes",
      ].map((reason) => `Failed=True, ${reason}`),
      "warning, `JobFailed`",
    ),
    ["Failed=True with another reason", "warning, `JobFailed`"],
    ["Suspended=True, JobSuspended", "ok: somebody holds it back on purpose"],
    ["FailureTarget=True", "ok: Failed follows when its pods have ended"],
    ["SuccessCriteriaMet=True", "ok: Complete follows when its pods have ended"],
  ],
};
