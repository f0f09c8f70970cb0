/** Judges ResourceQuotas by what they reject, and by what is missing where they are full. */
import {
  type Edge,
  isAbsent,
  type Judgement,
  type KindCheck,
  type Maker,
  type ObjectRef,
  refText,
  type World,
} from "../../../engine/model.ts";
import { listed } from "../../../engine/sentence.ts";
import { parseQuantity } from "../../../scheduling/mod.ts";
import { perWorld, refOf } from "../../common/mod.ts";
import {
  daemonSets,
  deployments,
  events,
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  placeOf,
  podsIn,
  resourceQuotas,
  services,
  statefulSets,
} from "../../kubernetes/mod.ts";
import { own } from "../../../untrusted/lookup.ts";
import { command } from "../../../untrusted/shell.ts";
import { servicesMissing } from "./addresses.ts";
import { jobCheck } from "../jobs.ts";
import { creationError } from "../readiness.ts";

type Quota = NonNullable<ReturnType<typeof resourceQuotas.read>>;

const MAKERS = [["Deployment", deployments], ["StatefulSet", statefulSets], [
  "DaemonSet",
  daemonSets,
]] as const;

/** Why pods are rejected now, by namespace: an event alone may tell of what is over. */
const creationErrorsIn = perWorld((world) => {
  const found: [namespace: string, message: string][] = [];
  for (const [kind, source] of MAKERS) {
    for (const object of world.list(source)) {
      const said = creationError(kind, object, world);
      if (said) found.push([object.metadata?.namespace ?? "", said]);
    }
  }
  for (const job of world.list(jobs)) {
    const judged = world.judge(jobCheck, job);
    if (judged?.reason === "FailedCreate") found.push([job.metadata?.namespace ?? "", judged.message]);
  }
  const byNamespace = Map.groupBy(found, ([namespace]) => namespace);
  return new Map([...byNamespace].map(([namespace, all]) => [namespace, all.map(([, message]) => message)]));
});

export const quotaCheck: KindCheck<Quota> = {
  id: "resourcequotas.room",
  title: "resource quotas",
  explain:
    "A quota is at fault when it rejects the pods of a workload that still waits for them, and, likely, when it is full and " +
    "what it counts is missing: a Service or a volume claim that something here needs.",
  source: resourceQuotas,
  also: [events, deployments, statefulSets, daemonSets, jobs],
  okNeeds: [services, persistentVolumeClaims, persistentVolumes],
  component: placeOf,
  ref: (quota) => refOf("ResourceQuota", quota),
  judge(quota, world) {
    const { namespace, name } = quota.metadata ?? {};
    const refused = creationErrorsIn(world).get(namespace ?? "")?.find((message) =>
      message.includes(`exceeded quota: ${name},`)
    );
    if (!refused) return withoutRoom(quota, world);
    const asked = Object.entries(quota.status?.hard ?? {}).filter(([key]) => refused.includes(`${key}=`));
    return {
      status: "critical",
      reason: "QuotaExceeded",
      message: `rejects new pods: ${refused}`,
      observed:
        asked.map(([key, hard]) => `${key}: ${own(quota.status?.used, key)} used, ${hard} allowed`).join(
          ", ",
        ) ||
        "exceeded",
      expected: "room for the pods that are asked for",
      evidence: "events FailedCreate",
      next: [command`kubectl -n ${namespace} describe resourcequota ${name}`],
    };
  },
};

const makersIn = perWorld((world) =>
  Map.groupBy(
    [
      ...MAKERS.flatMap(([kind, source]) => world.list(source).map((object) => refOf(kind, object))),
      ...world.list(jobs).map((object) => refOf("Job", object)),
    ],
    ({ namespace }) => namespace ?? "",
  )
);

