/** Every replica of the catalog sees a commit as soon as it was made through another. */
import { failed, type Outcome, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import { pause } from "../../../clients/kubernetes/client.ts";
import type { NessieContext, PodWay } from "../context.ts";
import { commit, contentOf, namespace, put, tableAt } from "../trying.ts";

/** How long a replica that does not see a commit is asked again, to say how late it is. */
const LATE_MS = 5000;
const AGAIN_MS = 100;

export const replicaTrials: readonly Trial<NessieContext>[] = [{
  id: "nessie.replicas",
  title: "Every replica sees a commit at once",
  weight: "critical",
  explain:
    "A commit is made through each pod of the catalog, and read through each other pod at once, each reached by itself. " +
    "A replica that answers with what was true before lets an engine plan on old tables, or have its commit rejected. " +
    "Skipped with one replica.",
  async run(context) {
    const { place, eachPod } = context;
    if (!place || !eachPod) return skipped("its pods are not known, for an address was given");
    if (place.replicas < 2) return skipped("the catalog has one replica, so no other can be behind it");
    const pods = await eachPod();
    try {
      return await readThroughEach(context, pods);
    } finally {
      await Promise.all(pods.map((pod) => pod.close()));
    }
  },
}];

async function readThroughEach(context: NessieContext, pods: readonly PodWay[]): Promise<Outcome[]> {
  const branch = await context.makeBranch("replicas");
  let head = await commit(context, branch, "a namespace", [namespace("replicas")]);
  const behind: Outcome[] = [];
  let reads = 0;
  for (const [n, writer] of pods.entries()) {
    const key = ["replicas", `t${n}`];
    head = await commit({ ...context, nessie: writer.api }, head, `through ${writer.name}`, [
      put(key, tableAt(BigInt(n + 1))),
    ]);
    for (const reader of pods) {
      if (reader === writer) continue;
      reads++;
      const sees = async () =>
        (await reader.api.reference(branch.name)).hash === head.hash &&
        await contentOf(reader.api, branch.name, key) !== undefined;
      const late = await lateness(sees, context.signal);
      if (late !== undefined) behind.push(behindOutcome(writer.name, reader.name, late));
    }
  }
  if (behind.length > 0) return behind;
  return [passed(`${pods.length} replicas see each other's commits at once (${reads} reads)`)];
}

/** Undefined: it saw it at once. Infinity: not within the time that it was given. */
async function lateness(sees: () => Promise<boolean>, signal: AbortSignal): Promise<number | undefined> {
  const started = performance.now();
  if (await sees()) return undefined;
  while (performance.now() - started < LATE_MS) {
    await pause(AGAIN_MS, signal);
    if (await sees()) return performance.now() - started;
  }
  return Infinity;
}

function behindOutcome(writer: string, reader: string, lateMs: number): Outcome {
  const when = Number.isFinite(lateMs)
    ? `only ${(lateMs / 1000).toFixed(1)} s later`
    : `not within ${LATE_MS / 1000} s`;
  return failed("Stale", `Pod ${reader} saw a commit that was made through Pod ${writer} ${when}`, {
    observed: when,
    expected: "at once",
  });
}
