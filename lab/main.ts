import { type FlagTable, parseFlags } from "../lib/cli/flags.ts";
import { UsageError } from "../lib/engine/errors.ts";
import { buildAll, BuildError } from "./build/mod.ts";
import { PrerequisiteError } from "./build/prerequisites.ts";
import { claimLab, findLab, type LabContext, SLOTS, stateSlot, takenSlots } from "./context.ts";
import { startCluster, stopCluster } from "./cluster/mod.ts";
import { LabError } from "./errors.ts";
import { breakFault, repairFault } from "./faults/mod.ts";
import { installPlatform } from "./platform/mod.ts";
import { removeLock, withLock } from "./lock.ts";
import { layoutOf, LAYOUTS, noteLayout, USUAL } from "./layout.ts";
import { own } from "../lib/untrusted/lookup.ts";
import { existsSync, mkdirSync } from "node:fs";
import { createProgress, formatSeconds, type Progress } from "./progress.ts";
import { showStatus } from "./status.ts";

const FLAGS: Readonly<Record<string, FlagTable>> = {
  status: { json: { help: "one JSON document" } },
  up: { layout: { help: "what the platform is called", value: "NAME", choices: Object.keys(LAYOUTS) } },
};

const EXIT = { ok: 0, notReady: 1, failed: 3, interrupted: 130 } as const;

const HELP = `The real platform on one machine. Needs Linux and root.

Usage:
  deno task lab:up [--layout NAME] | lab:down | lab:status [--json]
  deno task lab:break FAULT | lab:repair [FAULT]

  up      builds what is missing, starts the cluster, installs the platform;
          run again it changes nothing; --layout other-names gives other names,
          a namespace and ports of its own to the platform (faults need the usual one)
  down    removes everything but what was built
  status  shows every part with its version and state, and what is a stand-in
  break   breaks it on purpose; lab:break --list shows how
  repair  undoes that

Exit status:
  0    done; status: every part is ready
  1    status: a part is not ready
  3    failed
  130  interrupted
`;

/** Says in one sentence why this machine can't have a lab, or undefined when it can. */
function unfit(): string | undefined {
  if (Deno.build.os !== "linux") {
    return `The lab runs on Linux only, and this is ${Deno.build.os}. Use a Linux machine.`;
  }
  if (Deno.uid() === 0) return undefined;
  return "The lab makes network namespaces and mounts, and for these it needs root. Run the command again with sudo.";
}

function claim(): LabContext {
  const ctx = claimLab();
  if (ctx) return ctx;
  const next = `take one down: ${[...takenSlots().values()].join(", ")}`;
  throw new LabError("lab", `this machine holds ${SLOTS} labs already`, undefined, next);
}

/** How Ctrl-C reaches the work: the build must end its programs first, all else can be left as it is. */
interface Stop {
  controller: AbortController;
  /** How long the work may take to end after Ctrl-C, in milliseconds. */
  unwindMs: number;
}

