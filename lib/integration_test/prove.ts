/** Runs a generated test, and says which of its tests failed, and how. */
import { CannotLook, Interrupted } from "../engine/errors.ts";
import { parseJson } from "../untrusted/json.ts";
import { quote } from "../redact/mod.ts";
import { LOCKED, startableDeno } from "./deno.ts";

export interface TestRun {
  passed: string[];
  /** Titles, with whether it was an assertion that failed. */
  failed: { title: string; asserted: boolean; message: string }[];
}

export interface RunTest {
  /** The root of the repository, where deno.json is. */
  root: string;
  file: string;
  env: Readonly<Record<string, string>>;
  /** Leave the types alone: they were checked. */
  noCheck: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Runs `deno test` on the file. CannotLook when it gave no result, Interrupted when the signal was aborted: the test is
 * told by SIGTERM, and waited for, so that it takes back what it made.
 */
export async function runTest({ root, file, env, noCheck, timeoutMs, signal }: RunTest): Promise<TestRun> {
  signal.throwIfAborted();
  const command = new Deno.Command(startableDeno() ?? Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-prompt",
      "--quiet",
      ...LOCKED,
      "--reporter=tap",
      ...noCheck ? ["--no-check"] : [],
      file,
    ],
    cwd: root,
    env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // Ctrl-C on a terminal goes to a whole group of processes; the test is to hear of it from here.
    detached: true,
  });
  const child = command.spawn();
  const stop = () => end(child);
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const { stdout, stderr } = await child.output();
    if (signal.aborted) {
      throw signal.reason instanceof Interrupted ? signal.reason : new Interrupted("interrupted");
    }
    const run = tapRun(new TextDecoder().decode(stdout));
    if (run) return run;
    const why = quote(lastLine(new TextDecoder().decode(stderr)), [], 300) ||
      `nothing came within ${timeoutMs / 1000} s`;
    throw new CannotLook({
      kind: "malformed",
      message: `the generated test could not be run: ${why}. Next: deno check lib/integration_test/look.ts`,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended.
  }
}

/** Reads TAP (testanything.org) as Deno writes it; undefined when it is not whole. */
export function tapRun(text: string): TestRun | undefined {
  const plan = /^1\.\.(\d+)$/m.exec(text);
  if (!plan) return undefined;
  const run: TestRun = { passed: [], failed: [] };
  for (const [, not, title = "", , details = ""] of text.matchAll(LINE)) {
    if (!not) run.passed.push(plain(title));
    else run.failed.push({ title: plain(title), ...messageOf(details) });
  }
  return run.passed.length + run.failed.length === Number(plan[1]) ? run : undefined;
}

/** A result, and the JSON that follows it when it is a failure. */
const LINE = /^(not )?ok \d+ - (.*)\n(\s+---\n\s+(\{.*\})\n)?/gm;

const plain = (title: string) => title.replace(/\\([\\#])/g, "$1");

function messageOf(json: string): { asserted: boolean; message: string } {
  try {
    const { message } = parseJson(json) as { message?: unknown };
    const text = typeof message === "string" ? message : "";
    return {
      asserted: text.startsWith("AssertionError"),
      message: quote(text.split("\n")[0] ?? "", [], 500),
    };
  } catch {
    return { asserted: false, message: "" };
  }
}

function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
}
