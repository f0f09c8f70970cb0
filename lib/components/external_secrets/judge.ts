/** Judges ExternalSecrets and their stores. */
import {
  IN_PROGRESS,
  type Judgement,
  type KindCheck,
  type Presence,
  refText,
  type World,
} from "../../engine/model.ts";
import { causeIn, causeWords, secretEventWords } from "./causes.ts";
import { type ExternalSecret, externalSecrets, type SecretStore } from "./kinds.ts";
import {
  ageSeconds,
  ageText,
  conditionOf,
  goSeconds,
  isReady,
  judgeDeletion,
  notUnderstood,
  refOf,
} from "../common/mod.ts";
import { secrets } from "../kubernetes/mod.ts";
import { targetOf, targetPresence } from "./target.ts";
import { eventsSince } from "../workloads/mod.ts";
import { command } from "../../untrusted/shell.ts";

/** A new object is looked at within seconds. */
const FIRST_LOOK_SECONDS = 60;
/** So many refresh intervals without a refresh, and the operator has stopped. */
const MISSED_REFRESHES = 3;
const REFRESH_GRACE_SECONDS = 300;

/** Reasons that speak of the provider, or the way to it, and so of every ExternalSecret of a store. */
export const PROVIDER_FAULTS = [
  "ProviderUnreachable",
  "ProviderError",
  "Unauthorized",
  "RateLimited",
] as const;

/** Reasons that speak of a vault, and so of every ExternalSecret of a store that names it. */
export const VAULT_FAULTS = ["VaultNotFound", "VaultAmbiguous"] as const;

/** Reasons of an ExternalSecret that a broken store, or the connection to its provider, can explain. */
export const STORE_FAULTS = [
  IN_PROGRESS,
  "SecretSyncedError",
  "StoreNotReady",
  "StoreNotFound",
  ...PROVIDER_FAULTS,
  ...VAULT_FAULTS,
  "NotSynced",
] as const;

/** Reasons that speak of the item itself. */
export const ITEM_FAULTS = ["ItemNotFound", "ItemAmbiguous", "FieldNotFound", "FieldAmbiguous"] as const;

/** What an operator that does not run leaves behind. */
export const OPERATOR_FAULTS = [
  "NotSynced",
  "Stale",
  "SecretGone",
  "TargetGone",
  "NotValidated",
  "TerminatingStuck",
] as const;

/** What the operator says is wrong: its condition says little, its newest event more. Empty while it is Ready. */
export function failureText(kind: string, object: ExternalSecret | SecretStore, world: World): string {
  // The event of a fault that is over stays for an hour.
  if (isReady(object)) return "";
  const ready = conditionOf(object, "Ready");
  const told = eventsSince(world, kind, object, ready?.lastTransitionTime)[0]?.message;
  const said = ready?.message ?? "the operator gives no reason";
  return told && !said.includes(told) ? `${said}: ${told}` : said;
}

export const secretCheck: KindCheck<ExternalSecret> = {
  id: "external-secrets.synced",
  title: "external secrets",
  explain:
    "An ExternalSecret is Ready, the Secret or other object that it writes exists, and it was refreshed lately. One that " +
    "fails while its Secret still exists is a warning: the old value is served, until a pod wants a new one. One younger " +
    "than a minute may wait.",
  source: externalSecrets,
  also: [secrets],
  words: [causeWords, secretEventWords],
  component: () => "external-secrets",
  ref: (object) => refOf("ExternalSecret", object),
  judge: judgeExternalSecret,
};

