/** The two streams: the report on stdout, everything said about the run on stderr. */
import { systemReason } from "../disk/atomic_file.ts";
import { UsageError } from "../engine/errors.ts";
import { cleanLine, oneLine } from "../redact/mod.ts";

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

/** The only code that writes to stderr. As it is: what is in `text` from elsewhere has been cleaned. */
export function writeStderr(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
}

/**
 * Lines on stderr; nothing depends on their being read. Names in them come from the cluster: control sequences are taken
 * out as in reports, and each stays one line. Blanks at its beginning are kept.
 */
export function note(...lines: string[]): void {
  try {
    writeStderr(lines.map((line) => `${cleanLine(line)}\n`).join(""));
  } catch {
    // Nobody listens.
  }
}

/**
 * Shows a line on a terminal's stderr if the wait is long enough to notice; call the result to take it away. It is
 * cleaned, and cut to the width of the terminal: what is longer could not be taken away again.
 */
export function progress(line: string): () => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    writeStderr(oneLine(line, columns() - 1));
  }, 300);
  return () => {
    clearTimeout(timer);
    if (shown) writeStderr("\r\x1b[K");
  };
}

function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return PIPE_WIDTH;
  }
}

/** Columns of what goes to a file or a pipe. */
export const PIPE_WIDTH = 80;

/** Columns to fill. Long lines are hard to read, so a wide terminal is not filled. */
export function terminalWidth(): number {
  if (!Deno.stdout.isTerminal()) return PIPE_WIDTH;
  try {
    return Math.min(120, Math.max(40, Deno.consoleSize().columns));
  } catch {
    return PIPE_WIDTH;
  }
}

/** Whether colours are welcome: on a terminal that has them, unless NO_COLOR (no-color.org) is set. */
export function terminalColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}
