/** Where a walk has come to, in a file, so that the next run goes on there. It holds names of tables and no secret. */
import { writeFileAtomic } from "../../../disk/atomic_file.ts";
import { MOST_BYTES, readLimited, sizeText } from "../../../disk/read_limited.ts";
import { UsageError } from "../../../engine/errors.ts";
import { emptyTally, type Tally } from "./tally.ts";
import { parseJson } from "../../../untrusted/json.ts";

const SCHEMA = "lakecheck.integrity/v2";

export interface WalkState {
  schema: typeof SCHEMA;
  /** The references in the order of the walk, at the commits that are walked. */
  references: { name: string; hash: string }[];
  /** The walk has to be the same one to be gone on with. */
  sample?: number;
  seed?: number;
  /** `2/4`; absent: all tables. */
  shard?: string;
  /** So many entries from the beginning, counted over all references, are done. */
  done: number;
  /** The table before that place, for people. */
  last?: string;
  finished: boolean;
  tally: Tally;
}

/** The state in a file; undefined when there is no such file. UsageError when it holds something else. */
export async function readState(path: string): Promise<WalkState | undefined> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.walk });
  if (!read.ok) {
    if (read.trouble === "absent") return undefined;
    throw new UsageError(
      `Cannot read ${path}: ${read.why}. Next: give --resume the file of an earlier run, or a new one.`,
    );
  }
  try {
    const state = parseJson(new TextDecoder().decode(read.bytes)) as WalkState | null;
    if (
      /^lakecheck\.integrity\/v\d+$/.test(state?.schema ?? "") && Number.isInteger(state?.done) &&
      state?.tally
    ) {
      return state;
    }
  } catch {
    // Said below.
  }
  throw new UsageError(
    `${path} holds no state of an integrity walk. Next: give --resume the file of an earlier run, or a new one.`,
  );
}

/** Throws UsageError when it can't be written, or would be too large to be read. */
export async function writeState(path: string, state: WalkState): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  if (bytes.length > MOST_BYTES.walk) {
    throw new UsageError(
      `Where the walk came to is larger than ${sizeText(MOST_BYTES.walk)}, and --resume reads no more, ` +
        `so ${path} was not written. Next: run without --resume`,
    );
  }
  await writeFileAtomic(path, bytes, { flag: "--resume", mode: 0o600 });
}

export const emptyState = (now: Pick<WalkState, "references" | "sample" | "seed" | "shard">): WalkState => ({
  schema: SCHEMA,
  ...now,
  done: 0,
  finished: false,
  tally: emptyTally(),
});

/** Why a state can't be gone on with; undefined when it can. */
export function outdated(
  state: WalkState,
  now: Pick<WalkState, "references" | "sample" | "seed" | "shard">,
): string | undefined {
  if (state.schema !== SCHEMA) return "it was written by another release";
  if (state.finished) return "that walk came to its end";
  if (state.sample !== now.sample || (now.seed !== undefined && state.seed !== now.seed)) {
    return "that walk took another sample";
  }
  if (state.shard !== now.shard) {
    return `that walk was of ${state.shard === undefined ? "all tables" : `shard ${state.shard}`}`;
  }
  const before = new Map(state.references.map(({ name, hash }) => [name, hash]));
  const changed = now.references.find(({ name, hash }) => before.get(name) !== hash);
  if (changed) return `reference ${changed.name} has changed since`;
  if (now.references.length !== state.references.length) return "references were deleted since";
  const same = now.references.every(({ name }, at) => state.references[at]?.name === name);
  return same ? undefined : "the references come in another order";
}
