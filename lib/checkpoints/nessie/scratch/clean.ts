/** Says whether everything was cleaned up, and that the default branch has no commit of ours. */
import { type Leftover, leftoverOutcome } from "../../../checkpoint/scratch.ts";
import type { NessieApi, Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { Outcome } from "../../../checkpoint/trial.ts";
import { failed, passed, unknown } from "../../../checkpoint/trial.ts";
import { userText } from "../../../checkpoint/scratch_marker.ts";
import { SCRATCH } from "./own_reference.ts";
import type { SweptReference } from "./sweep.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";
import type { NextStep } from "../../../checkpoint/trial.ts";

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
  swept: readonly SweptReference[];
  /** Those whose owner is not known, and which are still there; or why that could not be seen. */
  unclear: readonly SweptReference[];
  unseen?: string;
  /** The default branch as it was at the beginning; absent: it was never reached. */
  before: Reference;
  mark: string;
  root: string;
}

export async function cleanOutcomes(api: NessieApi, ended: Ended): Promise<Outcome[]> {
  const outcomes = [
    ...notRemoved(ended),
    ...unclear(ended),
    ...unseen(ended),
    ...await onDefault(api, ended),
  ];
  if (outcomes.length > 0) return outcomes;
  const gone = `everything that was made is gone again, and ${ended.before.name} has no commit of ours`;
  return [passed(`${gone}${sweptText(ended)}`)];
}

function sweptText({ swept }: Ended): string {
  const gone = swept.filter(({ state }) => state === "removed").length;
  const users = new Set(swept.flatMap((one) => one.state === "live" ? userText(one.run, one) : []));
  return [
    ...gone > 0 ? [`; ${gone} of earlier runs that were killed, too`] : [],
    ...users.size > 0 ? [`; those of ${[...users].join(" and ")} were left alone`] : [],
  ].join("");
}

const SCRATCH_NAME = new RegExp(`${SCRATCH}[a-z0-9-]+`);

function notRemoved({ leftovers, swept, root }: Ended): Outcome[] {
  const left = [
    ...leftovers.map((one) => ({ ...one, name: SCRATCH_NAME.exec(`${one.what} ${one.why}`)?.[0] })),
    ...swept.flatMap((one) =>
      one.state === "stuck" ? [{ what: `${one.name}, of an earlier run,`, why: one.why, name: one.name }] : []
    ),
  ];
  return left.map(({ name, ...leftover }) => ({
    ...leftoverOutcome(leftover),
    ...name ? { next: removal(root, name) } : {},
  }));
}

/** Names in a message, and commands below it. */
const NAMED = 5;

/** One outcome for each run: its references are many, and share their marker. */
function unclear({ unclear, root }: Ended): Outcome[] {
  return [...Map.groupBy(unclear, ({ run }) => run).values()].map((of) => {
    const names = of.map(({ name }) => name);
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    const why = of.find((one) => one.state === "unclear")?.why ?? "is not understood";
    const few = names.slice(0, NAMED);
    return failed("OwnerUnknown", `${few.join(", ")}${more} were left alone: the run ${why}`, {
      observed: `${names.length} scratch references`,
      expected: "a marker that says when their run ends",
      next: few.flatMap((name) => removal(root, name)),
    });
  });
}

function unseen({ unseen }: Ended): Outcome[] {
  if (unseen === undefined) return [];
  return [unknown("NotListed", `whether earlier runs left references is not known: ${unseen}`)];
}

/** Nessie wants the commit that is deleted to be named: somebody looks at it before. */
function removal(root: string, name: string): NextStep[] {
  return [nextStep("hash-of-reference", root, name), nextStep("delete-reference", root, name)];
}

async function onDefault(api: NessieApi, { before, mark }: Ended): Promise<Outcome[]> {
  try {
    const ours = await oursOnDefault(api, before, mark);
    if (ours === 0) return [];
    const message = `${ours} commits of this run are on ${before.name}, to which none was made`;
    const evidence = `GET /api/v2/trees/${before.name}/history`;
    return [failed("DefaultBranchChanged", message, { status: "critical", evidence })];
  } catch (error) {
    if (!(error instanceof CannotLook)) throw error;
    return [
      unknown("NotRead", `whether ${before.name} was left alone is not known: ${error.failure.message}`),
    ];
  }
}
