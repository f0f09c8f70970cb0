/**
 * Every condition that CloudNativePG writes, and what is said of it. Source:
 * https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go
 */
import type { Judgement, WordTable, World } from "../../engine/model.ts";
import { ageSeconds, ageText, type Condition, conditionOf, notUnderstood } from "../common/mod.ts";
import type { Cluster } from "./kinds.ts";
import { command } from "../../untrusted/shell.ts";

const ARCHIVING = "ContinuousArchiving";
const BACKUP = "LastBackupSucceeded";
const SYSTEM_ID = "ConsistentSystemID";
const TOPOLOGY = "SyncReplicationTopologySatisfied";
/** What they say the phase says, too. */
const REPEATED = ["Ready", "Initialized"];
const KNOWN = new Set([ARCHIVING, BACKUP, SYSTEM_ID, TOPOLOGY, ...REPEATED]);

/** A backup that was begun so long ago has died without saying so. */
const BACKUP_SECONDS = 86_400;

/** What the conditions say of a cluster whose instances are all right. */
export function judgeConditions(object: Cluster, world: World): Judgement | undefined {
  return judgeSystemId(object) ?? judgeBackups(object, world) ?? judgeTopology(object) ??
    judgeOthers(object);
}

/** Without archived WAL and a backup a database can be recovered to no moment. */
export function judgeBackups(object: Cluster, world: World): Judgement | undefined {
  const archiving = conditionOf(object, ARCHIVING);
  const backup = conditionOf(object, BACKUP);
  const unarchived = archiving?.status === "False";
  const failed = backup?.status === "False" && !isRunning(backup, world);
  if (!unarchived && !failed) return undefined;
  const { namespace, name } = object.metadata ?? {};
  const said = [unarchived ? archiving : undefined, failed ? backup : undefined]
    .flatMap((one) => one ?? []);
  return {
    status: "warning",
    reason: unarchived ? "ArchivingFailed" : "BackupFailed",
    message: `${unarchived ? unarchivedText(archiving, failed, world) : backupText(backup, world)}: ${
      said.map(saying).join("; ")
    }`,
    observed: said.map(({ type, status }) => `${type}=${status}`).join(", "),
    expected: said.map(({ type }) => `${type}=True`).join(", "),
    evidence: said.map(({ type }) => `status.conditions[${type}]`).join(", "),
    next: [
      command`kubectl -n ${namespace} describe clusters.postgresql.cnpg.io ${name}`,
      command`kubectl -n ${namespace} get backups.postgresql.cnpg.io`,
      command`kubectl -n ${namespace} logs ${
        object.status?.currentPrimary ?? `${name}-1`
      } -c postgres --tail=50`,
    ],
  };
}

/** One that has just begun says False, too. */
function isRunning({ reason, lastTransitionTime }: Condition, world: World): boolean {
  return reason === "BackupStarted" && (ageSeconds(world.now, lastTransitionTime) ?? 0) < BACKUP_SECONDS;
}

function saying({ message, reason }: Condition): string {
  return message || reason || "the operator gives no reason";
}

function unarchivedText(archiving: Condition, failed: boolean, world: World): string {
  const age = ageSeconds(world.now, archiving.lastTransitionTime);
  const since = age === undefined ? "" : ` for ${ageText(age)}`;
  const from = archiving.lastTransitionTime ? ` after ${archiving.lastTransitionTime}` : "";
  return `has not archived its WAL${since}${failed ? ", and its last backup failed" : ""}, ` +
    `so there is no recovery point${from}`;
}

function backupText(backup: Condition | undefined, world: World): string {
  const age = ageSeconds(world.now, backup?.lastTransitionTime);
  const ago = age === undefined ? "" : ` ${ageText(age)} ago`;
  return backup?.reason === "BackupStarted"
    ? `has not finished the backup that it began${ago}`
    : `could not make its last backup${ago}`;
}

/** Instances of different databases can't replicate each other. */
function judgeSystemId(object: Cluster): Judgement | undefined {
  const found = conditionOf(object, SYSTEM_ID);
  if (found?.status !== "False") return undefined;
  const mismatch = found.reason === "Mismatch";
  return {
    ...read(found, object),
    status: mismatch ? "critical" : "warning",
    reason: mismatch ? "SystemIDMismatch" : "SystemIDUnknown",
    message: mismatch
      ? `has instances of different databases: ${saying(found)}`
      : `has no instance that reported which database it holds: ${saying(found)}`,
  };
}

function judgeTopology(object: Cluster): Judgement | undefined {
  const found = conditionOf(object, TOPOLOGY);
  if (found?.status !== "False") return undefined;
  const message = `has no synchronous replica in another failure domain: ${saying(found)}`;
  return { ...read(found, object), status: "warning", reason: "TopologyNotSatisfied", message };
}

/** A condition that is not known and not True, or one that is known with a status that is not. */
function judgeOthers(object: Cluster): Judgement | undefined {
  const odd = object.status?.conditions?.find(({ type = "", status }) =>
    status !== "True" && !(status === "False" && KNOWN.has(type))
  );
  if (!odd) return undefined;
  const base = read(odd, object);
  return notUnderstood(
    `reports the condition ${odd.type}=${odd.status} (${saying(odd)})`,
    base,
  );
}

function read({ type, status }: Condition, { metadata = {} }: Cluster) {
  return {
    observed: `${type}=${status}`,
    expected: `${type}=True`,
    evidence: `status.conditions[${type}]`,
    next: [command`kubectl -n ${metadata.namespace} describe clusters.postgresql.cnpg.io ${metadata.name}`],
  };
}

export const conditionWords: WordTable = {
  field: "status.conditions",
  source: "https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go",
  words: [
    [`${ARCHIVING}=False`, "warning, `ArchivingFailed`"],
    [`${BACKUP}=False`, "warning, `BackupFailed`"],
    [`${BACKUP}=False, BackupStarted`, `in progress for up to ${BACKUP_SECONDS} s`],
    [`${SYSTEM_ID}=False, Mismatch`, "critical, `SystemIDMismatch`"],
    [`${SYSTEM_ID}=False, NotFound`, "warning, `SystemIDUnknown`"],
    [`${TOPOLOGY}=False`, "warning, `TopologyNotSatisfied`"],
    ...REPEATED.map((type) => [`${type}=False`, "no more than the phase says"] as const),
  ],
};
