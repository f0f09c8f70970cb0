/** Creates the references of this run in a catalog that others write to at the same time. */
import { errorBodyOf, type NessieApi, type Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";

const ATTEMPTS = 3;

/**
 * As `create`. All references stand in one index, and a catalog whose clients create and delete them side by side gives up
 * after some seconds: Nessie 0.99 answers 500 RetryTimeoutException after 5 s. It may have made the reference all the same.
 * `name` is one that nobody else gives.
 */
export async function createPatiently(
  api: Pick<NessieApi, "create" | "reference">,
  type: "BRANCH" | "TAG",
  name: string,
  from: Reference,
): Promise<Reference> {
  for (let attempt = 1;; attempt++) {
    try {
      return await api.create(type, name, from);
    } catch (error) {
      const { status, message } = errorBodyOf(error) ?? { status: 0, message: "" };
      const busy = status === 500 && message.includes("RetryTimeoutException");
      if (!busy || attempt === ATTEMPTS) throw error;
      const made = await existing(api, name);
      if (made && made.type === type && made.hash === from.hash) return made;
    }
  }
}

async function existing(
  api: Pick<NessieApi, "reference">,
  name: string,
): Promise<Reference | undefined> {
  try {
    return await api.reference(name);
  } catch (error) {
    if (error instanceof CannotLook) return undefined;
    throw error;
  }
}
