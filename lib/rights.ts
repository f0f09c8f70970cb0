/** Which task of deno.json has a right that another one lacks. Pure. */
import type { Command } from "./cli.ts";

/**
 * What to type instead, with the arguments that were given. A task that ends in `:exec` may start programs, and write
 * what its command writes; one that ends in `:save` may write files, and belongs to a command that only reads.
 */
export function otherTask(
  { name, readsOnly }: Pick<Command, "name" | "readsOnly">,
  right: "run" | "write",
  argv: readonly string[],
): string {
  const ending = right === "run" ? ":exec" : readsOnly ? ":save" : "";
  return [`deno task ${name}${ending}`, ...argv.map(quoted)].join(" ");
}

/** As one word of a shell. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
