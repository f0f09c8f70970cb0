/** The ways a run can end early. Everything else that is thrown is our own bug (exit 3). */
import type { Failure } from "./model.ts";

/** What the user gave cannot be used; the message says what, why and what to do next. Exit 3. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * What was asked needs a right of Deno's that the task does not have: to start a program, or to write a file. `message`
 * says for what; the task to use instead is added by lib/cli/main.ts, which knows the command. Exit 3.
 */
export class LacksRight extends UsageError {
  override name = "LacksRight";
  constructor(readonly right: "run" | "write", message: string) {
    super(message);
  }
}

/** A source could not be read; makes its checks `unknown` and nothing else. */
export class CannotLook extends Error {
  override name = "CannotLook";
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** The user pressed Ctrl-C. Exit 130, after undoing. */
export class Interrupted extends Error {
  override name = "Interrupted";
}
