/** Volumes: claims, the classes they ask, and who provisions them. */
import {
  type Component,
  type Edge,
  isAbsent,
  type ObjectRef,
  refText,
  type World,
} from "../../engine/model.ts";
import { listed } from "../../engine/sentence.ts";
import { refOf } from "../common/mod.ts";
import { persistentVolumeClaims, persistentVolumes, storageClasses } from "../kubernetes/mod.ts";
import { claimCheck, usersOf } from "./claims.ts";
import { volumeCheck } from "./volumes.ts";
import { own } from "../../untrusted/lookup.ts";

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
  const free = world.list(persistentVolumeClaims).filter((claim) =>
    claim.metadata?.namespace === ref.namespace && usersOf(claim, world).length === 0
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
  kinds: [claimCheck, volumeCheck],
  checks: [],
  edges: storageEdges,
  instead,
};
