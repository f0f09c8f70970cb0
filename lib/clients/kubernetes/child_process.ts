/** Runs a program of the user to its end, within a time and a size, whatever the program does. */

export interface ChildOptions {
  args: readonly string[];
  /** In place of what the environment has; the rest of it is inherited. */
  env: Record<string, string>;
  /** It may ask on the terminal: stdin is the terminal's, and stderr if that is one. */
  terminal: boolean;
  /** Largest stdout, in bytes. */
  mostBytes: number;
  /** Longest time for all of it; then it is sent SIGTERM. */
  wholeMs: number;
  /** From SIGTERM to SIGKILL; and how long its output is waited for when it has ended. */
  graceMs: number;
}

/** How it ended, and what it printed until then. */
export interface Ended {
  how: "exited" | "late" | "flood";
  code: number;
  stdout: string;
  /** Its last 4 KiB from the begin of a line or word on; absent when it went to the terminal. */
  stderr?: string;
}

const MOST_STDERR_BYTES = 4096;

/**
 * Resolves at most `wholeMs` and twice `graceMs` after the start: a program that ignores SIGTERM is killed, with its
 * whole process group where it has one of its own, and a grandchild that holds the output open is not waited for. What
 * spawning throws is thrown.
 */
export async function runChild(command: string, options: ChildOptions): Promise<Ended> {
  const { args, env, terminal, mostBytes, wholeMs, graceMs } = options;
  const shown = terminal && Deno.stderr.isTerminal();
  const child = new Deno.Command(command, {
    args: [...args],
    env,
    stdin: terminal ? "inherit" : "null",
    stdout: "piped",
    stderr: shown ? "inherit" : "piped",
    // A group of its own can be ended as a whole, but has no terminal.
    detached: !terminal,
  }).spawn();
  const kill = (signal: Deno.Signal) => killAll(child, signal, !terminal);
  const leave = () => kill("SIGTERM");
  globalThis.addEventListener("unload", leave);
  const late = timer(wholeMs);
  const stdout = take(child.stdout, mostBytes, "head");
  const stderr = shown ? undefined : take(child.stderr, MOST_STDERR_BYTES, "tail");
  try {
    const how = await Promise.race([
      child.status.then(() => "exited" as const),
      late.over.then(() => "late" as const),
      stdout.full.then(() => "flood" as const),
    ]);
    if (how !== "exited") await endChild(child, kill, graceMs);
    const drained = timer(graceMs);
    await Promise.race([Promise.all([stdout.done, stderr?.done]), drained.over, stdout.full]);
    drained.clear();
    const flood = how === "exited" && stdout.isFull();
    return {
      how: flood ? "flood" : how,
      code: how === "exited" ? (await child.status).code : -1,
      stdout: stdout.text(),
      ...stderr ? { stderr: stderr.text() } : {},
    };
  } finally {
    globalThis.removeEventListener("unload", leave);
    late.clear();
    await Promise.all([stdout.stop(), stderr?.stop()]);
  }
}

async function endChild(
  child: Deno.ChildProcess,
  kill: (signal: Deno.Signal) => void,
  graceMs: number,
): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    kill(signal);
    const grace = timer(graceMs);
    const ended = await Promise.race([child.status.then(() => true), grace.over.then(() => false)]);
    grace.clear();
    // Its children may go on without it.
    if (ended && signal === "SIGTERM") kill("SIGKILL");
    if (ended) return;
  }
  // Not even SIGKILL ends what waits for a device.
  child.unref();
}

/** The whole group if it is one of its own and this task may signal it; else the child alone. */
function killAll(child: Deno.ChildProcess, signal: Deno.Signal, group: boolean): void {
  try {
    if (group) return Deno.kill(-child.pid, signal);
  } catch {
    // It has ended, or --allow-run names programs: then only the child itself may be signalled.
  }
  try {
    child.kill(signal);
  } catch {
    // It has ended.
  }
}

interface Taken {
  /** Resolves when the stream ends or breaks. */
  done: Promise<void>;
  /** Resolves when there was more than may be kept; never otherwise. */
  full: Promise<void>;
  isFull(): boolean;
  text(): string;
  /** Reads no more. */
  stop(): Promise<void>;
}

/** Reads a stream: the head of it and no more, or all of it while its tail is kept. */
function take(stream: ReadableStream<Uint8Array>, most: number, keep: "head" | "tail"): Taken {
  const reader = stream.getReader();
  const full = Promise.withResolvers<void>();
  const pieces: Uint8Array[] = [];
  let size = 0;
  let over = false;
  const read = async () => {
    while (!(over && keep === "head")) {
      const { done, value } = await reader.read();
      if (done) return;
      pieces.push(value);
      size += value.length;
      if (size <= most) continue;
      over = true;
      full.resolve();
      for (let first = pieces[0]; first && size - first.length >= most; first = pieces[0]) {
        size -= first.length;
        pieces.shift();
      }
    }
  };
  return {
    done: read().catch(() => {}),
    full: full.promise,
    isFull: () => over,
    text() {
      const text = decode(pieces);
      if (!over || keep === "head") return text;
      // What is left of a word whose begin was dropped might be the end of a secret.
      return text.slice(-most).replace(/^\S*/, "");
    },
    stop: () => reader.cancel().catch(() => {}),
  };
}

function decode(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

function timer(ms: number): { over: Promise<void>; clear(): void } {
  const over = Promise.withResolvers<void>();
  const id = setTimeout(over.resolve, ms);
  return { over: over.promise, clear: () => clearTimeout(id) };
}
