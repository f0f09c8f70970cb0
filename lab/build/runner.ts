/** Runs parts in the order of their needs, two at a time, and skips those whose stamp says that nothing changed. */
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { captureCommand, CommandError, type CommandSpec, lastLines, runCommand } from "./command.ts";
import { BUILD_MARK } from "./leftovers.ts";
import { exists, removeAll, sha256Text, writeWhole } from "./files.ts";

/** What a part may say about a program it runs; the rest comes from the part itself. */
export type RunOptions = Partial<Pick<CommandSpec, "cwd" | "env" | "timeoutMs">>;

/** What a running part gets. */
export type PartContext = {
  readonly cacheDir: string;
  /** An empty directory on the cache's file system, removed afterwards; outputs are renamed out of it. */
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** Runs a program with its output in the part's log. Throws when it fails. */
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<void>;
  /** Runs a program and returns its stdout. Throws when it fails. */
  readonly capture: (argv: readonly string[], options?: RunOptions) => Promise<string>;
};

/** One step of the build. */
export type Part = {
  readonly name: string;
  /** What it mostly waits for: the network or the processor. One of each runs side by side. */
  readonly kind: "fetch" | "build";
  /** Names of parts that must be finished before. */
  readonly needs: readonly string[];
  /** Everything that decides what the part makes: pins, flags, sources. Texts, hashed into the stamp. */
  readonly inputs: readonly string[];
  /** Paths below the cache that are there when the part is done. */
  readonly outputs: readonly string[];
  /** Only other parts use what it makes: it runs when one of those must run. */
  readonly intermediate?: boolean;
  readonly timeoutMs: number;
  /** Does the work and returns a few words about it. */
  readonly run: (context: PartContext) => Promise<string>;
};

/** Seconds that each part took when it last ran. */
export type Timings = Record<string, number>;

/** How a run ended. `failed` names the part; the progress view has said the rest. */
export type RunResult =
  | { readonly ok: true; readonly ran: readonly string[]; readonly timings: Timings }
  | { readonly ok: false; readonly failed: string; readonly why: string };

/** Parts in an order that satisfies their needs, otherwise as given. Throws on unknown names, doubles and cycles. */
export function orderParts(parts: readonly Part[]): Part[] {
  const byName = new Map(parts.map((part) => [part.name, part]));
  if (byName.size !== parts.length) throw new TypeError("two parts have the same name");
  const ordered: Part[] = [];
  const state = new Map<string, "open" | "closed">();
  const visit = (part: Part, path: readonly string[]) => {
    if (state.get(part.name) === "closed") return;
    if (state.get(part.name) === "open") throw new TypeError(`parts need each other: ${path.join(" > ")}`);
    state.set(part.name, "open");
    for (const need of part.needs) {
      const needed = byName.get(need);
      if (needed === undefined) throw new TypeError(`part ${part.name} needs ${need}, which does not exist`);
      visit(needed, [...path, need]);
    }
    state.set(part.name, "closed");
    ordered.push(part);
  };
  for (const part of parts) visit(part, [part.name]);
  return ordered;
}

/** The hash of a part's own inputs and of everything below it, by part name. */
export function hashParts(parts: readonly Part[]): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const part of orderParts(parts)) {
    const below = part.needs.map((need) => hashes.get(need));
    hashes.set(part.name, sha256Text(JSON.stringify([part.name, part.inputs, part.outputs, below])));
  }
  return hashes;
}

/** The parts that must run, in order: those not fresh, and what these need and is not there. */
export function partsToRun(parts: readonly Part[], isFresh: (part: Part) => boolean): Part[] {
  const ordered = orderParts(parts);
  const wanted = new Set<string>();
  for (const part of ordered.toReversed()) {
    if (isFresh(part)) continue;
    if (!part.intermediate || wanted.has(part.name)) {
      wanted.add(part.name);
      for (const need of part.needs) wanted.add(need);
    }
  }
  return ordered.filter((part) => wanted.has(part.name) && !isFresh(part));
}

/** The next part to start: of the kind that does not run yet if there is one, else the first that is ready. */
export function nextPart(
  waiting: readonly Part[],
  running: readonly Part[],
  open: ReadonlySet<string>,
): Part | undefined {
  if (running.length >= 2) return undefined;
  const ready = waiting.filter((part) => part.needs.every((need) => !open.has(need)));
  return ready.find((part) => running.every((other) => other.kind !== part.kind)) ?? ready[0];
}

