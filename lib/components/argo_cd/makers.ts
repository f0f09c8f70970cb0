/**
 * Which Application would have made what is not there: one that holds it, by its own account. What none accounts for may
 * be of one that Argo CD could not compare with Git, if its name or its namespace fits.
 */
import { GONE, isAbsent, type Maker, type ObjectRef, refKey, type World } from "../../engine/model.ts";
import { namesFit, perWorld, refOf } from "../common/mod.ts";
import { type Application, applications, applicationSets } from "./kinds.ts";
import { applicationsOf, isHere } from "./resources.ts";
import { NOTHING_APPLIED } from "./words.ts";

/** Why an Application has not made what it holds. */
const NOT_APPLIED = [
  ...NOTHING_APPLIED.values(),
  ...["NotApplied", "NotReconciled", "SyncStuck", "TerminatingStuck", "DeletionFailed", "ExcludedResource"],
  ...["SyncUnknown", "HealthUnknown", "GenerationFailed", "InvalidRollout"],
  ...GONE,
];

/** Who would have made an object that does not exist. */
export function makersOf(ref: ObjectRef, world: World): Maker[] {
  if (!isAbsent(world, ref)) return [];
  const base = { because: NOT_APPLIED, optional: true, decisive: true };
  const known = applicationsOf(world).get(refKey(ref));
  if (known) return known.map((to) => ({ ...base, to, via: "applied by" }));
  const likely = { ...base, via: "probably applied by", inferred: true };
  if (ref.kind === "Application") {
    return world.list(applicationSets).filter(({ metadata }) =>
      metadata?.namespace === ref.namespace && namesFit(ref.name, metadata?.name ?? "")
    ).map((object) => ({ ...likely, to: refOf("ApplicationSet", object) }));
  }
  return unaccounted(world).filter((object) => couldHold(object, ref))
    .map((object) => ({ ...likely, to: refOf("Application", object) }));
}

/** Applications that do not say, or no longer, what they hold. */
const unaccounted = perWorld((world) =>
  world.list(applications).filter((object) =>
    isHere(object) && (object.status?.sync?.status === "Unknown" || !object.status?.resources?.length)
  )
);

function couldHold({ metadata, spec }: Application, ref: ObjectRef): boolean {
  return namesFit(ref.name, metadata?.name ?? "") ||
    ref.namespace !== undefined && spec?.destination?.namespace === ref.namespace;
}
