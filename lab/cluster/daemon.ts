import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isCode, type LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { CLEAN_ENV, spawnDetached, waitFor } from "../process.ts";
import { daemonCgroup, pidsIn } from "./cgroups.ts";
import { inNamespace } from "./network.ts";

/** A long-running process of the lab, kept up by supervise.sh in a cgroup of its own. */
export interface Daemon {
  name: string;
  version: string;
  /** Command line; the first word is an absolute path. Runs in the lab's network namespace. */
  argv: string[];
  env?: Record<string, string>;
  /** Files that the daemon reads at its start: when one changes, `up` restarts it. */
  files: string[];
  /** True once the daemon does its work. */
  ready(): Promise<boolean>;
  /** How long it may take to be ready, in milliseconds. */
  readyMs: number;
  /** What it stands in for, if it is not the thing itself: words for people. */
  standIn?: string;
}

const SUPERVISOR = new URL("./supervise.sh", import.meta.url).pathname;

function exitsFile(ctx: LabContext, name: string): string {
  return join(ctx.dir, "daemons", `${name}.exits`);
}

function fingerprintFile(ctx: LabContext, name: string): string {
  return join(ctx.dir, "daemons", `${name}.fingerprint`);
}

/** Path of a daemon's log. */
export function daemonLog(ctx: LabContext, name: string): string {
  return join(ctx.log, `${name}.log`);
}

function fingerprint(daemon: Daemon): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([daemon.argv, daemon.env ?? {}]));
  const binary = statSync(daemon.argv[0] ?? "", { bigint: true });
  hash.update(`${binary.size} ${binary.mtimeNs}`);
  for (const file of daemon.files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return "";
    throw error;
  }
}

function supervisorOf(ctx: LabContext, name: string): number | undefined {
  return pidsIn(daemonCgroup(ctx, name)).find((pid) => commandLine(pid).includes(SUPERVISOR));
}

/** How often a daemon has exited since it was started. */
export function exitCount(ctx: LabContext, name: string): number {
  const file = exitsFile(ctx, name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

/** Whether a daemon is kept running, seen from its cgroup: no pid is stored, so none can be mistaken for another's. */
export function isRunning(ctx: LabContext, name: string): boolean {
  return supervisorOf(ctx, name) !== undefined;
}

/** Starts a daemon unless it already runs with the same command line, binary and files. True when it was started. */
export async function startDaemon(ctx: LabContext, daemon: Daemon): Promise<boolean> {
  const binary = daemon.argv[0] ?? "";
  if (!existsSync(binary)) {
    throw new LabError(daemon.name, `${binary} does not exist`, undefined, "deno task lab:up builds it");
  }
  const now = fingerprint(daemon);
  const stored = fingerprintFile(ctx, daemon.name);
  const same = existsSync(stored) && readFileSync(stored, "utf8") === now;
  if (same && isRunning(ctx, daemon.name)) return false;
  await stopDaemon(ctx, daemon.name);
  const cgroup = daemonCgroup(ctx, daemon.name);
  mkdirSync(cgroup, { recursive: true });
  mkdirSync(join(ctx.dir, "daemons"), { recursive: true, mode: 0o700 });
  rmSync(exitsFile(ctx, daemon.name), { force: true });
  const env = { ...CLEAN_ENV, PATH: `${ctx.cache}/bin:${CLEAN_ENV.PATH}`, ...daemon.env };
  const supervise = ["/bin/sh", SUPERVISOR, join(cgroup, "cgroup.procs"), exitsFile(ctx, daemon.name)];
  spawnDetached([...supervise, ...inNamespace(ctx, daemon.argv)], env, daemonLog(ctx, daemon.name));
  await waitFor(() => isRunning(ctx, daemon.name), 2_000, 5);
  writeFileSync(stored, now, { mode: 0o600 });
  return true;
}

/** Waits until a daemon is ready. Throws LabError when it keeps exiting or takes longer than it may. */
export async function awaitDaemon(ctx: LabContext, daemon: Daemon): Promise<void> {
  const log = daemonLog(ctx, daemon.name);
  const before = exitCount(ctx, daemon.name);
  let exits = 0;
  const ended = await waitFor(async () => {
    exits = exitCount(ctx, daemon.name) - before;
    return exits >= 5 || await daemon.ready();
  }, daemon.readyMs);
  if (exits >= 5) throw new LabError(daemon.name, `exits as soon as it starts (${exits} times)`, log);
  if (!ended) throw new LabError(daemon.name, `was not ready within ${daemon.readyMs / 1000} s`, log);
}

/**
 * Stops a daemon and its supervisor; what it left running in its own cgroup is killed. Containers live in other
 * cgroups and go on. Gives it `graceMs` to end by itself. True when something was running.
 */
export async function stopDaemon(ctx: LabContext, name: string, graceMs = 10_000): Promise<boolean> {
  const cgroup = daemonCgroup(ctx, name);
  if (pidsIn(cgroup).length === 0) return false;
  const supervisor = supervisorOf(ctx, name);
  if (supervisor !== undefined) kill(supervisor, "SIGTERM");
  await waitFor(() => supervisorOf(ctx, name) === undefined, supervisor === undefined ? 0 : graceMs);
  await killAll(() => pidsIn(cgroup));
  return true;
}

/** Kills whatever `pids` lists until it lists nothing. Gives back what would not die within five seconds. */
export async function killAll(pids: () => number[]): Promise<number[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const left = pids();
    if (left.length === 0) return [];
    for (const pid of left) kill(pid, "SIGKILL");
    await sleep(50);
  }
  return pids();
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !isCode(error, "ESRCH")) throw error;
  }
}
