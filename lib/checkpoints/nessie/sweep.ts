/** Takes back scratch references: those of this run, and those that a killed run left. */
import { scratchTime } from "../../checkpoint.ts";
import { type NessieApi, type Reference, refusalOf } from "../../clients/nessie.ts";
import { SCRATCH } from "./context.ts";

/** A run takes minutes; what is older than this was left. */
const OLD_MS = 60 * 60 * 1000;

/** Deletes a reference wherever it stands now; does nothing when it is not there. */
export async function removeReference(api: NessieApi, name: string): Promise<void> {
  if (!name.startsWith(SCRATCH)) throw new Error(`${name} is no scratch reference`);
  for (let attempt = 1;; attempt++) {
    try {
      return await api.remove(await api.reference(name));
    } catch (error) {
      const said = refusalOf(error);
      if (said?.code === "REFERENCE_NOT_FOUND") return;
      // A commit that was under way when its writer gave up has moved it.
      if (said?.code !== "REFERENCE_CONFLICT" || attempt === 5) throw error;
    }
  }
}

/** References of earlier runs that nobody takes back any more. */
export async function oldLeftovers(api: NessieApi, now: Date): Promise<Reference[]> {
  const old: Reference[] = [];
  for await (const reference of api.references({ filter: `ref.name.startsWith('${SCRATCH}')` })) {
    const id = /^lakecheck-scratch-(\d{8}t\d{4}z-[0-9a-f]{4})/.exec(reference.name)?.[1];
    const begun = id === undefined ? undefined : scratchTime(id);
    if (begun && now.getTime() - begun.getTime() > OLD_MS) old.push(reference);
  }
  return old;
}
