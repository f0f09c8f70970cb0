/** Why a claim that nothing provisions gets none of the volumes there are. */
import { listed } from "../../engine/sentence.ts";
import type { World } from "../../engine/model.ts";
import { formatQuantity, matchesLabels, parseQuantity } from "../../scheduling/mod.ts";
import { type Claim, persistentVolumes, storageClasses, type Volume } from "../kubernetes/mod.ts";

/** A class of volumes that somebody makes by hand. */
const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/** A clause; undefined where volumes are provisioned, or where one would fit. */
export function whyUnbound(claim: Claim, world: World): string | undefined {
  const named = claim.spec?.storageClassName;
  if (named === undefined || world.failure(persistentVolumes)) return undefined;
  const provisioner = world.get(storageClasses, undefined, named)?.provisioner;
  // A class that does not exist may be no more than a label of volumes; where no volume bears it, it is missed.
  const isStatic = named === "" || provisioner === NO_PROVISIONER || provisioner === undefined &&
      world.list(persistentVolumes).some(({ spec }) => spec?.storageClassName === named);
  if (!isStatic) return undefined;
  const all = world.list(persistentVolumes).map((volume) => ({ volume, why: misfits(claim, volume) }));
  if (all.length === 0) return "there is no PersistentVolume, and nothing provisions one for it";
  if (all.some(({ why }) => why.length === 0)) return undefined;
  const fewest = Math.min(...all.map(({ why }) => why.length));
  const nearest = all.filter(({ why }) => why.length === fewest);
  const texts = nearest.map(({ volume, why }) =>
    `PersistentVolume ${volume.metadata?.name} ${why.join(" and ")}`
  );
  return `no PersistentVolume fits it: ${listed(texts)}`;
}

function misfits(claim: Claim, volume: Volume): string[] {
  const why: string[] = [];
  const { storageClassName = "", accessModes = [], capacity, claimRef } = volume.spec ?? {};
  const wanted = claim.spec;
  if (storageClassName !== (wanted?.storageClassName ?? "")) {
    why.push(`is of class ${storageClassName || "(none)"}, not of ${wanted?.storageClassName || "(none)"}`);
  }
  const isReserved = claimRef !== undefined &&
    !(claimRef.namespace === claim.metadata?.namespace && claimRef.name === claim.metadata?.name);
  if (isReserved) why.push(`is bound to another claim, ${claimRef.namespace}/${claimRef.name}`);
  const size = parseQuantity(capacity?.storage);
  const asked = parseQuantity(wanted?.resources?.requests?.storage);
  if (size !== undefined && asked !== undefined && size < asked) {
    const [has, wants] = [size, asked].map((value) => formatQuantity("storage", value));
    why.push(`is too small: it has ${has}, and the claim requests ${wants}`);
  }
  const missing = (wanted?.accessModes ?? []).filter((mode) => !accessModes.includes(mode));
  if (missing.length > 0) {
    why.push(`lacks the access mode ${missing.join(", ")}: it has ${accessModes.join(", ") || "none"}`);
  }
  if (wanted?.selector && !matchesLabels(wanted.selector, volume.metadata?.labels)) {
    why.push("has not the labels that the claim's selector asks for");
  }
  return why;
}
