/** Volumes: claims, the classes they ask, and who provisions them. */
import {
  type Component,
  type Edge,
  isAbsent,
  type KindCheck,
  type ObjectRef,
  refText,
  type WordTable,
  type World,
} from "../../engine/model.ts";
import { durationText, THRESHOLDS } from "../../platform/mod.ts";
import { listed } from "../../engine/sentence.ts";
import { ageSeconds, ageText, conditionOf, notUnderstood, perWorld, refOf } from "../common/mod.ts";
import {
  type Claim,
  persistentVolumeClaims,
  persistentVolumes,
  type Pod,
  pods,
  storageClasses,
  threshold,
} from "../kubernetes/mod.ts";
import { eventsOf } from "../workloads/mod.ts";
import { whyUnbound } from "./volumes.ts";
import { own } from "../../untrusted/lookup.ts";
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

/** A claim that waits for its first consumer waits on while no pod uses it, or no node takes those that do. */
function waitsForConsumer(claim: Claim, world: World): boolean {
  const users = podsByClaim(world).get(`${claim.metadata?.namespace}/${claim.metadata?.name}`) ?? [];
  return users.every((pod) => {
    const scheduled = conditionOf(pod, "PodScheduled");
    return scheduled?.status === "False" && !/volume|persistentvolumeclaim/i.test(scheduled.message ?? "");
  });
}

const bindTime = durationText(THRESHOLDS.volumeBind.seconds);

const phaseWords: WordTable = {
  field: "status.phase",
  source: "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/api/core/v1/types.go",
  words: [
    ["Bound", "ok"],
    [
      "Pending",
      `ok for up to ${bindTime}, and while its class waits for a first consumer that it has not, then critical, \`Pending\``,
    ],
    ["Lost", "critical, `Lost`"],
  ],
};

const claimCheck: KindCheck<Claim> = {
  id: "persistentvolumeclaims.bound",
  title: "volume claims",
  explain:
    "A claim that a pod uses is bound within a minute. A claim of a class that waits for its first consumer, and " +
    "that no pod uses, is healthy. A lost claim has lost its volume.",
  source: persistentVolumeClaims,
  also: [pods],
  words: [phaseWords],
  component: () => "storage",
  ref: (claim) => refOf("PersistentVolumeClaim", claim),
  judge(claim, world) {
    const { namespace, name } = claim.metadata ?? {};
    const phase = claim.status?.phase ?? "Pending";
    const base = {
      observed: phase,
      expected: "Bound",
      evidence: "status.phase",
      next: [command`kubectl -n ${namespace} describe pvc ${name}`],
    };
    if (phase === "Bound") return undefined;
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
  },
};

function storageEdges(world: World): Edge[] {
  return world.list(persistentVolumeClaims).flatMap((claim) => {
    const from = refOf("PersistentVolumeClaim", claim);
    const edges: Edge[] = [];
    const name = claim.spec?.storageClassName;
    // A bound claim does not need its class any more, and a class may have been only a label of static volumes.
    const waits = claim.status?.phase !== "Bound";
    if (name && waits) {
      edges.push({
        from,
        to: { kind: "StorageClass", name },
        via: "storageClassName",
        explains: ["Pending"],
      });
    }
    const volume = claim.spec?.volumeName;
    if (volume) {
      edges.push({
        from,
        to: { kind: "PersistentVolume", name: volume },
        via: "volumeName",
        explains: ["Lost", "Pending"],
      });
    }
    return edges;
  });
}

/** So many classes are named in place of one. */
const MOST_CLASSES = 3;

/** The only one of its nature: the default class, or the only one; the only claim of a namespace that no pod mounts. */
function instead(ref: ObjectRef, world: World): string[] {
  if (!isAbsent(world, ref)) return [];
  if (ref.kind === "StorageClass") {
    const all = world.list(storageClasses);
    const isDefault = "storageclass.kubernetes.io/is-default-class";
    const chosen = all.filter(({ metadata }) => own(metadata?.annotations, isDefault) === "true");
    const [one] = chosen.length === 1 ? chosen : [];
    if (one) return [`the default class is ${refText(refOf("StorageClass", one))}`];
    const names = all.map(({ metadata }) => metadata?.name ?? "").toSorted();
    if (names.length === 0 || names.length > MOST_CLASSES) return [];
    return names.length > 1
      ? [`StorageClasses ${listed(names)} exist`]
      : [`the only class is StorageClass ${names[0]}`];
  }
  if (ref.kind !== "PersistentVolumeClaim") return [];
  const free = world.list(persistentVolumeClaims).filter(({ metadata }) =>
    metadata?.namespace === ref.namespace &&
    !podsByClaim(world).has(`${metadata?.namespace}/${metadata?.name}`)
  );
  const [only] = free.length === 1 ? free : [];
  return only ? [`${refText(refOf("PersistentVolumeClaim", only))} exists, and no pod mounts it`] : [];
}

export const storage: Component = {
  name: "storage",
  title: "Volumes and storage classes",
  dependsOn: ["nodes", "kubernetes"],
  sources: [persistentVolumeClaims, persistentVolumes, storageClasses],
  namespaces: () => [],
  kinds: [claimCheck],
  checks: [],
  edges: storageEdges,
  instead,
};
