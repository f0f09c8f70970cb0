import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./errors.ts";

/** What a finished command said. */
export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a short command. */
export interface RunOptions {
  stdin?: string;
  /** Limit in milliseconds; the command is killed then and `code` is 124. Default 60000. */
  timeoutMs?: number;
  /** The whole environment; default: the lab's clean one. */
  env?: Record<string, string>;
  cwd?: string;
}

/** Marks the lab's processes in their environment, so that `down` finds those of an `up` that was killed. */
export const MARK = "LAKECHECK_LAB";

/** Environment of every process of the lab: nothing of the caller's proxies, tokens or settings gets in. */
export const CLEAN_ENV: Readonly<Record<string, string>> = {
  [MARK]: "1",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

/** Runs a command to its end. A command that is missing or cannot start gives code 127; never throws for exit codes. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [command, ...args] = argv;
  if (command === undefined) return { code: 127, stdout: "", stderr: "empty command" };
  const signal = AbortSignal.timeout(options.timeoutMs ?? 60_000);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      cwd: options.cwd,
      clearEnv: true,
      env: options.env ?? CLEAN_ENV,
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
  } catch (error) {
    return { code: 127, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
  }
  if (options.stdin !== undefined) await feed(child, options.stdin);
  const output = await child.output();
  const decoder = new TextDecoder();
  const stderr = decoder.decode(output.stderr);
  return {
    code: signal.aborted && output.code !== 0 ? 124 : output.code,
    stdout: decoder.decode(output.stdout),
    stderr: signal.aborted && output.code !== 0
      ? `${stderr}\nkilled after ${options.timeoutMs ?? 60_000} ms`
      : stderr,
  };
}

async function feed(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // A command that exits without reading its input says why on stderr; the broken pipe adds nothing.
  }
}

/** Runs a command that has to succeed; returns its stdout. Throws LabError for `part` with what it said on stderr. */
export async function must(part: string, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-8).join("\n");
  throw new LabError(
    part,
    `${argv.slice(0, 4).join(" ")} ... ended with ${result.code}: ${said || "no output"}`,
  );
}

/** Starts a command that outlives this process, in a session of its own, output appended to `log`. Returns its pid. */
export function spawnDetached(argv: readonly string[], env: Record<string, string>, log: string): number {
  const [command, ...args] = argv;
  if (command === undefined) throw new LabError("process", "empty command");
  if (existsSync(log) && statSync(log).size > 16 * 2 ** 20) renameSync(log, `${log}.1`);
  const fd = openSync(log, "a", 0o600);
  try {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", fd, fd], env, cwd: "/" });
    child.on("error", () => {}); // Seen below as a missing pid.
    child.unref();
    if (child.pid === undefined) throw new LabError("process", `${command} could not be started`, log);
    return child.pid;
  } finally {
    closeSync(fd);
  }
}

/** Last lines of a log, at most `lines` and 4 KiB. Empty when there is no log. */
export function logTail(path: string, lines = 12): string[] {
  try {
    const text = readFileSync(path, "utf8").slice(-4096);
    return text.trimEnd().split("\n").slice(-lines);
  } catch {
    return [];
  }
}

/** Calls `probe` until it gives true or `timeoutMs` is over; false then. */
export async function waitFor(
  probe: () => Promise<boolean> | boolean,
  timeoutMs: number,
  intervalMs = 50,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await probe()) return true;
    if (Date.now() >= end) return false;
    await sleep(intervalMs);
  }
}
