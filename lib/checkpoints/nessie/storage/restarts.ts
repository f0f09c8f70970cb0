/** Whether what the catalog has was kept over restarts, as its pods and its history tell. Nothing is restarted here. */
import { pods, podsOf } from "../../../components/kubernetes/mod.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { ObjectRef, World } from "../../../engine/model.ts";
import { type Outcome, passed, skipped } from "../../../checkpoint/trial.ts";
import type { NessieContext } from "../context.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** When the container of each pod of the catalog was last started, in milliseconds since the epoch. */
export function startsOf(world: World, { kind, namespace = "", name }: ObjectRef): number[] {
  return podsOf(world, kind, namespace, name).flatMap(({ status }) =>
    (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? ""))
  ).filter((time) => Number.isFinite(time));
}

/** Held when the catalog has something older than the earliest start; else skipped, with the way to prove it. */
export async function restartOutcome({ world, nessie, config, place }: NessieContext): Promise<Outcome> {
  const failure = world.failure(pods);
  if (failure) throw new CannotLook(failure);
  const starts = place ? startsOf(world, place.workload) : [];
  const next = [nextStep("restart-nessie")];
  if (starts.length === 0) {
    return skipped("no pod of the catalog is known: when they started is not known", { next });
  }
  const earliest = Math.min(...starts);
  const oldest = await oldestKept(nessie, config.repositoryCreationTimestamp);
  const seen = {
    observed: oldest ? `${oldest.what} of ${text(oldest.time)}` : "nothing with a time",
    expected: `something before ${text(earliest)}, the start of the oldest of ${starts.length} pods`,
  };
  if (oldest && oldest.time < earliest) {
    const older = `what is older than every start of the catalog's ${starts.length} pods`;
    return passed(`${older} is still there`, seen);
  }
  return skipped("the catalog has nothing that is older than the start of its oldest pod", { ...seen, next });
}

const text = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** The oldest commits stand at the end of a history that may be long; the repository is as old as all of them. */
async function oldestKept(
  nessie: NessieContext["nessie"],
  created: string | undefined,
): Promise<{ what: string; time: number } | undefined> {
  const made = Date.parse(created ?? "");
  if (Number.isFinite(made)) return { what: "a repository", time: made };
  let seen = 0;
  let oldest: number | undefined;
  for await (const { commitTime } of nessie.history("-", { pageSize: 250 })) {
    const at = Date.parse(commitTime ?? "");
    if (Number.isFinite(at)) oldest = Math.min(oldest ?? at, at);
    if (++seen >= 2000) break;
  }
  return oldest === undefined ? undefined : { what: "a commit", time: oldest };
}
