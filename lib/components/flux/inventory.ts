/** What a Kustomization has applied, as objects, and which of those are gone. */
import { isAbsent, type ListSource, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { perWorld, refOf } from "../common/mod.ts";
import { type FluxObject, type HelmRelease, kustomizations } from "./kinds.ts";
import { deployments, statefulSets } from "../kubernetes/mod.ts";

/** Reads `namespace_name_group_Kind`. */
export function parseInventoryId(id: string): ObjectRef | undefined {
  const parts = id.split("_");
  const kind = parts.at(-1);
  const name = parts.slice(1, -2).join("_");
  if (parts.length < 4 || !kind || !name) return undefined;
  return parts[0] ? { kind, namespace: parts[0], name } : { kind, name };
}

/** The listed objects that a Kustomization has applied. */
export function inventoryOf(kustomization: FluxObject): ObjectRef[] {
  return (kustomization.status?.inventory ?? []).flatMap((id) => parseInventoryId(id) ?? []);
}

/** Objects of its inventory that do not exist any more. */
export function lostOf(kustomization: FluxObject, world: World): ObjectRef[] {
  return inventoryOf(kustomization).filter((ref) => isAbsent(world, ref));
}

/** Which Kustomizations have applied an object, by its key. */
export const holders = perWorld((world) => {
  const found = new Map<string, ObjectRef[]>();
  for (const kustomization of world.list(kustomizations)) {
    for (const ref of inventoryOf(kustomization)) {
      const key = refKey(ref);
      found.set(key, [...found.get(key) ?? [], refOf("Kustomization", kustomization)]);
    }
  }
  return found;
});

/** Whether some Kustomization has applied objects of this kind: the platform uses it. */
export function appliesKind(world: World, source: ListSource): boolean {
  return appliedKinds(world).has(source.kind);
}

const appliedKinds = perWorld((world) =>
  new Set(world.list(kustomizations).flatMap((entry) => inventoryOf(entry).map(({ kind }) => kind)))
);

const labelledWorkloads = perWorld((world) => {
  const all = [
    ...world.list(deployments).map((object) => ({ object, ref: refOf("Deployment", object) })),
    ...world.list(statefulSets).map((object) => ({ object, ref: refOf("StatefulSet", object) })),
  ];
  return Map.groupBy(all, ({ object }) => {
    const labels = object.metadata?.labels;
    return `${labels?.["helm.toolkit.fluxcd.io/namespace"]}/${labels?.["helm.toolkit.fluxcd.io/name"]}`;
  });
});

/** Deployments and StatefulSets that a release has made, by the labels that helm-controller puts on them. */
export function workloadsOf(object: HelmRelease, world: World): ObjectRef[] {
  const key = `${object.metadata?.namespace}/${object.metadata?.name}`;
  return (labelledWorkloads(world).get(key) ?? []).map(({ ref }) => ref);
}
