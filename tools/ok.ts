/** `deno task ok`: everything that must be so before a change is done, one step after the other. */
import { type Tool, toolArguments } from "../lib/cli/tool.ts";
import { build } from "./kustomize.ts";
import { registered } from "./registered.ts";
import { structure } from "./structure.ts";
import { taskArguments } from "./task_arguments.ts";
import { LOCKED } from "../lib/integration_test/deno.ts";

interface Step {
  name: string;
  /** Throws, or gives false, when it is not so; says why on the screen. */
  run(): Promise<boolean>;
}

const STEPS: Step[] = [
  { name: "format", run: () => deno("fmt", "--check", "--quiet") },
  { name: "lint", run: () => deno("lint", "--quiet") },
  { name: "structure", run: () => structure() },
  { name: "registered", run: registered },
  { name: "types", run: () => deno("check", "--quiet", ...LOCKED, ".") },
  { name: "doc tests", run: () => deno("test", "--doc", "--quiet", "--permit-no-files", ...LOCKED, "lib") },
  { name: "generated files", run: () => deno(...taskArguments("generate"), "--check") },
  { name: "kubernetes directories", run: build },
];

async function deno(...args: string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), { args, stdin: "null", env: { NO_COLOR: "1" } });
  const { success, signal } = await command.spawn().status;
  if (signal === null) return success;
  // Deno's linter crashes now and then while plugins run; that says nothing of the code, and the next run does.
  console.error(`deno ${args[0]} was ended by ${signal}; once more`);
  return (await command.spawn().status).success;
}

/** Runs every step, also after one that failed, and counts. */
export async function gate(): Promise<{ passed: number; failed: number }> {
  let [passed, failed] = [0, 0];
  for (const step of STEPS) {
    const started = performance.now();
    const good = await step.run().catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      return false;
    });
    if (good) passed++;
    else failed++;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${good ? "ok    " : "FAILED"}  ${step.name} (${seconds} s)`);
  }
  return { passed, failed };
}

const OK: Tool = {
  name: "ok",
  summary: `Looks whether a change is done: ${STEPS.map(({ name }) => name).join(", ")}. Changes no file.`,
  exits: { "1": "a step failed" },
};

if (import.meta.main) {
  await toolArguments(OK, Deno.args);
  const { failed } = await gate();
  if (failed > 0) {
    console.error(`${failed} of ${STEPS.length} steps failed; what is wrong stands above each.`);
  }
  Deno.exit(failed > 0 ? 1 : 0);
}
