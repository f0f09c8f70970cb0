/** Judges PersistentVolumeClaims by their phase, and bound ones by what their conditions say of a change of the volume. */
import { IN_PROGRESS, type Judgement, type KindCheck, type World } from "../../engine/model.ts";
import { durationText } from "../../platform/mod.ts";
import {
  ageSeconds,
  ageText,
  type Condition,
  conditionOf,
  notUnderstood,
  perWorld,
  refOf,
} from "../common/mod.ts";
import {
  type Claim,
  persistentVolumeClaims,
  type Pod,
  pods,
  storageClasses,
  threshold,
} from "../kubernetes/mod.ts";
import { eventsOf } from "../workloads/mod.ts";
import { whyUnbound } from "./unbound.ts";
import { CHANGE_SECONDS, CLAIM_CONDITIONS, claimWords } from "./words.ts";
import { command } from "../../untrusted/shell.ts";

const podsByClaim = perWorld((world) => {
  const index = new Map<string, Pod[]>();
  for (const pod of world.list(pods)) {
    for (const volume of pod.spec?.volumes ?? []) {
      const name = volume.persistentVolumeClaim?.claimName;
      if (!name) continue;
      const key = `${pod.metadata?.namespace}/${name}`;
      const known = index.get(key);
      if (known) known.push(pod);
      else index.set(key, [pod]);
    }
  }
  return index;
});

/** The pods that mount a claim. */
export function usersOf({ metadata }: Claim, world: World): readonly Pod[] {
  return podsByClaim(world).get(`${metadata?.namespace}/${metadata?.name}`) ?? [];
}

/** A claim that waits for its first consumer waits on while no pod uses it, or no node takes those that do. */
function waitsForConsumer(claim: Claim, world: World): boolean {
  return usersOf(claim, world).every((pod) => {
    const scheduled = conditionOf(pod, "PodScheduled");
    return scheduled?.status === "False" && !/volume|persistentvolumeclaim/i.test(scheduled.message ?? "");
  });
}

export const claimCheck: KindCheck<Claim> = {
  id: "persistentvolumeclaims.bound",
  title: "volume claims",
  explain:
    "A claim that a pod uses is bound within a minute. A claim of a class that waits for its first consumer, and " +
    "that no pod uses, is healthy. A lost claim has lost its volume. A bound one whose volume could not be resized or " +
    "modified is a warning: it serves as it was.",
  source: persistentVolumeClaims,
  also: [pods],
  words: claimWords,
  component: () => "storage",
  ref: (claim) => refOf("PersistentVolumeClaim", claim),
  judge: judgeClaim,
};

function judgeClaim(claim: Claim, world: World): Judgement | undefined {
  const { namespace, name } = claim.metadata ?? {};
  const phase = claim.status?.phase ?? "Pending";
  const base = {
    observed: phase,
    expected: "Bound",
    evidence: "status.phase",
    next: [command`kubectl -n ${namespace} describe pvc ${name}`],
  };
  if (phase === "Bound") return judgeConditions(claim, world, base.next);
  if (phase === "Lost") {
    const message = `has lost its volume ${claim.spec?.volumeName ?? ""}`.trim();
    return { ...base, status: "critical", reason: "Lost", message };
  }
  if (phase !== "Pending") return notUnderstood(`is in phase ${phase}`, base);
  const age = ageSeconds(world.now, claim.metadata?.creationTimestamp) ?? 0;
  const storageClass = world.get(storageClasses, undefined, claim.spec?.storageClassName ?? "");
  const lazy = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  if (lazy && waitsForConsumer(claim, world)) return undefined;
  if (age < threshold(world, "volumeBind")) return undefined;
  const told = eventsOf(world, "PersistentVolumeClaim", claim)[0];
  const why = whyUnbound(claim, world) ?? told?.message ??
    `no provisioner has answered for StorageClass ${claim.spec?.storageClassName ?? "(default)"}`;
  return {
    ...base,
    status: "critical",
    reason: "Pending",
    message: `is not bound after ${ageText(age)}: ${why}`,
  };
}

const RANK = ["unknown", "warning", "ok"];

/** The worst that a condition of a bound claim says. */
function judgeConditions(claim: Claim, world: World, next: Judgement["next"]): Judgement | undefined {
  const said = (claim.status?.conditions ?? []).flatMap((one) =>
    judgeCondition(one, claim, world, next) ?? []
  );
  return said.toSorted((a, b) => RANK.indexOf(a.status) - RANK.indexOf(b.status))[0];
}

function judgeCondition(
  condition: Condition,
  claim: Claim,
  world: World,
  next: Judgement["next"],
): Judgement | undefined {
  const { type = "", status, lastTransitionTime } = condition;
  if (status === "False") return undefined;
  const base = {
    observed: `${type}=${status}`,
    expected: `${type}=False`,
    evidence: `status.conditions[${type}]`,
    next,
  };
  const known = CLAIM_CONDITIONS.get(type);
  if (CLAIM_CONDITIONS.has(type) && !known && status && ["True", "Unknown"].includes(status)) {
    return undefined;
  }
  if (!known || status !== "True") return notUnderstood(`reports ${type}=${status}`, base);
  const why = condition.message ?? condition.reason;
  const said = why ? `: ${why}` : "";
  if (!known.takesTime) {
    return { ...base, status: "warning", reason: known.reason, message: known.says + said };
  }
  if (known.waitsForMount && usersOf(claim, world).length === 0) return undefined;
  const age = ageSeconds(world.now, lastTransitionTime) ?? 0;
  if (age < CHANGE_SECONDS) {
    return { ...base, status: "ok", reason: IN_PROGRESS, message: "has a change of its volume in progress" };
  }
  return {
    ...base,
    expected: `done within ${durationText(CHANGE_SECONDS)}`,
    status: "warning",
    reason: known.reason,
    message: `${known.says}, after ${ageText(age)}${said}`,
  };
}
