/** Deletes scratch references: those of this run, and those of runs whose marker says that they are over. */
import { failureOf } from "../../../engine/collect.ts";
import { markerVerdict, type Scratch, stuckBy, type SweepState } from "../../../checkpoint/scratch.ts";
import { errorBodyOf, type NessieApi, type Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { type ExpiredRun, type MarkerVerdict } from "../../../checkpoint/scratch_marker.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import { ownReference, runOf, SCRATCH } from "./own_reference.ts";
import { removeReference } from "./remove.ts";
import { lastCommitMs, markerBranch, readMarker } from "./marker.ts";
import type { CatalogTime } from "../context.ts";

const AT_A_TIME = 8;

/** Deletes all of them, also when one can't be deleted; CannotLook then, naming those that are left. */
export async function removeAll(api: NessieApi, names: ReadonlySet<string>, scratch: Scratch): Promise<void> {
  const failures: string[] = [];
  await inParallel([...names], AT_A_TIME, async (name) => {
    try {
      await removeReference(api, name, scratch, names);
    } catch (error) {
      failures.push(`${name}: ${failureOf(error).message}`);
    }
  });
  const [first] = failures;
  if (first === undefined) return;
  const more = failures.length > 1 ? `, and ${failures.length - 1} more` : "";
  throw new CannotLook({ kind: "server-error", message: `${first}${more}` });
}

/** A reference of another run, and what became of it. */
export type SweptReference = { name: string; run: string } & SweepState;

export interface SweepTools {
  api: NessieApi;
  /** Not bound to the signal: for deleting. */
  undo: NessieApi;
  now: CatalogTime;
  /** The id of this run, whose references are left alone. */
  own: string;
}

/** Deletes the references of runs that are over; leaves alone those of runs under way, and those whose owner is not known. */
export async function sweepReferences(tools: SweepTools): Promise<SweptReference[]> {
  const swept: SweptReference[] = [];
  await inParallel(await otherRuns(tools), AT_A_TIME, async ([run, of]) => {
    const verdict = await verdictOf(tools, run, of);
    if (verdict.state === "expired") swept.push(...await removed(tools, of, verdict.run));
    else for (const { name } of of) swept.push({ name, run, ...verdict });
  });
  return swept;
}

/** Those that are unclear and still there: a run that had just begun has its marker now, one that ended is gone. */
export async function stillUnclear(
  tools: SweepTools,
  swept: readonly SweptReference[],
): Promise<(SweptReference & { state: "unclear" })[]> {
  const before = new Map(swept.filter(({ state }) => state === "unclear").map((one) => [one.name, one]));
  if (before.size === 0) return [];
  const still: (SweptReference & { state: "unclear" })[] = [];
  await inParallel(await otherRuns(tools), AT_A_TIME, async ([run, of]) => {
    const there = of.filter(({ name }) => before.has(name));
    if (there.length === 0) return;
    const verdict = await verdictOf(tools, run, of);
    for (const { name } of there) {
      const first = before.get(name);
      // What a run that is over has left is unclear for what was seen of the reference itself.
      if (verdict.state === "expired" && first) still.push({ ...first, state: "unclear", why: whyOf(first) });
      if (verdict.state === "unclear") still.push({ name, run, ...verdict });
    }
  });
  return still;
}

const whyOf = (one: SweptReference): string => one.state === "unclear" ? one.why : "";

/** Scratch references by run. The filter is the server's, and the name is looked at here again. */
async function otherRuns({ api, own }: SweepTools): Promise<[string, Reference[]][]> {
  const runs = new Map<string, Reference[]>();
  for await (const reference of api.references({ filter: `ref.name.startsWith('${SCRATCH}')` })) {
    const run = runOf(reference.name);
    if (run !== undefined && run !== own) runs.set(run, [...runs.get(run) ?? [], reference]);
  }
  return [...runs];
}

async function verdictOf(
  { api, now }: SweepTools,
  run: string,
  of: readonly Reference[],
): Promise<MarkerVerdict> {
  const marker = of.find(({ name, type }) => name === markerBranch(run) && type === "BRANCH");
  return await markerVerdict(run, async () => marker && await readMarker(api, marker, run, now()));
}

/** The marker comes last: a sweep that is cut off is gone on with by the next run. */
async function removed(
  tools: SweepTools,
  of: readonly Reference[],
  over: ExpiredRun,
): Promise<SweptReference[]> {
  const swept: SweptReference[] = [];
  const remove = async (one: Reference) =>
    void swept.push({ name: one.name, run: over.id, ...await removedOne(tools, one, over) });
  const marker = markerBranch(over.id);
  await inParallel(of.filter(({ name }) => name !== marker), AT_A_TIME, remove);
  await inParallel(of.filter(({ name }) => name === marker), AT_A_TIME, remove);
  return swept;
}

/** As it was seen, and only while nobody has used it since its run was over. */
async function removedOne(
  { undo, now }: SweepTools,
  reference: Reference,
  over: ExpiredRun,
): Promise<SweepState> {
  try {
    const last = await lastCommitMs(undo, reference);
    if (last !== undefined && !(now() - last >= over.overForMs)) {
      return { state: "unclear", why: "has a commit that was made after its run was over" };
    }
    await undo.remove(ownReference(reference, over));
    return { state: "removed" };
  } catch (error) {
    const code = errorBodyOf(error)?.code;
    if (code === "REFERENCE_NOT_FOUND") return { state: "removed" };
    if (code === "REFERENCE_CONFLICT") return { state: "unclear", why: "was changed while it was looked at" };
    return stuckBy(error);
  }
}
