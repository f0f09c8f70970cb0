/** Takes back scratch references: those of this run, and those that a killed run left. */
import { failureOf } from "../../collect.ts";
import { scratchTime } from "../../checkpoint.ts";
import { type NessieApi, type Reference, refusalOf } from "../../clients/nessie.ts";
import { CannotLook } from "../../errors.ts";
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

const AT_A_TIME = 8;

/** Deletes all of them, also when one can't be deleted; CannotLook then, naming those that are left. */
export async function removeAll(api: NessieApi, names: readonly string[]): Promise<void> {
  const left = [...names];
  const failures: string[] = [];
  const work = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      try {
        await removeReference(api, name);
      } catch (error) {
        failures.push(`${name}: ${failureOf(error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const [first] = failures;
  if (first === undefined) return;
  const more = failures.length > 1 ? `, and ${failures.length - 1} more` : "";
  throw new CannotLook({ kind: "server-error", message: `${first}${more}` });
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
