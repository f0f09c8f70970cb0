/** A process that says things on stderr. Run by terminal.test.ts. */
import { note, progress } from "../../lib/cli/terminal.ts";

const HOSTILE = "a\x1b[2J\x1b]0;t\x07b\x9b31mc\u202ed\u200be\nf";

switch (Deno.args[0]) {
  case "note":
    note("", `  ${HOSTILE}`, "", HOSTILE);
    break;
  case "progress": {
    const done = progress(`${HOSTILE} ${"long ".repeat(100)}`);
    // Timers end in their order: the line is shown before.
    await new Promise((resolve) => setTimeout(resolve, 400));
    done();
    break;
  }
}
