/**
 * Every phase that CloudNativePG writes, and what it means. Source, which is also where older wordings were found:
 * https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go
 */
import type { WordTable } from "../../engine/model.ts";

export const HEALTHY = "Cluster in healthy state";
export const FIRST = "Setting up primary";
export const FAILING_OVER = "Failing over";
export const WAITING_FOR_USER = "Waiting for user action";

/** A first primary is set up, and a replica joins, within this time. */
export const SETUP_SECONDS = 300;
const CHANGE_SECONDS = 900;
/** The operator upgrades its clusters one after the other, and this one waits for its turn. */
const TURN_SECONDS = 3600;

/** `failed`: it does not end by itself. Else how long it may last, in seconds. */
export type Phase = { failed: string } | { seconds: number };

export const PHASES: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  [HEALTHY, { seconds: 0 }],
  [FIRST, { seconds: SETUP_SECONDS }],
  ["Creating a new replica", { seconds: SETUP_SECONDS }],
  ["Waiting for the instances to become active", { seconds: 60 }],
  [FAILING_OVER, { seconds: 60 }],
  [WAITING_FOR_USER, { seconds: 60 }],
  ["Switchover in progress", { seconds: CHANGE_SECONDS }],
  ["Upgrading cluster", { seconds: CHANGE_SECONDS }],
  ["Upgrading Postgres major version", { seconds: TURN_SECONDS }],
  ["Cluster upgrade delayed", { seconds: TURN_SECONDS }],
  ["Online upgrade in progress", { seconds: CHANGE_SECONDS }],
  ["Restarting for Online Upgrade", { seconds: CHANGE_SECONDS }],
  ["Applying configuration", { seconds: CHANGE_SECONDS }],
  ["Primary instance is being restarted in-place", { seconds: CHANGE_SECONDS }],
  ["Primary instance is being restarted without a switchover", { seconds: CHANGE_SECONDS }],
  ["Promoting to primary cluster", { seconds: CHANGE_SECONDS }],
  ["Cluster is unrecoverable and needs manual intervention", { failed: "Unrecoverable" }],
  ["Cluster is in an unrecoverable state, needs manual intervention", { failed: "Unrecoverable" }],
  ["Unable to create required cluster objects", { failed: "CannotCreateObjects" }],
  ["Invalid cluster definition", { failed: "InvalidDefinition" }],
  ["Cluster upgrade failed", { failed: "UpgradeFailed" }],
  ["Unknown plugin", { failed: "UnknownPlugin" }],
  [
    "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
    { failed: "UnknownPlugin" },
  ],
  [
    "Cluster cannot proceed to reconciliation due to an error while interacting with plugins",
    { failed: "PluginFailed" },
  ],
  ["Cluster has incomplete or invalid image catalog", { failed: "ImageCatalogError" }],
  [
    "Cluster cannot execute instance online upgrade due to missing architecture binary",
    { failed: "ArchitectureBinaryMissing" },
  ],
  ["Not enough disk space", { failed: "NotEnoughDiskSpace" }],
  ["Instance Status Extraction Error: HTTP communication issue", { failed: "InstancesUnreachable" }],
]);

/** How long a phase may last, in seconds; 0 for one that is not known. */
export function patience(phase: string): number {
  const known = PHASES.get(phase);
  return known && "seconds" in known ? known.seconds : 0;
}

function verdictOn(phase: string, meaning: Phase): string {
  if ("failed" in meaning) return `critical, \`${meaning.failed}\``;
  if (phase === HEALTHY) return "ok";
  if (phase === WAITING_FOR_USER) return "warning, `WaitingForUser`";
  return `in progress for up to ${meaning.seconds} s`;
}

export const phaseWords: WordTable = {
  field: "status.phase",
  source: "https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go",
  words: [...PHASES].map(([phase, meaning]) => [phase, verdictOn(phase, meaning)]),
};
