/** Runs one program: output to a log file, a time limit, and its whole process group ended on abort. */
import { type ChildProcess, spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { readTail } from "./files.ts";

/** What to run and how long it may take. */
export type CommandSpec = {
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The log that stdout (unless captured) and stderr are appended to. */
  readonly log: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** A program that could not be started, failed, was late or was stopped. `message` is one line for people. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(message: string, readonly log: string) {
    super(message);
  }
}

const GRACE_MS = 5_000;

/** Runs to the end; throws {@linkcode CommandError} on any exit but 0, on lateness and on abort. */
export async function runCommand(spec: CommandSpec): Promise<void> {
  await launch(spec, false);
}

/** As {@linkcode runCommand}, and returns stdout as text. */
export async function captureCommand(spec: CommandSpec): Promise<string> {
  return await launch(spec, true);
}

async function launch(spec: CommandSpec, capture: boolean): Promise<string> {
  const [program] = spec.argv;
  if (program === undefined) throw new TypeError("argv must name a program");
  spec.signal.throwIfAborted();
  const child = start(spec, capture);
  const chunks: Uint8Array[] = [];
  child.stdout?.on("data", (chunk: Uint8Array) => chunks.push(chunk));

  const timers: ReturnType<typeof setTimeout>[] = [];
  const stop = () => {
    killGroup(child, "SIGTERM");
    timers.push(setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS));
  };
  let late = false;
  timers.push(setTimeout(() => (late = true, stop()), spec.timeoutMs));
  spec.signal.addEventListener("abort", stop, { once: true });
  try {
    const end = await ended(child);
    if (spec.signal.aborted) throw new CommandError(`${program} was stopped`, spec.log);
    if (late) throw new CommandError(`${program} took longer than ${spec.timeoutMs / 1000} s`, spec.log);
    if (end !== "exit 0") throw new CommandError(`${describe(spec.argv)} ended with ${end}`, spec.log);
    return new TextDecoder().decode(Buffer.concat(chunks));
  } finally {
    spec.signal.removeEventListener("abort", stop);
    timers.forEach(clearTimeout);
    if (late || spec.signal.aborted) killGroup(child, "SIGKILL");
  }
}

function start(spec: CommandSpec, capture: boolean): ChildProcess {
  const [program = "", ...args] = spec.argv;
  const fd = openSync(spec.log, "a");
  try {
    // A process group of its own: its children end with it, and a terminal's Ctrl-C reaches only us.
    return spawn(program, args, {
      detached: true,
      cwd: spec.cwd,
      env: { ...Deno.env.toObject(), ...spec.env },
      stdio: ["ignore", capture ? "pipe" : fd, fd],
    });
  } finally {
    closeSync(fd);
  }
}

/** Resolves with "exit N", "signal NAME" or why the program could not be started. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ? `signal ${signal}` : `exit ${code}`));
  });
}

function killGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    Deno.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left, which is what was wanted.
  }
}

function describe(argv: readonly string[]): string {
  const text = argv.slice(0, 3).join(" ");
  return argv.length > 3 ? `${text} ...` : text;
}

/** The last `count` lines of a log that say anything, for showing after a failure. Empty when it can't be read. */
export function lastLines(log: string, count = 15): string[] {
  return readTail(log, 16_384).split("\n").map((line) => line.trimEnd()).filter((line) => line !== "").slice(
    -count,
  );
}
