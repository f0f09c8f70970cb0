/** What a fault works with: the lab, its API server, and the few verbs that faults are made of. */
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "../cluster/mod.ts";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { at, condition, type Kube, type KubeObject, text } from "../platform/mod.ts";
import { note, readJournal } from "./journal.ts";
import { deployment, pods } from "./objects.ts";

/** A probe of `until`: true when it is so, or what is seen instead. */
export type Probe = () => Promise<boolean | string>;

/** See the functions below; bound to one fault. */
export interface Scene {
  readonly ctx: LabContext;
  readonly kube: Kube;
  /** Notes something for `repair`, on disk at once. A key that is there already keeps its value. */
  save(key: string, value: unknown): void;
  /** What `save` noted, or undefined. */
  saved(key: string): unknown;
  /** Asks `probe` every second. Throws LabError when it is not so within `seconds`. */
  until(what: string, seconds: number, probe: Probe): Promise<void>;
  /** Runs a command in a container. Throws LabError when it fails; the message does not hold the command. */
  exec(namespace: string, target: string, container: string, argv: readonly string[]): Promise<string>;
}

/** The scene of `fault`. `kube` is closed by its owner. */
export function makeScene(ctx: LabContext, kube: Kube, fault: string): Scene {
  return {
    ctx,
    kube,
    save(key, value) {
      note(ctx, fault, (entry) => ({ ...entry, saved: { [key]: value, ...entry.saved } }));
    },
    saved: (key) => readJournal(ctx)[fault]?.saved[key],
    until: (what, seconds, probe) => until(fault, what, seconds, probe),
    async exec(namespace, target, container, argv) {
      const said = await kubectl(ctx, ["-n", namespace, "exec", target, "-c", container, "--", ...argv]);
      if (said.code === 0) return said.stdout;
      throw new LabError(
        fault,
        `a command in ${target} ended with ${said.code}: ${said.stderr.trim().slice(-300)}`,
      );
    },
  };
}

/** Asks `probe` again and again; an API server that does not answer is not an answer. Throws LabError at the limit. */
export async function until(
  part: string,
  what: string,
  seconds: number,
  probe: Probe,
  pauseMs = 1_000,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    let seen: boolean | string;
    try {
      seen = await probe();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      seen = error.why;
    }
    if (seen === true) return;
    if (Date.now() >= end) {
      const instead = typeof seen === "string" && seen !== "" ? `; ${seen}` : "";
      throw new LabError(part, `${what} did not come about within ${seconds} s${instead}`);
    }
    await sleep(pauseMs);
  }
}

/** Sets the number of pods of a Deployment; notes what it was. */
export async function scale(scene: Scene, namespace: string, name: string, replicas: number): Promise<void> {
  const path = deployment(namespace, name);
  const before = at(await scene.kube.get(path), "spec", "replicas");
  if (before === undefined) throw new LabError("faults", `there is no Deployment ${namespace}/${name}`);
  if (before !== replicas) scene.save(`replicas ${path}`, before);
  await scene.kube.merge(path, { spec: { replicas } });
}

/** Gives a Deployment the pods back that `scale` took. */
export async function scaleBack(scene: Scene, namespace: string, name: string): Promise<void> {
  const path = deployment(namespace, name);
  const replicas = scene.saved(`replicas ${path}`);
  if (typeof replicas === "number") await scene.kube.merge(path, { spec: { replicas } });
}

/** Deletes the pods with these labels; whoever owns them makes new ones. Waits until the old ones are no longer listed. */
export async function restart(scene: Scene, namespace: string, labels: string): Promise<void> {
  const path = pods(namespace, labels);
  const old = new Set((await scene.kube.list(path)).map((pod) => text(pod, "metadata", "uid")));
  await scene.kube.remove(path);
  await scene.until(`the end of the old pods ${labels}`, 40, async () => {
    const left = (await scene.kube.list(path)).filter((pod) => old.has(text(pod, "metadata", "uid")));
    return left.length === 0 || `${left.length} are still there`;
  });
}

/** Why the containers of a pod wait, such as `CrashLoopBackOff`. */
export function waitingReasons(pod: KubeObject): string[] {
  const lists = [at(pod, "status", "initContainerStatuses"), at(pod, "status", "containerStatuses")];
  return lists.flatMap((list) => Array.isArray(list) ? list : [])
    .map((status) => text(status, "state", "waiting", "reason")).filter((reason) => reason !== "");
}

/** Waits until every pod with these labels, and at least `count`, has a container that waits for one of `reasons`. */
export async function untilWaiting(
  scene: Scene,
  namespace: string,
  labels: string,
  reasons: readonly string[],
  seconds: number,
  count = 1,
): Promise<void> {
  await scene.until(`${reasons.join("/")} of ${labels}`, seconds, async () => {
    const all = (await scene.kube.list(pods(namespace, labels)))
      .filter((pod) => text(pod, "metadata", "deletionTimestamp") === "");
    const stuck = all.filter((pod) => waitingReasons(pod).some((reason) => reasons.includes(reason)));
    return stuck.length >= count || `${stuck.length} of ${all.length} pods wait for that`;
  });
}

/** Waits until the object at `path` has this condition. */
export async function untilCondition(
  scene: Scene,
  path: string,
  type: string,
  status: string,
  seconds: number,
): Promise<void> {
  const name = path.split("/").slice(-2).join("/");
  await scene.until(`${type}=${status} of ${name}`, seconds, async () => {
    const found = condition(await scene.kube.get(path), type);
    return found?.status === status || `it is ${found?.status ?? "absent"}: ${found?.message ?? ""}`;
  });
}

/** Waits until there is no object at `path`. */
export async function untilGone(scene: Scene, path: string, seconds: number): Promise<void> {
  const name = path.split("/").slice(-2).join("/");
  await scene.until(`the end of ${name}`, seconds, async () => await scene.kube.get(path) === undefined);
}

/** Waits until a Deployment has at most `most` ready pods. */
export async function untilReadyPods(
  scene: Scene,
  namespace: string,
  name: string,
  most: number,
  seconds: number,
): Promise<void> {
  await scene.until(`at most ${most} ready pods of ${namespace}/${name}`, seconds, async () => {
    const ready = Number(
      at(await scene.kube.get(deployment(namespace, name)), "status", "readyReplicas") ?? 0,
    );
    return ready <= most || `${ready} are ready`;
  });
}

/** Asks a controller to look at an object now, as `flux reconcile` and ESO's `force-sync` do. */
export async function hurry(kube: Kube, path: string): Promise<void> {
  const now = new Date().toISOString();
  const annotations = path.includes("external-secrets.io")
    ? { "force-sync": now }
    : { "reconcile.fluxcd.io/requestedAt": now, "reconcile.fluxcd.io/resetAt": now };
  if (await kube.get(path)) await kube.merge(path, { metadata: { annotations } });
}
