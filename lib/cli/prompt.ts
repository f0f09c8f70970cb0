/** Questions on a terminal: yes or no, and a secret that is not shown. What is asked goes to stderr. */
import { Interrupted, UsageError } from "../engine/errors.ts";
import { clean } from "../redact/mod.ts";
import { writeStderr } from "./terminal.ts";

/** What a question needs of the terminal. */
export interface Terminal {
  isTerminal(): boolean;
  read(buffer: Uint8Array): Promise<number | null>;
  /** Raw: no echo, no line editing, and Ctrl-C is a character. */
  setRaw(raw: boolean): void;
  write(text: string): void;
}

/** The process's own: stdin, and stderr for the questions. */
export const ownTerminal: Terminal = {
  isTerminal: () => Deno.stdin.isTerminal(),
  read: (buffer) => Deno.stdin.read(buffer),
  setRaw: (raw) => Deno.stdin.setRaw(raw),
  write: writeStderr,
};

/** A line that is being typed without echo. */
export interface Line {
  readonly text: string;
  /** The escape sequence that is under way, such as of an arrow key. */
  readonly sequence: string;
  /** Inside a bracketed paste, where line breaks are content. */
  readonly pasting: boolean;
  readonly state: "open" | "entered" | "ended" | "interrupted" | "too long";
}

export const emptyLine: Line = { text: "", sequence: "", pasting: false, state: "open" };

/** UTF-16 units of a line; Kubernetes takes no Secret of more than 1 MiB. */
const LONGEST = 1_048_576;
const [CTRL_C, CTRL_D, CTRL_U, ESCAPE] = ["\x03", "\x04", "\x15", "\x1b"];
const PASTE = { on: "\x1b[?2004h", off: "\x1b[?2004l", begins: "\x1b[200~", ends: "\x1b[201~" };
/** CSI up to its last byte, SS3 with one more, and two-byte sequences. */
// deno-lint-ignore no-control-regex
const COMPLETE = /^\x1b(?:\[[0-?]*[ -/]*[^0-?\x20-/]|O.|[^[O])$/su;

/**
 * The line after more input: Enter ends it where it is `whole`, else it is a line break in it; so does Ctrl-D,
 * Ctrl-C interrupts, Backspace and Ctrl-U delete, other keys do nothing. What follows the end is dropped: it was
 * pasted by mistake and belongs to nobody.
 */
export function typed(line: Line, input: string, whole: (text: string) => boolean = () => true): Line {
  let { text, sequence, pasting, state } = line;
  for (const key of input) {
    if (state !== "open") break;
    if (key === ESCAPE) sequence = key;
    else if (sequence !== "" && key >= " ") {
      sequence = sequence.length > 32 ? "" : sequence + key;
      if (!COMPLETE.test(sequence)) continue;
      if (sequence === PASTE.begins) pasting = true;
      if (sequence === PASTE.ends) pasting = false;
      sequence = "";
    } else if (key === "\r" || key === "\n") {
      if (!pasting && whole(text)) state = "entered";
      else text += "\n";
    } else if (key >= " " && key !== "\x7f" || key === "\t") text += key;
    else if (key === CTRL_C) state = "interrupted";
    else if (key === CTRL_D) state = "ended";
    else if (key === CTRL_U) text = "";
    else if (key === "\x7f" || key === "\b") text = text.replace(/.$/su, "");
    if (text.length > LONGEST) state = "too long";
  }
  return { text, sequence, pasting, state };
}

/**
 * Asks for a secret, which is not shown; Ctrl-D or the end of input gives what was typed so far, maybe nothing.
 * `whole` says of a text at Enter whether it can be all, for what may have several lines. The terminal is as
 * before afterwards. Throws Interrupted on Ctrl-C, UsageError when stdin is not a terminal or it gets too long.
 */
export async function secret(
  question: string,
  { terminal = ownTerminal, whole }: { terminal?: Terminal; whole?: (text: string) => boolean } = {},
): Promise<string> {
  if (!terminal.isTerminal()) throw new UsageError(`Cannot ask "${question}": stdin is not a terminal.`);
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  let line = emptyLine;
  terminal.setRaw(true);
  try {
    terminal.write(`${PASTE.on}${clean(question)} `);
    while (line.state === "open") {
      const count = await terminal.read(buffer);
      line = count === null
        ? { ...line, state: "ended" }
        : typed(line, decoder.decode(buffer.subarray(0, count), { stream: true }), whole);
    }
  } finally {
    terminal.setRaw(false);
    terminal.write(`${PASTE.off}\n`);
  }
  if (line.state === "interrupted") throw new Interrupted("interrupted at a question");
  if (line.state === "too long") {
    throw new UsageError(
      "What was pasted is longer than 1 MiB, and no secret of Connect is. Give it as a file.",
    );
  }
  return line.text;
}

/**
 * Goes on only after a yes, or with the flag that means it (default: --yes). Throws UsageError when the answer is no, and when nobody can be asked: stdin is
 * no terminal. `asks` says why, as a sentence without its full stop; nothing was done before.
 */
export async function requireYes(
  { yes, flag = "--yes", asks, question, nothing = "Nothing was changed." }: {
    yes: boolean;
    flag?: string;
    asks: string;
    question: string;
    nothing?: string;
  },
  terminal: Terminal = ownTerminal,
): Promise<void> {
  if (yes) return;
  if (!terminal.isTerminal()) {
    throw new UsageError(
      `${asks}, and stdin is no terminal. If that is meant, run it again with ${flag}. ${nothing}`,
    );
  }
  if (!await ask(question, terminal)) throw new UsageError(`Not confirmed. ${nothing}`);
}

/**
 * Asks for yes or no; anything else is asked again, twice at most, and then it is no, as with Enter and Ctrl-D.
 * Throws UsageError when stdin is not a terminal. Ctrl-C is the signal that it always is.
 */
export async function ask(question: string, terminal: Terminal = ownTerminal): Promise<boolean> {
  if (!terminal.isTerminal()) {
    throw new UsageError(`Cannot ask "${question}": stdin is not a terminal. Give --yes to answer yes.`);
  }
  const buffer = new Uint8Array(4096);
  for (let tries = 0; tries < 3; tries++) {
    terminal.write(`${clean(question)} [y/N] `);
    const count = await terminal.read(buffer);
    if (count === null) {
      terminal.write("\n");
      return false;
    }
    const answer = new TextDecoder().decode(buffer.subarray(0, count)).trim().toLowerCase();
    if (answer === "y" || answer === "yes") return true;
    if (answer === "" || answer === "n" || answer === "no") return false;
    terminal.write("Answer y or n.\n");
  }
  return false;
}