type Stamp = { readonly hash: string; readonly seconds: number };

function readStamp(cacheDir: string, part: Part): Stamp | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(stampPath(cacheDir, part.name))) as Stamp;
  } catch {
    return undefined;
  }
}

function stampPath(cacheDir: string, name: string): string {
  return join(cacheDir, "stamps", `${fileName(name)}.json`);
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, "_");
}

/** Runs what is not fresh. Never throws for a part that fails: the result and the progress view say so. */
export async function runParts(
  parts: readonly Part[],
  context: { readonly cacheDir: string; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<RunResult> {
  const { cacheDir, progress } = context;
  const hashes = hashParts(parts);
  const stamps = new Map(parts.map((part) => [part.name, readStamp(cacheDir, part)]));
  const isFresh = (part: Part) =>
    stamps.get(part.name)?.hash === hashes.get(part.name) &&
    part.outputs.every((output) => exists(join(cacheDir, output)));
  const waiting = partsToRun(parts, isFresh);
  const ran = waiting.map((part) => part.name);
  const open = new Set(ran);
  const timings: Timings = {};
  for (const [name, stamp] of stamps) {
    if (stamp !== undefined && !open.has(name)) timings[name] = stamp.seconds;
  }

  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const running = new Map<Part, Promise<void>>();
  let failed: { failed: string; why: string } | undefined;
  const runOne = async (part: Part) => {
    const started = performance.now();
    try {
      removeAll(stampPath(cacheDir, part.name));
      progress.start(part.name);
      const note = await runPart(part, cacheDir, signal);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const stamp: Stamp = { hash: hashes.get(part.name) ?? "", seconds };
      writeWhole(stampPath(cacheDir, part.name), JSON.stringify(stamp));
      timings[part.name] = seconds;
      open.delete(part.name);
      progress.done(part.name, note);
    } catch (error) {
      if (failed !== undefined || context.signal.aborted) return progress.skip(part.name, "stopped");
      failed = { failed: part.name, why: error instanceof Error ? error.message : String(error) };
      report(progress, part, cacheDir, error, failed.why);
      failure.abort();
    }
  };
  while (!signal.aborted && (waiting.length > 0 || running.size > 0)) {
    const part = nextPart(waiting, [...running.keys()], open);
    if (part === undefined) {
      await Promise.race(running.values());
    } else {
      waiting.splice(waiting.indexOf(part), 1);
      running.set(part, runOne(part).finally(() => running.delete(part)));
    }
  }
  await Promise.all(running.values());
  if (failed !== undefined) return { ok: false, ...failed };
  if (context.signal.aborted) return { ok: false, failed: "", why: "stopped" };
  return { ok: true, ran, timings };
}

function report(progress: Progress, part: Part, cacheDir: string, error: unknown, why: string): void {
  const log = logPath(cacheDir, part.name);
  progress.fail(part.name, {
    why,
    // A program's own last words explain its failure; our own errors explain themselves.
    lastLines: error instanceof CommandError ? lastLines(log) : [],
    log,
  });
}

function logPath(cacheDir: string, name: string): string {
  return join(cacheDir, "logs", `${fileName(name)}.log`);
}

async function runPart(part: Part, cacheDir: string, signal: AbortSignal): Promise<string> {
  const workDir = join(cacheDir, "tmp", fileName(part.name));
  const log = logPath(cacheDir, part.name);
  removeAll(workDir);
  Deno.mkdirSync(workDir, { recursive: true });
  Deno.mkdirSync(join(cacheDir, "logs"), { recursive: true });
  Deno.writeTextFileSync(log, "");
  const spec = (argv: readonly string[], options: RunOptions = {}): CommandSpec => {
    Deno.writeTextFileSync(log, `$ ${argv.join(" ")}\n`, { append: true });
    const env = { ...options.env, [BUILD_MARK]: cacheDir };
    return { argv, cwd: workDir, log, timeoutMs: part.timeoutMs, signal, ...options, env };
  };
  try {
    return await part.run({
      cacheDir,
      workDir,
      signal,
      run: (argv, options) => runCommand(spec(argv, options)),
      capture: (argv, options) => captureCommand(spec(argv, options)),
    });
  } finally {
    removeAll(workDir);
  }
}
