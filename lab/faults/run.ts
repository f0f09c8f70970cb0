/** Breaks and repairs: the order of steps, the journal, the progress, the wait until all is well again. */
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { connectKube, type Kube, pushArtifact, text } from "../platform/mod.ts";
import type { Progress } from "../progress.ts";
import type { Fault } from "./fault.ts";
import { note, readJournal } from "./journal.ts";
import { FLUX, kustomization, SOURCE } from "./objects.ts";
import { hurry, makeScene, until } from "./scene.ts";
import { findFault } from "./table.ts";
import { shortWaits, WAITS } from "./tree.ts";
import { nudge, unhealthy } from "./well.ts";

/** How long a platform may take to be well after a repair. */
const WELL_SECONDS = 300;
const NUDGE_MS = 15_000;

/** The faults that are on, oldest first. A name that this version does not know is an error. */
export function faultsOn(ctx: LabContext): Fault[] {
  return Object.keys(readJournal(ctx)).map(findFault);
}

/** Apps see a new revision before they see their own new waits: these are set by hand to what the revision says. */
async function shortenWaits(kube: Kube): Promise<void> {
  const apps = (await kube.list(kustomization())).filter((one) => one.metadata.name !== "cluster-apps");
  await Promise.all(
    apps.map((one) => kube.merge(kustomization(one.metadata.name), { spec: WAITS })),
  );
}

/** Pushes the manifests with the mistakes of `on`, and waits until Flux has fetched them. */
async function push(ctx: LabContext, kube: Kube, on: readonly Fault[]): Promise<void> {
  const bad = on.filter((fault) => fault.manifests !== undefined);
  if (bad.length > 0) await shortenWaits(kube);
  const digest = await pushArtifact(ctx, (tree) => {
    if (bad.length > 0) shortWaits(tree);
    for (const fault of bad) fault.manifests?.(tree);
  });
  if (text(await kube.get(SOURCE), "spec", "ref", "tag") !== "latest") return;
  await hurry(kube, SOURCE);
  await until(
    "flux",
    "the pushed revision",
    30,
    async () => text(await kube.get(SOURCE), "status", "artifact", "revision").endsWith(digest),
  );
}

async function step(progress: Progress, name: string, work: () => Promise<void>): Promise<void> {
  progress.start(name);
  try {
    await work();
  } catch (error) {
    if (error instanceof LabError) progress.fail(name, { why: error.why, log: error.log, next: error.next });
    else progress.skip(name, "stopped by an error");
    throw error;
  }
  progress.done(name);
}

/**
 * Breaks the platform and waits until the symptoms are there. Breaking a fault that is on already only waits for them
 * again. What was done is on disk before it is done: `repairOne` undoes a half-finished break too.
 */
export async function breakOne(ctx: LabContext, fault: Fault, progress: Progress): Promise<void> {
  const kube = connectKube(ctx);
  const scene = makeScene(ctx, kube, fault.name);
  try {
    const known = readJournal(ctx)[fault.name];
    if (known?.done) progress.skip(`break ${fault.name}`, `is on since ${known.since}`);
    else {
      await step(progress, `break ${fault.name}`, async () => {
        note(ctx, fault.name, (entry) => entry);
        if (fault.manifests) await push(ctx, kube, faultsOn(ctx));
        await fault.break?.(scene);
        note(ctx, fault.name, (entry) => ({ ...entry, done: true }));
      });
    }
    await step(progress, "symptoms are there", () => fault.settled(scene));
  } finally {
    kube.close();
  }
}

/** Undoes one fault. The platform need not be well afterwards: others may be on. */
async function undo(ctx: LabContext, kube: Kube, fault: Fault): Promise<void> {
  await fault.repair?.(makeScene(ctx, kube, fault.name));
  if (fault.manifests) await push(ctx, kube, faultsOn(ctx).filter((one) => one.name !== fault.name));
  note(ctx, fault.name, undefined);
}

/** Waits until the platform is well, nudging what is slow. Throws LabError that lists what is not. */
export async function untilWell(ctx: LabContext): Promise<void> {
  const kube = connectKube(ctx);
  const replaced = new Set<string>();
  let nudged = 0;
  try {
    // Flux applies again what was deleted by hand.
    for (const { metadata } of await kube.list(kustomization())) {
      await hurry(kube, kustomization(metadata.name));
    }
    await until("platform", "a healthy platform", WELL_SECONDS, async () => {
      const left = await unhealthy(kube);
      if (left.length === 0) return true;
      if (Date.now() - nudged > NUDGE_MS) {
        await nudge(kube, left, replaced);
        nudged = Date.now();
      }
      return left.slice(0, 8).map(({ what }) => `\n  ${what.slice(0, 200)}`).join("");
    }, 2_000);
  } finally {
    kube.close();
  }
}

/** Undoes these faults, then waits until the platform is well, unless others are still on. */
export async function repairAll(ctx: LabContext, which: readonly Fault[], progress: Progress): Promise<void> {
  const kube = connectKube(ctx);
  try {
    for (const fault of which.toReversed()) {
      await step(progress, `repair ${fault.name}`, () => undo(ctx, kube, fault));
    }
  } finally {
    kube.close();
  }
  const left = faultsOn(ctx).map(({ name }) => name);
  if (left.length > 0) {
    return progress.info(`Still on: ${left.join(", ")}. ${FLUX} and the rest were not waited for.`);
  }
  await step(progress, "platform is healthy", () => untilWell(ctx));
}
