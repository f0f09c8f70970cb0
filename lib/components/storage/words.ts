/**
 * Every phase, condition and event that Kubernetes and the sidecars of a CSI driver write of claims and volumes, and what
 * is said of each. Sources: the pages that the tables name.
 */
import type { WordTable } from "../../engine/model.ts";
import { durationText, THRESHOLDS } from "../../platform/mod.ts";

const KUBERNETES = "https://github.com/kubernetes/kubernetes/blob/master";
const CORE = `${KUBERNETES}/staging/src/k8s.io/api/core/v1/types.go`;

/** A change of a volume that takes longer than this is held by something. */
export const CHANGE_SECONDS = 900;

const bindTime = durationText(THRESHOLDS.volumeBind.seconds);
const changeTime = durationText(CHANGE_SECONDS);

/** What a condition of a claim means while it is True. */
export interface ClaimCondition {
  reason: string;
  /** Said behind the claim's name. */
  says: string;
  /** It is on its way, and a warning when it takes longer than `CHANGE_SECONDS`. */
  takesTime?: true;
  /** It goes on when a pod mounts the volume the next time. */
  waitsForMount?: true;
}

/** The conditions of a claim; those that are undefined say nothing of its health. */
export const CLAIM_CONDITIONS: ReadonlyMap<string, ClaimCondition | undefined> = new Map([
  ["ControllerResizeError", {
    reason: "ResizeFailed",
    says: "could not be made larger by its storage driver, so it keeps its old size",
  }],
  ["NodeResizeError", {
    reason: "ResizeFailed",
    says: "could not be made larger on its node, so its file system keeps its old size",
  }],
  ["ModifyVolumeError", {
    reason: "ModifyFailed",
    says: "could not be given its VolumeAttributesClass, so it keeps what it had",
  }],
  ["Resizing", { reason: "ResizeStuck", says: "is still being made larger", takesTime: true }],
  ["FileSystemResizePending", {
    reason: "ResizePending",
    says: "is larger, but its file system is not; a new start of its pod makes it so",
    takesTime: true,
    waitsForMount: true,
  }],
  ["ModifyingVolume", {
    reason: "ModifyStuck",
    says: "is still being given its VolumeAttributesClass",
    takesTime: true,
  }],
  ["Unused", undefined],
]);

function verdictOf(known: ClaimCondition | undefined): string {
  if (!known) return "ok: it tells whether a pod uses it";
  if (!known.takesTime) return `warning, \`${known.reason}\``;
  const late = `in progress for up to ${changeTime}, then warning, \`${known.reason}\``;
  return known.waitsForMount ? `${late}; ok while no pod mounts it` : late;
}

const PENDING =
  `ok for up to ${bindTime}, and while its class waits for a first consumer that it has not, then critical, \`Pending\``;

export const claimWords: readonly WordTable[] = [
  {
    field: "status.phase",
    source: CORE,
    words: [
      ["Bound", "ok, if its conditions do not speak against it"],
      ["Pending", PENDING],
      ["Lost", "critical, `Lost`"],
    ],
  },
  {
    field: "status.conditions",
    source: CORE,
    words: [...CLAIM_CONDITIONS].flatMap(([type, known]) => [
      [`${type}=True`, verdictOf(known)],
      [`${type}=False`, "ok, if nothing else speaks against it"],
      [`${type}=Unknown`, known ? "unknown, `NotUnderstood`" : verdictOf(known)],
    ]),
  },
  {
    field: "reason of its newest event",
    source: `${KUBERNETES}/pkg/controller/volume/events/event.go`,
    words: ["ProvisioningFailed", "FailedBinding"].map((word) => [word, PENDING] as const),
  },
];

export const volumeWords: WordTable = {
  field: "status.phase",
  source: CORE,
  words: [
    ["Available", "ok: a claim that names it may still be bound to it"],
    ["Bound", "ok"],
    ["Released", "ok: its claim is gone, and its reclaim policy keeps it"],
    ["Failed", "warning, `ReclaimFailed`"],
    ["Pending", `ok for up to ${bindTime}, then warning, \`Pending\``],
  ],
};
