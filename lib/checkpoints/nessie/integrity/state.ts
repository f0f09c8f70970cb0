/** Where a walk has come to, in a file, so that the next run goes on there. It holds names of tables and no secret. */
import { systemReason, writeFileAtomic } from "../../../disk/atomic_file.ts";
import { UsageError } from "../../../engine/errors.ts";
import type { Tally } from "./tally.ts";
import { parseJson } from "../../../untrusted/json.ts";

export interface WalkState {
  schema: "lakecheck.integrity/v1";
  /** The references in the order of the walk, at the commits that are walked. */
  references: { name: string; hash: string }[];
  /** The walk has to be the same one to be gone on with. */
  sample?: number;
  seed?: number;
  /** So many entries from the beginning, counted over all references, are done. */
  done: number;
  /** The table before that place, for people. */
  last?: string;
  finished: boolean;
  tally: Tally;
}

/** The state in a file; undefined when there is no such file. UsageError when it holds something else. */
export async function readState(path: string): Promise<WalkState | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UsageError(
      `Cannot read ${path}: ${systemReason(error)}. Give --resume a file that you may read.`,
    );
  }
  try {
    const state = parseJson(text) as WalkState | null;
    if (state?.schema === "lakecheck.integrity/v1" && Number.isInteger(state.done) && state.tally) {
      return state;
    }
  } catch {
    // Said below.
  }
  throw new UsageError(
    `${path} holds no state of an integrity walk. Give --resume the file of an earlier run, or a new one.`,
  );
}

export async function writeState(path: string, state: WalkState): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(JSON.stringify(state)), {
    flag: "--resume",
    mode: 0o600,
  });
}

/** Why a state can't be gone on with; undefined when it can. */
export function outdated(
  state: WalkState,
  now: Pick<WalkState, "references" | "sample" | "seed">,
): string | undefined {
  if (state.finished) return "that walk came to its end";
  if (state.sample !== now.sample || (now.seed !== undefined && state.seed !== now.seed)) {
    return "that walk took another sample";
  }
  const before = new Map(state.references.map(({ name, hash }) => [name, hash]));
  const changed = now.references.find(({ name, hash }) => before.get(name) !== hash);
  if (changed) return `reference ${changed.name} has changed since`;
  if (now.references.length !== state.references.length) return "references were deleted since";
  const same = now.references.every(({ name }, at) => state.references[at]?.name === name);
  return same ? undefined : "the references come in another order";
}
