/** Deletes one reference of this run. */
import { errorBodyOf, type NessieApi, type Reference } from "../../../clients/nessie/client.ts";
import type { Scratch } from "../../../checkpoint/scratch.ts";
import { ownReference } from "./own_reference.ts";

/**
 * Deletes a reference of this run wherever it stands now; does nothing when it is not there. `made`: names that this run
 * has given beside those with its id.
 */
export async function removeReference(
  api: NessieApi,
  name: string,
  scratch: Scratch,
  made?: ReadonlySet<string>,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const found = await referenceOf(api, name);
    if (!found) return;
    try {
      return await api.remove(ownReference(found, scratch, made));
    } catch (error) {
      const said = errorBodyOf(error);
      if (said?.code === "REFERENCE_NOT_FOUND") return;
      // A commit that was under way when its writer gave up has moved it.
      if (said?.code !== "REFERENCE_CONFLICT" || attempt === 5) throw error;
    }
  }
}

/** Undefined when there is none of this name: a name that looks like a hash is refused, or stands for a commit. */
async function referenceOf(api: NessieApi, name: string): Promise<Reference | undefined> {
  try {
    const found = await api.reference(name);
    return found.name === name ? found : undefined;
  } catch (error) {
    const status = errorBodyOf(error)?.status;
    if (status === 404 || status === 400) return undefined;
    throw error;
  }
}
