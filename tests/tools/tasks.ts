/** The tasks of deno.json and their rights, for tests. */
import { fileURLToPath } from "node:url";
import { TASKS } from "../../tools/tasks.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The command of each task, by name. */
export function tasks(): Record<string, string> {
  return Object.fromEntries([...TASKS].map(([name, { command }]) => [name, command]));
}

/** What the task may do, and to what: `net` with an empty text is the whole network. */
export function rightsOf(name: string): Map<string, string> {
  const task = TASKS.get(name);
  if (task === undefined) throw new Error(`there is no task ${name}`);
  return new Map(Object.entries(task.rights).map(([right, to]) => [right, to === true ? "" : to.join(",")]));
}
