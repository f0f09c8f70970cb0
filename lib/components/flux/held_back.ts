/** Kustomizations that have not applied what they hold, and those that something names and that do not exist. */
import { isAbsent, refKey } from "../../engine/model.ts";
import { conditionOf, perWorld } from "../common/mod.ts";
import { inventoryOf } from "./inventory.ts";
import { type Kustomization, kustomizations } from "./kinds.ts";
import { dependenciesOf, isMisnamed } from "./references.ts";
import { NOTHING_APPLIED } from "./words.ts";

/** Conditions of a Kustomization under which it has applied nothing new. */
const HELD_BACK: ReadonlySet<string> = new Set(NOTHING_APPLIED);

/** Kustomizations that have not applied what they hold now. */
export const heldBack = perWorld((world) => world.list(kustomizations).filter(isHeldBack));

function isHeldBack(object: Kustomization): boolean {
  const ready = conditionOf(object, "Ready");
  if (ready?.status === "True" && object.status?.applies === 0) return true;
  if (ready?.status !== "True" && ready?.status !== "False") {
    return object.status?.applied !== "current" && !hasApplied(object);
  }
  return ready.status === "False" && HELD_BACK.has(ready.reason ?? "") &&
    object.status?.applied !== "current";
}

/** Whether all it holds is applied and only waits to become well. */
function hasApplied(object: Kustomization): boolean {
  return /^Running health checks/.test(conditionOf(object, "Reconciling")?.message ?? "");
}

/** Kustomizations that something names and that do not exist. */
export const lostKustomizations = perWorld((world) => {
  const named = world.list(kustomizations).flatMap((object) => [
    ...dependenciesOf("Kustomization", object).filter((ref) => !isMisnamed(ref, world)),
    ...inventoryOf(object).filter(({ kind }) => kind === "Kustomization"),
  ]);
  const lost = named.filter((ref) => isAbsent(world, ref));
  return [...new Map(lost.map((ref) => [refKey(ref), ref])).values()];
});
