/** The two streams: the report on stdout, everything said about the run on stderr. */
import { systemReason } from "./atomic_file.ts";
import { UsageError } from "./errors.ts";

/** Writes all of it to stdout. A reader that went away (`| head`) has seen what it wanted: no error. */
export async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new UsageError(
      `Cannot write to stdout: ${systemReason(error)}. Give --output-file a path to write to.`,
    );
  }
}

/** One line on stderr; nothing depends on its being read. */
export function note(line: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  } catch {
    // Nobody listens.
  }
}

/** Shows a line on a terminal's stderr if the wait is long enough to notice; call the result to take it away. */
export function progress(line: string): () => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    write(line);
  }, 300);
  return () => {
    clearTimeout(timer);
    if (shown) write("\r\x1b[K");
  };
}

/** Columns to fill. Long lines are hard to read, so a wide terminal is not filled; a pipe gets 100. */
export function terminalWidth(): number {
  if (!Deno.stdout.isTerminal()) return 100;
  try {
    return Math.min(120, Math.max(40, Deno.consoleSize().columns));
  } catch {
    return 80;
  }
}

/** Whether colours are welcome: on a terminal that has them, unless NO_COLOR (no-color.org) is set. */
export function terminalColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}