/** undefined: it is synced, and its Secret is there and fresh. */
function judgeExternalSecret(object: ExternalSecret, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const describe = command`kubectl -n ${namespace} describe externalsecret ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  const ready = conditionOf(object, "Ready");
  const target = refText(targetOf(object));
  const there = targetPresence(object, world);
  const base: Base = {
    status: there === "absent" ? "critical" : "warning",
    observed: `Ready=${ready?.status ?? "absent"}, ${target} ${PRESENCE[there ?? "unread"]}`,
    expected: "Ready=True",
    evidence: "status.conditions[Ready], events",
    next: [describe],
  };
  const age = ageSeconds(world.now, object.metadata?.creationTimestamp) ?? 0;
  if (!ready || ready.status === "Unknown") {
    if (age < FIRST_LOOK_SECONDS) {
      return { ...base, status: "ok", reason: IN_PROGRESS, message: `was created ${ageText(age)} ago` };
    }
    const message = `has waited ${ageText(age)} for its operator to sync it`;
    return { ...base, reason: "NotSynced", message };
  }
  if (ready.status === "False") {
    const said = failureText("ExternalSecret", object, world);
    const reason = causeIn(said) ?? ready.reason ?? "NotReady";
    const effect = `${target} ${EFFECT[there ?? "unread"]}`;
    const sync = command`kubectl -n ${namespace} annotate externalsecret ${name} force-sync=now --overwrite`;
    return { ...base, reason, message: `cannot be synced, so ${effect}: ${said}`, next: [describe, sync] };
  }
  if (ready.status !== "True") return notUnderstood(`reports Ready=${ready.status}`, base);
  return judgeTarget(object, world, base) ?? judgeAge(object, world, base);
}

type Base = Pick<Judgement, "status" | "observed" | "expected" | "evidence" | "next">;

/** What is known of the object that it writes. */
const PRESENCE: Readonly<Record<Presence, string>> = {
  present: "exists",
  absent: "is absent",
  unread: "was not read",
};
const EFFECT: Readonly<Record<Presence, string>> = {
  present: "keeps its old value",
  absent: "does not exist",
  unread: "is not refreshed",
};

/** Ready=True is what it was when the operator last looked. A target of a kind that nobody lists is believed. */
function judgeTarget(object: ExternalSecret, world: World, base: Base): Judgement | undefined {
  const there = targetPresence(object, world);
  const { kind, name } = targetOf(object);
  if (there === "unread") {
    const message = `reports that it is synced, but its ${kind} ${name} could not be read`;
    return { ...base, status: "unknown", reason: "NotReadable", message, unread: world.kinds.get(kind)?.id };
  }
  if (there !== "absent" || object.spec?.target?.creationPolicy === "None") return undefined;
  const gone = kind === "Secret" ? "SecretGone" : "TargetGone";
  switch (conditionOf(object, "Ready")?.reason) {
    case "SecretDeleted":
    case "ResourceDeleted": {
      const message = `has removed its ${kind} ${name} because the provider no longer has the entry`;
      return { ...base, reason: "ItemNotFound", message };
    }
    case "SecretMissing":
    case "ResourceMissing": {
      const message = `merges what it reads into ${kind} ${name}, which does not exist`;
      return { ...base, reason: gone, message };
    }
    default: {
      const message = `reports that it is synced, but its ${kind} ${name} does not exist`;
      return { ...base, reason: gone, message };
    }
  }
}

function judgeAge(object: ExternalSecret, world: World, base: Base): Judgement | undefined {
  const interval = goSeconds(object.spec?.refreshInterval ?? "1h");
  const refreshed = ageSeconds(world.now, object.status?.refreshTime);
  const once = object.spec?.refreshPolicy === "CreatedOnce" || object.spec?.refreshPolicy === "OnChange";
  if (!interval || refreshed === undefined || once) return undefined;
  if (refreshed <= MISSED_REFRESHES * interval + REFRESH_GRACE_SECONDS) return undefined;
  return {
    ...base,
    status: "warning",
    reason: "Stale",
    message: `was last refreshed ${ageText(refreshed)} ago, though it should be every ${ageText(interval)}`,
    observed: `refreshed ${ageText(refreshed)} ago`,
    expected: `every ${ageText(interval)}`,
    evidence: "status.refreshTime",
  };
}

/** undefined: the operator could make a client and validate it. */
export function judgeStore(kind: string, object: SecretStore, world: World): Judgement | undefined {
  const { namespace, name } = object.metadata ?? {};
  const word = kind.toLowerCase();
  const describe = namespace
    ? command`kubectl -n ${namespace} describe ${word} ${name}`
    : command`kubectl describe ${word} ${name}`;
  const stuck = judgeDeletion(object, world, describe);
  if (stuck || object.metadata?.deletionTimestamp) return stuck;
  const ready = conditionOf(object, "Ready");
  if (ready?.status === "True") return undefined;
  const base = {
    status: "critical" as const,
    observed: `Ready=${ready?.status ?? "absent"}`,
    expected: "Ready=True",
    evidence: "status.conditions[Ready], events",
    next: [describe],
  };
  if (!ready) {
    const age = ageSeconds(world.now, object.metadata?.creationTimestamp) ?? 0;
    if (age < FIRST_LOOK_SECONDS) {
      return { ...base, status: "ok", reason: IN_PROGRESS, message: `was created ${ageText(age)} ago` };
    }
    const message = `has waited ${ageText(age)} for its operator to validate it`;
    return { ...base, reason: "NotValidated", message };
  }
  if (ready.status !== "False") return notUnderstood(`reports Ready=${ready.status}`, base);
  const message = `cannot be used: ${failureText(kind, object, world)}`;
  return { ...base, reason: ready.reason ?? "NotReady", message };
}
