/** The tasks of deno.json and their rights, for tests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rightsIn } from "../../tools/rights_table.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The command of each task, by name. */
export function tasks(): Record<string, string> {
  const { tasks } = JSON.parse(readFileSync(`${ROOT}/deno.json`, "utf8")) as {
    tasks: Record<string, { command: string }>;
  };
  return Object.fromEntries(Object.entries(tasks).map(([name, { command }]) => [name, command]));
}

/** What the task may do, and to what: `net` with an empty text is the whole network. */
export function rightsOf(name: string): Map<string, string> {
  const command = tasks()[name];
  if (command === undefined) throw new Error(`there is no task ${name}`);
  return rightsIn(command);
}
