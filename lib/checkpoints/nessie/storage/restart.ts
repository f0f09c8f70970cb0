/** Restarts the catalog for real, and compares what every one of its new pods has with what was there before. */
import { kubePath } from "../../../untrusted/api_path.ts";
import type { Scratch } from "../../../checkpoint/scratch.ts";
import { cannotLook } from "../../../clients/network_errors.ts";
import { pause } from "../../../clients/kubernetes/client.ts";
import type { KubeObject, KubeWriter } from "../../../clients/kubernetes/writer.ts";
import { type NessieApi, nessieApi } from "../../../clients/nessie/client.ts";
import type { ServiceConnection } from "../../../clients/kubernetes/service_connection.ts";
import { restartRollout, type Rollout, rolloutOf } from "../../../clients/kubernetes/rollout.ts";
import { type Outcome, skipped, type TrialWords } from "../../../checkpoint/trial.ts";
import { listAt } from "../iceberg_rest/mod.ts";
import { at } from "../../../untrusted/lookup.ts";
import { hostName } from "../../../checkpoint/host.ts";
import { referenceName } from "../scratch/own_reference.ts";
import { markRun } from "../scratch/marker.ts";
import { pathOf } from "../setup/workload.ts";
import type { Place } from "../context.ts";
import { type ObjectRef, refText } from "../../../engine/model.ts";
import { command } from "../../../untrusted/shell.ts";
import { compared, type Kept, keptBy } from "./kept.ts";
import { removeReference } from "../scratch/remove.ts";
import { namespace as makeNamespace, put, tableAt } from "../trying.ts";

/** Judged only where it was asked for (`--restart`). */
export const restartWords: TrialWords = {
  id: "nessie.restart-loses-nothing",
  title: "A restart that was asked for loses nothing",
  explain:
    "With --restart, the workload of the catalog is rolled anew, as kubectl rollout restart does it, while somebody asks the catalog " +
    "four times a second. Afterwards each new pod must have every reference with its hash, and the contents of a scratch " +
    "branch, as before.",
  weight: "critical",
};

export interface Restart {
  kube: Pick<KubeWriter, "get" | "list" | "merge" | "raw">;
  timeoutMs: number;
  place: Place;
  /** Opens a way to one of its pods. */
  wayTo(pod: string): Promise<ServiceConnection>;
  signal: AbortSignal;
  /** Asked before anything is made or restarted; false: it is left alone. */
  confirm(question: string): Promise<boolean>;
  /** Longest wait for the rollout. */
  limitMs: number;
  say(line: string): void;
}

const POLL_MS = 1000;
const ASK_MS = 250;

/**
 * The outcomes, one for each new pod. Should be the last of a checkpoint: ways to the old pods break. An annotation that
 * Flux takes away again rolls the pods once more and harms nobody; it is waited for, and told.
 */
export async function restartCatalog(restart: Restart, scratch: Scratch): Promise<Outcome[]> {
  const { kube, place: { workload }, signal, confirm } = restart;
  const path = pathOf(workload);
  const found = await kube.get(path);
  if (!found) throw cannotLook("unreachable", `${refText(workload)} does not exist: nothing to restart`);
  const { replicas, done, words } = rolloutOf(found);
  if (!done) {
    throw cannotLook("unreachable", `${refText(workload)} is not healthy (${words}): not restarted`);
  }
  if (!await confirm(question(workload, replicas))) return [skipped("not restarted: the answer was no")];
  const ways: ServiceConnection[] = [];
  // Registered first, so that it comes after the branch was cleaned up over one of them.
  scratch.undo(
    "ways to the catalog",
    async () => void await Promise.all(ways.map((connection) => connection.close())),
  );
  const before = await furnished(restart, scratch, ways);
  const asking = askOnAndOn(restart);
  const { stamp, rollout } = await rolled(restart, path).finally(asking.stop);
  const outcomes: Outcome[] = [];
  for (const pod of await podsOf(restart, rollout)) {
    signal.throwIfAborted();
    const api = await apiOf(restart, pod, ways, signal);
    outcomes.push(
      await compared(before.kept, await keptBy(api, before.branch), api, `Pod ${workload.namespace}/${pod}`),
    );
  }
  const reverted = rollout.restartedAt === stamp
    ? ""
    : " The annotation was removed meanwhile, by Flux perhaps.";
  const { asked, unanswered } = await asking.ended;
  const answered = `${asked - unanswered} of ${asked} questions were answered meanwhile.${reverted}`;
  return outcomes.map((one) => ({ ...one, message: `${one.message}; ${answered}` }));
}

