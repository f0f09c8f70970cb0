/** How `deno` is started for a task without the task runner: what a shell would put in is put in here. */
import { duckdbDirectory } from "./duckdb_directory.ts";
import { DUCKDB, flags, type Rights, TASKS } from "./tasks.ts";

/** The arguments of `deno` that the task consists of. */
export function taskArguments(name: string): string[] {
  const task = TASKS.get(name);
  if (!task) throw new Error(`there is no task ${name}`);
  return [...task.start, ...rightsArguments(task.rights), task.script, ...task.words];
}

/** These rights as arguments of `deno`. */
export function rightsArguments(rights: Rights): string[] {
  return flags(rights).map((flag) => flag.replace(DUCKDB, () => duckdbDirectory()));
}
