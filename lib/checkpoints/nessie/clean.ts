/** Says whether everything was taken back, and that the default branch has no commit of ours. */
import type { ShellCommand } from "../../model.ts";
import { failureOf } from "../../collect.ts";
import { type Leftover, leftoverOutcome } from "../../checkpoint.ts";
import type { NessieApi, Reference } from "../../clients/nessie.ts";
import { CannotLook } from "../../errors.ts";
import type { Outcome, TrialRecord } from "../../trial.ts";
import { failed, held } from "../../trial.ts";
import { SCRATCH } from "./context.ts";
import { removeReference } from "./sweep.ts";
import { cleanWords } from "./trials.ts";
import { command } from "../../shell.ts";

/** What a killed run left, and whether it is gone now. */
export interface Swept {
  name: string;
  why?: string;
}

/** One reference that cannot be deleted is no reason to leave the others. */
export async function sweep(api: NessieApi, left: readonly Reference[]): Promise<Swept[]> {
  return await Promise.all(left.map(async ({ name }): Promise<Swept> => {
    try {
      await removeReference(api, name);
      return { name };
    } catch (error) {
      return { name, why: failureOf(error).message };
    }
  }));
}

/** Commits since this run began; more than these were not made by us alone, and are not looked through. */
const MOST_COMMITS = 10_000;

/** Messages of commits on the default branch since `before` that begin with our mark. */
export async function oursOnDefault(api: NessieApi, before: Reference, mark: string): Promise<number> {
  let ours = 0;
  let seen = 0;
  for await (const { hash, message } of api.history(before.name, { pageSize: 200 })) {
    if (hash === before.hash || ++seen > MOST_COMMITS) break;
    if (message.startsWith(mark)) ours++;
  }
  return ours;
}

export interface Ended {
  leftovers: readonly Leftover[];
  swept: readonly Swept[];
  /** The default branch as it was at the beginning; absent: it was never reached. */
  before: Reference;
  mark: string;
  root: string;
}

export async function cleanRecords(api: NessieApi, ended: Ended, ms: number): Promise<TrialRecord[]> {
  const outcomes = [...notRemoved(ended), ...await onDefault(api, ended)];
  if (outcomes.length === 0) {
    const gone = ended.swept.length;
    const more = gone > 0 ? `; ${gone} of earlier runs that were killed, too` : "";
    outcomes.push(
      held(`everything that was made is gone again, and ${ended.before.name} has no commit of ours${more}`),
    );
  }
  return outcomes.map((one) => ({ ...one, trial: cleanWords.id, durationMs: Math.round(ms) }));
}

const SCRATCH_NAME = new RegExp(`${SCRATCH}[a-z0-9-]+`);

function notRemoved({ leftovers, swept, root }: Ended): Outcome[] {
  const left = [
    ...leftovers.map((one) => ({ ...one, name: SCRATCH_NAME.exec(`${one.what} ${one.why}`)?.[0] })),
    ...swept.flatMap(({ name, why }) =>
      why === undefined ? [] : [{ what: `${name}, of an earlier run,`, why, name }]
    ),
  ];
  return left.map(({ name, ...leftover }) => ({
    ...leftoverOutcome(leftover),
    ...name ? { next: removal(root, name) } : {},
  }));
}

/** Nessie wants the commit that is deleted to be named: somebody looks at it before. */
function removal(root: string, name: string): ShellCommand[] {
  return [
    command`curl ${root}/api/v2/trees/${name}   # tells its HASH`,
    command`curl -X DELETE ${root}/api/v2/trees/${name}@HASH`,
  ];
}

async function onDefault(api: NessieApi, { before, mark }: Ended): Promise<Outcome[]> {
  try {
    const ours = await oursOnDefault(api, before, mark);
    if (ours === 0) return [];
    return [
      failed(
        "DefaultBranchChanged",
        `${ours} commits of this run are on ${before.name}, to which none was made`,
        {
          status: "critical",
          evidence: `GET /api/v2/trees/${before.name}/history`,
        },
      ),
    ];
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return [{
      result: "unknown",
      reason: "NotRead",
      message: `whether ${before.name} was left alone is not known: ${error.failure.message}`,
    }];
  }
}