function question(workload: ObjectRef, replicas: number): string {
  const hurt = replicas > 1
    ? `Its ${replicas} pods are replaced one after the other, and the catalog should answer all along.`
    : "It has one pod: the catalog may not answer for some seconds.";
  return `Restart ${refText(workload)}? ${hurt}`;
}

/** Makes a scratch branch with contents, registered for undoing over whatever way is the newest then. */
async function furnished(
  restart: Restart,
  scratch: Scratch,
  ways: ServiceConnection[],
): Promise<{ kept: Kept; branch: string }> {
  const { kube, place, timeoutMs, signal } = restart;
  const [pod] = await podsOf(restart, rolloutOf(await kube.get(pathOf(place.workload))));
  if (!pod) throw cannotLook("unreachable", "no pod of the catalog is ready: not restarted");
  const api = await apiOf(restart, pod, ways, signal);
  const branch = referenceName(scratch.id, "restart");
  // Not bound to the signal: a request that is abandoned may be carried out after it was cleaned up.
  const undo = () => nessieApi({ connection: apiWay(ways), timeoutMs });
  const { defaultBranch } = await api.config();
  const start = await api.reference(defaultBranch);
  await markRun(scratch, undo, start, hostName());
  scratch.undo(`branch ${branch}`, () => removeReference(undo(), branch, scratch));
  signal.throwIfAborted();
  const made = await undo().create("BRANCH", branch, start);
  const message = `lakecheck ${scratch.id}: kept over a restart`;
  const { branch: head } = await api.commit(branch, made.hash, message, [makeNamespace("kept")]);
  const tables = [1n, 2n, 3n].map((n) => put(["kept", `t${n}`], tableAt(3_051_729_675_574_597_000n + n)));
  await api.commit(branch, head.hash, message, tables);
  return { kept: await keptBy(api, branch), branch };
}

function apiWay(ways: readonly ServiceConnection[]): ServiceConnection {
  const connection = ways.at(-1);
  if (!connection) throw new Error("no way to the catalog was opened");
  return connection;
}

async function apiOf(
  restart: Restart,
  pod: string,
  ways: ServiceConnection[],
  signal: AbortSignal,
): Promise<NessieApi> {
  const connection = await restart.wayTo(pod);
  ways.push(connection);
  return nessieApi({ connection, timeoutMs: restart.timeoutMs, signal });
}

/** Names of the workload's ready pods that are there to stay. */
async function podsOf({ kube, place: { workload } }: Restart, { selector }: Rollout): Promise<string[]> {
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`).join(",");
  const all = await kube.list(
    kubePath`/api/v1/namespaces/${workload.namespace ?? ""}/pods?labelSelector=${labels}`,
  );
  const ready = (pod: KubeObject) =>
    listAt(pod, "status", "conditions").some((one) =>
      at(one, "type") === "Ready" && at(one, "status") === "True"
    );
  return all.filter((pod) => ready(pod) && pod.metadata.deletionTimestamp === undefined).map(({ metadata }) =>
    metadata.name
  );
}

async function rolled(restart: Restart, path: string): Promise<{ stamp: string; rollout: Rollout }> {
  const stamp = await restartRollout(restart.kube, path);
  return { stamp, rollout: await rolledOut(restart, path) };
}

async function rolledOut({ kube, place, signal, limitMs, say }: Restart, path: string): Promise<Rollout> {
  const end = performance.now() + limitMs;
  while (true) {
    const rollout = rolloutOf(await kube.get(path));
    if (rollout.done) return rollout;
    if (rollout.failed || performance.now() > end) {
      const why = rollout.failed ? "its deadline is over" : `not within ${limitMs / 1000} s`;
      throw cannotLook(
        "timeout",
        `the restart of the catalog did not come to its end (${rollout.words}; ${why}). The old pods serve on. ` +
          `Next: ${undoing(place.workload)}`,
      );
    }
    say(`restarting: ${rollout.words}`);
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
}

function undoing({ kind, namespace, name }: ObjectRef): string {
  const word = kind.toLowerCase();
  return `${command`kubectl -n ${namespace} describe ${word} ${name}`}; ${command`kubectl -n ${namespace} rollout undo ${word} ${name}`}`;
}

/** Asks the Service again and again, as its clients do, until it is stopped. */
function askOnAndOn({ kube, place: { configPath }, signal }: Restart) {
  const over = new AbortController();
  const ended = (async () => {
    let asked = 0;
    let unanswered = 0;
    while (configPath !== undefined && !over.signal.aborted && !signal.aborted) {
      const status = await kube.raw(configPath).then((answer) => answer.status, () => 0);
      asked++;
      if (status !== 200) unanswered++;
      await pause(ASK_MS, over.signal);
    }
    return { asked, unanswered };
  })();
  return { ended, stop: () => over.abort() };
}