/** A quota that has no room left for an object that is needed and does not exist: nobody tries again to create it. */
function withoutRoom(quota: Quota, world: World): Judgement | undefined {
  const { namespace = "", name } = quota.metadata ?? {};
  const missing = missingIn(world).get(namespace) ?? [];
  const [full] = missing.flatMap(({ object, by }) => {
    const key = noRoomFor(object, quota, world);
    return key ? [{ object, by, key }] : [];
  });
  if (!full) return undefined;
  const { object, by, key } = full;
  const [used, hard] = [own(quota.status?.used, key), own(quota.status?.hard, key)];
  return {
    status: "critical",
    reason: "QuotaExceeded",
    message: `is a quota that likely leaves no room for ${refText(object)}, which does not exist and ${
      listed(by.map(refText))
    } needs: of ${key}, ${used} of ${hard} are used`,
    observed: `${key}: ${used} used, ${hard} allowed`,
    expected: "room for the objects that are needed",
    evidence: "status.used and status.hard",
    next: [command`kubectl -n ${namespace} describe resourcequota ${name}`],
  };
}

/** What is needed in a namespace, counted by quotas, and does not exist. */
const missingIn = perWorld((world): ReadonlyMap<string, { object: ObjectRef; by: ObjectRef[] }[]> => {
  const found = [...servicesMissing(world).values()];
  for (const { metadata } of world.list(resourceQuotas)) {
    for (const pod of podsIn(world, metadata?.namespace ?? "")) {
      for (const { persistentVolumeClaim } of pod.spec?.volumes ?? []) {
        const name = persistentVolumeClaim?.claimName;
        const object = { kind: "PersistentVolumeClaim", namespace: metadata?.namespace, name: name ?? "" };
        if (name && isAbsent(world, object)) found.push({ object, by: [refOf("Pod", pod)] });
      }
    }
  }
  return Map.groupBy(found, ({ object }) => object.namespace ?? "");
});

const COUNTED: Readonly<Record<string, readonly string[]>> = {
  Service: ["services", "count/services"],
  PersistentVolumeClaim: ["persistentvolumeclaims", "count/persistentvolumeclaims", "requests.storage"],
};

/** Of a limit on an amount nobody knows how much was asked for; with this share of it used, it likely was more than is left. */
const NEARLY_FULL = 0.8;

/** Which limit of the quota leaves no room for an object. */
function noRoomFor({ kind }: ObjectRef, quota: Quota, world: World): string | undefined {
  return own(COUNTED, kind)?.find((key) => {
    const hard = parseQuantity(own(quota.status?.hard, key));
    const used = parseQuantity(own(quota.status?.used, key));
    if (hard === undefined || used === undefined) return false;
    if (key !== "requests.storage") return used >= hard;
    return used >= hard * NEARLY_FULL || hard - used < smallestFree(world);
  });
}

/** The smallest volume that waits for a claim: a claim for it asks for about as much. */
function smallestFree(world: World): number {
  const free = world.list(persistentVolumes).filter(({ status }) => status?.phase === "Available");
  const sizes = free.flatMap(({ spec }) => parseQuantity(spec?.capacity?.storage) ?? []);
  return sizes.length > 0 ? Math.min(...sizes) : 0;
}

/** What a full quota counts was likely not let in. */
export function quotaMakers(ref: ObjectRef, world: World): Maker[] {
  if (!own(COUNTED, ref.kind)) return [];
  return world.list(resourceQuotas).flatMap((quota): Maker[] => {
    const to = refOf("ResourceQuota", quota);
    if (to.namespace !== ref.namespace || !noRoomFor(ref, quota, world)) return [];
    return [{ to, via: "quota", because: ["QuotaExceeded"], inferred: true }];
  });
}

/** Whatever makes pods needs the quotas of its namespace to let them in. */
export function quotaEdges(world: World): Edge[] {
  return world.list(resourceQuotas).flatMap((quota) => {
    const to = refOf("ResourceQuota", quota);
    return (makersIn(world).get(to.namespace ?? "") ?? []).map((from): Edge => ({
      from,
      to,
      via: "quota",
      explains: ["FailedCreate"],
    }));
  });
}
