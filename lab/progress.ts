/** Progress for people: each part of a long job with its own seconds, live on a terminal, plain lines elsewhere. */
import process from "node:process";

/** Where progress is written. `write` gets whole lines, or cursor movements when `isTerminal`. */
export type ProgressStream = {
  readonly isTerminal: boolean;
  /** Width in characters; only asked on a terminal. */
  columns(): number;
  write(text: string): void;
};

/** Why a part failed and where to read on. */
export type Failure = {
  /** One sentence: what happened and why. */
  readonly why: string;
  /** The last lines of the part's log, oldest first. */
  readonly lastLines?: readonly string[];
  /** Path of the whole log. */
  readonly log?: string;
  /** What to do next: a command or one sentence. */
  readonly next?: string;
};

/** A running job's progress. Names are unique among the parts that run at one time. */
export type Progress = {
  /** A part begins; its clock starts. */
  start(name: string): void;
  /** A part is done; `note` is a few words about the result. */
  done(name: string, note?: string): void;
  /** A part had nothing to do. Also for parts that never started. */
  skip(name: string, note?: string): void;
  /** A part failed. */
  fail(name: string, failure: Failure): void;
  /** A line that belongs to no part. */
  info(text: string): void;
  /** Stops the live view. Parts that still run are forgotten. Safe to call twice. */
  close(): void;
};

const REDRAW_MS = 500;
const ESC = "\x1b[";

/** Seconds as people read them: `  12.3s`, seven characters wide up to 9999 s. */
export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`.padStart(7);
}

/** The lines that tell of a failed part, the first one beginning with its seconds. */
export function failureLines(name: string, ms: number, failure: Failure): string[] {
  const lines = [`${formatSeconds(ms)}  ${name} failed: ${failure.why}`];
  for (const line of failure.lastLines ?? []) lines.push(`         | ${line}`);
  if (failure.log !== undefined) lines.push(`         Whole log: ${failure.log}`);
  if (failure.next !== undefined) lines.push(`         Next: ${failure.next}`);
  return lines;
}

/** The process's stderr, where progress belongs: stdout is for results. */
export function stderrStream(): ProgressStream {
  return {
    isTerminal: Deno.stderr.isTerminal(),
    columns: () => process.stderr.columns ?? 80,
    write: (text) => writeAll(new TextEncoder().encode(text)),
  };
}

function writeAll(bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += Deno.stderr.writeSync(bytes.subarray(at));
}

/** Starts a progress view on `stream`. `now` is a clock in milliseconds. */
export function createProgress(
  stream: ProgressStream = stderrStream(),
  now: () => number = () => performance.now(),
): Progress {
  const running = new Map<string, number>();
  let drawn = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const erase = () => {
    if (drawn > 0) stream.write(`${ESC}${drawn}A${ESC}J`);
    drawn = 0;
  };
  const draw = () => {
    if (!stream.isTerminal || running.size === 0) return;
    const width = Math.max(20, stream.columns() - 1);
    const lines = [...running].map(([name, at]) =>
      `${formatSeconds(now() - at)}  ${name} ...`.slice(0, width)
    );
    stream.write(lines.join("\n") + "\n");
    drawn = lines.length;
  };
  const print = (lines: readonly string[]) => {
    erase();
    stream.write(lines.join("\n") + "\n");
    draw();
  };
  const tick = () => {
    if (!stream.isTerminal) return;
    if (running.size > 0 && timer === undefined) {
      timer = setInterval(() => (erase(), draw()), REDRAW_MS);
      Deno.unrefTimer(timer);
    } else if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const end = (name: string): number => {
    const started = running.get(name);
    running.delete(name);
    tick();
    return started === undefined ? 0 : now() - started;
  };
  const noted = (name: string, note: string) => note === "" ? name : `${name} ${note}`;

  return {
    start(name) {
      erase();
      running.set(name, now());
      tick();
      draw();
    },
    done: (name, note = "") => print([`${formatSeconds(end(name))}  ${noted(name, note)}`]),
    skip: (name, note = "already there") => (end(name), print([`${"-".padStart(7)}  ${noted(name, note)}`])),
    fail: (name, failure) => print(failureLines(name, end(name), failure)),
    info: (text) => print([text]),
    close() {
      erase();
      running.clear();
      tick();
    },
  };
}