/** Runs all; the first that fails stops the others. The platform waits by itself for what it needs of the cluster. */
async function sideBySide(
  signal: AbortSignal,
  works: ((stop: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(works.map((work) =>
    work(stop).catch((error) => {
      failed.abort(error);
      throw error;
    })
  ));
  if (failed.signal.aborted) throw failed.signal.reason;
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected) throw rejected.reason;
}

async function up(progress: Progress, stop: Stop, asked: string | undefined): Promise<number> {
  const { signal } = stop.controller;
  const begun = performance.now();
  const ctx = claim();
  chooseLayout(ctx, asked);
  await withLock(ctx, async () => {
    stop.unwindMs = 6_000;
    await buildAll({ cacheDir: ctx.cache, progress, signal });
    signal.throwIfAborted();
    stop.unwindMs = 0;
    await sideBySide(signal, [
      () => startCluster(ctx, progress),
      (stop) => installPlatform(ctx, progress, stop),
    ]);
  });
  progress.info(`${formatSeconds(performance.now() - begun)}  in all. export KUBECONFIG=${ctx.kubeconfig}`);
  return EXIT.ok;
}

/** A platform keeps the layout that it was installed with. Throws LabError. */
function chooseLayout(ctx: LabContext, asked: string | undefined): void {
  if (asked === undefined) return;
  mkdirSync(ctx.dir, { recursive: true, mode: 0o700 });
  const layout = own(LAYOUTS, asked) ?? USUAL;
  const before = layoutOf(ctx);
  if (before.name !== layout.name && existsSync(ctx.kubeconfig)) {
    throw new LabError(
      "lab",
      `this lab has the layout ${before.name}, and a platform keeps its names`,
      undefined,
      "deno task lab:down",
    );
  }
  noteLayout(ctx, layout);
}

async function down(progress: Progress): Promise<number> {
  const ctx = findLab() ?? (stateSlot() === undefined ? undefined : claim());
  if (!ctx) {
    progress.info("There is no lab of this checkout: nothing to take down.");
    return EXIT.ok;
  }
  await withLock(ctx, async () => {
    for (const line of await stopCluster(ctx)) progress.info(`removed ${line}`);
    removeLock(ctx);
  });
  progress.info(`The lab is gone. What was built stays in ${ctx.cache}.`);
  return EXIT.ok;
}

async function status(json: boolean): Promise<number> {
  const ctx = findLab();
  return await showStatus(ctx, json) ? EXIT.ok : EXIT.notReady;
}

async function command(argv: readonly string[], progress: Progress, stop: Stop): Promise<number> {
  const [name = "--help", ...rest] = argv;
  const asks = ["--help", "-h", "--list"].some((word) => rest.includes(word));
  const why = unfit();
  // Reading about faults needs neither Linux nor root.
  if (name === "break" && (asks || !why)) return await breakFault(findLab(), rest);
  if (name === "repair" && (asks || !why)) return await repairFault(findLab(), rest);
  const flags: FlagTable = own(FLAGS, name) ?? {};
  const given = parseFlags(rest, flags, `lab:${name}`);
  if (name === "--help" || name === "-h" || given.has("help")) {
    console.log(HELP.trimEnd());
    return EXIT.ok;
  }
  if (why) throw new UsageError(why);
  if (name === "up") return await up(progress, stop, given.get("layout"));
  if (name === "down") return await down(progress);
  if (name === "status") return await status(given.has("json"));
  throw new UsageError(`lab/main.ts knows no command ${name}. It knows up, down, status, break and repair.`);
}

/** What to tell a person about an error. */
function tell(error: unknown): string {
  if (error instanceof LabError) {
    return [error.message, error.next && `Next: ${error.next}`].filter(Boolean).join("\n");
  }
  if (error instanceof UsageError || error instanceof BuildError || error instanceof PrerequisiteError) {
    return error.message;
  }
  const what = error instanceof Error ? error.message : String(error);
  return `The lab has a bug: ${what}\nWith LAKECHECK_DEBUG=1 the error says where it came from.`;
}

/** What Ctrl-C leaves, and what to do next. */
function interrupted(command: string | undefined): string {
  if (command === "break" || command === "repair") {
    return "\nInterrupted; the fault may be on in part. Next: deno task lab:repair";
  }
  return "\nInterrupted. What was built is kept. Next: deno task lab:up goes on, deno task lab:down takes it away.";
}

async function main(): Promise<number> {
  const stop: Stop = { controller: new AbortController(), unwindMs: 0 };
  const progress = createProgress();
  const leave = () => {
    progress.close();
    console.error(interrupted(Deno.args[0]));
    Deno.exit(EXIT.interrupted);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      stop.controller.abort();
      setTimeout(leave, stop.unwindMs);
    });
  }
  try {
    const code = await command(Deno.args, progress, stop);
    progress.close();
    return code;
  } catch (error) {
    if (stop.controller.signal.aborted) leave();
    progress.close();
    console.error(tell(error));
    if (Deno.env.get("LAKECHECK_DEBUG")) console.error(error);
    return EXIT.failed;
  }
}

if (import.meta.main) Deno.exit(await main());
