/** Which task of deno.json has a right that another one lacks. Pure. */
import type { Command } from "../command.ts";
import type { ShellCommand } from "../engine/model.ts";
import { command, words } from "../untrusted/shell.ts";

/**
 * What to type instead, with the arguments that were given. A task that ends in `:exec` may start programs, and write
 * what its command writes; one that ends in `:save` may write files, and belongs to a command that only reads.
 */
export function otherTask(
  { name, readsOnly }: Pick<Command, "name" | "readsOnly">,
  right: "run" | "write",
  argv: readonly string[],
): ShellCommand {
  const task = `${name}${right === "run" ? ":exec" : readsOnly ? ":save" : ""}`;
  return argv.length === 0 ? command`deno task ${task}` : command`deno task ${task} ${words(...argv)}`;
}
