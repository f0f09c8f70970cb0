/**
 * Every word that Argo CD writes into the status of an Application or an ApplicationSet, and what is said of it. Sources:
 * https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go
 * https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/health/health.go
 */
import type { WordTable } from "../../engine/model.ts";

const TYPES = "https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1";

/** What is waited for, before it counts as stuck: Argo CD itself sets no limit. */
export const PROGRESS_SECONDS = 900;
export const SYNC_SECONDS = 3600;

/** Conditions under which Argo CD applies nothing new, and the reason that is told of each. */
export const NOTHING_APPLIED: ReadonlyMap<string, string> = new Map([
  ["InvalidSpecError", "InvalidSpec"],
  ["ComparisonError", "ComparisonFailed"],
  ["SyncError", "SyncFailed"],
  ["UnknownError", "ControllerError"],
]);

/** Conditions that hold back no change; they are told when nothing else is wrong. */
export const REMARKS: ReadonlyMap<string, { reason: string; says: string } | undefined> = new Map([
  ["DeletionError", { reason: "DeletionFailed", says: "could not be deleted, so what it made stays" }],
  ["SharedResourceWarning", {
    reason: "SharedResource",
    says: "shares an object with another Application, so each undoes what the other applies",
  }],
  ["RepeatedResourceWarning", {
    reason: "RepeatedResource",
    says: "holds an object more than once, so only one of its definitions is applied",
  }],
  ["ExcludedResourceWarning", {
    reason: "ExcludedResource",
    says: "holds an object that Argo CD is configured to leave out, so it is never applied",
  }],
  ["OrphanedResourceWarning", undefined],
]);

export const HEALTH = ["Healthy", "Suspended", "Progressing", "Degraded", "Missing", "Unknown"] as const;
export const SYNC = ["Synced", "OutOfSync", "Unknown"] as const;
export const PHASES = ["Running", "Terminating", "Succeeded", "Failed", "Error"] as const;

const HARM = "warning, critical while something that it holds is absent";

export const applicationWords: readonly WordTable[] = [
  {
    field: "status.health.status",
    source: "https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/health/health.go",
    words: [
      ["Healthy", "ok, if nothing else speaks against it"],
      ["Suspended", "ok, if nothing else speaks against it: something of it is paused on purpose"],
      ["Progressing", `in progress for up to ${PROGRESS_SECONDS} s, then warning, \`ProgressingTooLong\``],
      ["Degraded", "warning, critical if something that it holds fails, `Degraded`"],
      ["Missing", "warning, critical if something waits for what is absent, `NotApplied`"],
      ["Unknown", "unknown, `HealthUnknown`: Argo CD could not look"],
    ],
  },
  {
    field: "status.sync.status",
    source: `${TYPES}/types.go`,
    words: [
      ["Synced", "ok, if nothing else speaks against it"],
      ["OutOfSync", "ok, `OutOfSync`: what runs is not what is in Git, which breaks nothing by itself"],
      ["Unknown", "unknown, `SyncUnknown`: Argo CD could not compare"],
    ],
  },
  {
    field: "status.operationState.phase",
    source: "https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/common/types.go",
    words: [
      ["Running", `in progress for up to ${SYNC_SECONDS} s, then warning, \`SyncStuck\``],
      ["Terminating", `in progress for up to ${SYNC_SECONDS} s, then warning, \`SyncStuck\``],
      ["Succeeded", "ok, if nothing else speaks against it"],
      ["Failed", `${HARM}, \`SyncFailed\``],
      ["Error", `${HARM}, \`SyncFailed\``],
    ],
  },
  {
    field: "status.conditions",
    source: `${TYPES}/types.go`,
    words: [
      ...[...NOTHING_APPLIED].map(([word, reason]) => [word, `${HARM}, \`${reason}\``] as const),
      ...[...REMARKS].map(([word, remark]) =>
        [
          word,
          remark ? `warning, \`${remark.reason}\`` : "ok: objects that nobody keeps harm nobody",
        ] as const
      ),
    ],
  },
];

/** Conditions of an ApplicationSet that are told when they are True. */
export const SET_FAILED: ReadonlyMap<string, string> = new Map([
  ["ErrorOccurred", "GenerationFailed"],
  ["InvalidRolloutConfig", "InvalidRollout"],
]);
/** Those that say the same the other way round, or how far it is. */
export const SET_REPEATED = new Set(["ParametersGenerated", "ResourcesUpToDate", "RolloutProgressing"]);

export const applicationSetWords: WordTable = {
  field: "status.conditions",
  source: `${TYPES}/applicationset_types.go`,
  words: [
    ...[...SET_FAILED].map(([word, reason]) => [`${word}=True`, `warning, \`${reason}\``] as const),
    ...[...SET_REPEATED].map((word) => [word, "no more than ErrorOccurred says"] as const),
  ],
};
