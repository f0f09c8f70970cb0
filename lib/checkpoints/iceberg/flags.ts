/** What is asked of the checkpoint on the command line, checked as far as it can be without asking anybody. */
import type { Asked } from "../../command.ts";
import { UsageError } from "../../engine/errors.ts";
import { type GivenAddress, givenAddress, type GivenCa } from "../../checkpoint/given_address.ts";
import { nearest } from "../../untrusted/edit_distance.ts";
import { type EngineName, ENGINES } from "./engines/engine.ts";

export interface Wanted {
  /** The address, or the CA for the Service that is found. */
  url?: GivenAddress | GivenCa;
  engines: readonly EngineName[];
  /** They were named one by one: each must be there. */
  named: boolean;
  /** The directory of DuckDB's extensions. */
  extensions?: string;
}

/** UsageError when something can't be used. */
export async function wantedOf({ given }: Pick<Asked, "given">): Promise<Wanted> {
  const url = await givenAddress(given, "url", "NESSIE_URL");
  const text = given.get("engine") ?? "all";
  const named = text !== "all";
  const extensions = given.get("duckdb-extensions");
  return {
    engines: named ? [...new Set(text.split(",").map(engineOf))] : ENGINES,
    named,
    ...url ? { url } : {},
    ...extensions === undefined ? {} : { extensions },
  };
}

function engineOf(text: string): EngineName {
  const found = ENGINES.find((one) => one === text.trim());
  if (found) return found;
  const near = nearest(text.trim(), ENGINES);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw new UsageError(
    `--engine is ${JSON.stringify(text.slice(0, 40))}, and there are ${ENGINES.join(", ")} and all.${hint}`,
  );
}
