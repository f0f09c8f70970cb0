/** Judges PersistentVolumes by their phase: those that claims of the platform have, or had. */
import type { KindCheck, World } from "../../engine/model.ts";
import { ageSeconds, ageText, notUnderstood, perWorld, refOf } from "../common/mod.ts";
import {
  isOurs,
  persistentVolumeClaims,
  persistentVolumes,
  threshold,
  type Volume,
} from "../kubernetes/mod.ts";
import { volumeWords } from "./words.ts";
import { command } from "../../untrusted/shell.ts";

/** The volumes that claims of the platform name. */
const claimed = perWorld((world): ReadonlySet<string> =>
  new Set(
    world.list(persistentVolumeClaims).filter((claim) => isOurs(claim, world))
      .flatMap(({ spec }) => spec?.volumeName ?? []),
  )
);

function isOfPlatform({ metadata, spec }: Volume, world: World): boolean {
  const claim = spec?.claimRef;
  return claimed(world).has(metadata?.name ?? "") ||
    (claim !== undefined && isOurs({ metadata: claim }, world));
}

export const volumeCheck: KindCheck<Volume> = {
  id: "persistentvolumes.usable",
  title: "volumes",
  explain:
    "A volume that a claim of the platform has or had is bound, or kept for whoever wants its data. One that could not be " +
    "reclaimed after its claim was deleted still takes room in its storage. Volumes of other tenants are not judged.",
  source: persistentVolumes,
  also: [persistentVolumeClaims],
  words: [volumeWords],
  component: () => "storage",
  concerns: isOfPlatform,
  ref: (volume) => refOf("PersistentVolume", volume),
  judge(volume, world) {
    const name = volume.metadata?.name;
    const phase = volume.status?.phase ?? "Pending";
    const base = {
      observed: phase,
      expected: "Bound",
      evidence: "status.phase",
      next: [command`kubectl describe pv ${name}`],
    };
    if (phase === "Bound" || phase === "Available" || phase === "Released") return undefined;
    const why = volume.status?.message ?? volume.status?.reason ?? "Kubernetes gives no reason";
    if (phase === "Failed") {
      const message = `could not be reclaimed after its claim was deleted, so it still takes room: ${why}`;
      return { ...base, expected: "deleted", status: "warning", reason: "ReclaimFailed", message };
    }
    if (phase !== "Pending") return notUnderstood(`is in phase ${phase}`, base);
    const age = ageSeconds(world.now, volume.metadata?.creationTimestamp) ?? 0;
    if (age < threshold(world, "volumeBind")) return undefined;
    const message = `is not available after ${ageText(age)}: ${why}`;
    return { ...base, status: "warning", reason: "Pending", message };
  },
};
