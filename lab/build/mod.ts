/**
 * Builds everything that the lab runs: pinned sources → programs, manifests and OCI images in the cache.
 * What is there already is kept; an interrupted build goes on where it stopped.
 */
import { join } from "node:path";
import { createProgress, type Progress } from "../progress.ts";
import { writeWhole } from "./files.ts";
import { endLeftovers } from "./leftovers.ts";
import { fetchParts } from "./parts/fetch.ts";
import { goParts } from "./parts/go.ts";
import { imageEntries, type ImageEntry, imageParts } from "./parts/images.ts";
import { manifestParts } from "./parts/manifests.ts";
import { checkPrerequisites, PrerequisiteError } from "./prerequisites.ts";
import { type Part, runParts, type Timings } from "./runner.ts";

export type { ImageEntry } from "./parts/images.ts";

/** What the build needs from its caller. */
export type BuildContext = {
  /** Absolute path of the cache; made if missing. Several checkouts may share one: they take turns. */
  readonly cacheDir: string;
  readonly progress: Progress;
  /** Stops the build: its programs end and what is finished stays. */
  readonly signal: AbortSignal;
};

/** What the build leaves in the cache. Paths are absolute. */
export type BuildOutputs = {
  readonly binDir: string;
  readonly cniDir: string;
  readonly manifestsDir: string;
  /** Images with their directories below the cache; also in `images.json`. */
  readonly images: readonly ImageEntry[];
  /** Parts that ran in this build, in order. Empty when all were fresh. */
  readonly ran: readonly string[];
  /** Seconds that each part took when it last ran; also in `build-times.json`. */
  readonly timings: Timings;
};

/** A build that failed. The progress view has said which part, why and where its log is. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

const LOCK_WAIT_MS = 45 * 60_000;

/** All parts of the build. Those of one kind run in this order as their needs allow. */
export function allParts(): Part[] {
  return [...fetchFirst(goParts(), fetchParts()), ...manifestParts(), ...imageParts()];
}

/** Go sources and the other downloads share the fetching lane: sources first for two builds, then turn about. */
function fetchFirst(go: readonly Part[], others: readonly Part[]): Part[] {
  const sources = go.filter((part) => part.kind === "fetch");
  const builds = go.filter((part) => part.kind === "build");
  const turns = sources.slice(1).flatMap((part, index) => [part, ...others.slice(index, index + 1)]);
  return [...sources.slice(0, 1), ...turns, ...others.slice(sources.length - 1), ...builds];
}

/** Builds what is missing or changed. Throws {@linkcode PrerequisiteError} or {@linkcode BuildError}. */
export async function buildAll(context: BuildContext): Promise<BuildOutputs> {
  const { cacheDir, progress, signal } = context;
  Deno.mkdirSync(join(cacheDir, "logs"), { recursive: true });
  const info = (text: string) => progress.info(text);
  await checkPrerequisites({ cacheDir, log: join(cacheDir, "logs/prerequisites.log"), signal, info });
  using lock = await lockCache(cacheDir, context);
  void lock;
  await endLeftovers(cacheDir);
  const parts = allParts();
  const result = await runParts(parts, context);
  if (!result.ok) {
    const what = signal.aborted ? "the build was stopped" : `part ${result.failed} failed: ${result.why}`;
    throw new BuildError(`${what}. Next: run the same command again; finished parts are kept`);
  }
  const images = imageEntries(cacheDir);
  writeWhole(join(cacheDir, "images.json"), JSON.stringify(images, undefined, 2) + "\n");
  writeWhole(join(cacheDir, "build-times.json"), JSON.stringify(result.timings, undefined, 2) + "\n");
  if (result.ran.length === 0) progress.skip("build", `all ${parts.length} parts are there`);
  return {
    binDir: join(cacheDir, "bin"),
    cniDir: join(cacheDir, "cni"),
    manifestsDir: join(cacheDir, "manifests"),
    images,
    ran: result.ran,
    timings: result.timings,
  };
}

/** Builds parts that the lab itself does not need, if they are not there. Throws {@linkcode BuildError}. */
export async function buildOnly(parts: readonly Part[], context: BuildContext): Promise<void> {
  using lock = await lockCache(context.cacheDir, context);
  void lock;
  const result = await runParts(parts, context);
  if (!result.ok) throw new BuildError(`part ${result.failed} could not be built: ${result.why}`);
}

/** Takes the cache for one build; the lock goes with the process, however it ends. */
async function lockCache(cacheDir: string, context: BuildContext): Promise<Deno.FsFile> {
  const file = Deno.openSync(join(cacheDir, "lock"), { create: true, write: true });
  const until = Date.now() + LOCK_WAIT_MS;
  for (let told = false; !file.tryLockSync(true);) {
    if (!told) context.progress.info("another build uses the cache: waiting for it");
    told = true;
    if (Date.now() > until || context.signal.aborted) {
      file.close();
      throw new BuildError(
        `another build has used ${cacheDir} for ${LOCK_WAIT_MS / 60_000} minutes: stop it first`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return file;
}

if (import.meta.main) {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  const progress = createProgress();
  const home = Deno.env.get("HOME") ?? "/root";
  const cacheDir = Deno.env.get("LAKECHECK_LAB_CACHE") ?? join(home, ".cache/lakecheck-lab");
  try {
    await buildAll({ cacheDir, progress, signal: stop.signal });
  } catch (error) {
    progress.close();
    if (!(error instanceof BuildError || error instanceof PrerequisiteError)) throw error;
    console.error(error.message);
    Deno.exit(stop.signal.aborted ? 130 : 1);
  }
  Deno.exit(0);
}
