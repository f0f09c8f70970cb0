/** `lab:break` and `lab:repair`: the platform's real faults, on demand. */
import { UsageError } from "../../lib/engine/errors.ts";
import type { LabContext } from "../context.ts";
import { LabError } from "../errors.ts";
import { layoutOf, USUAL } from "../layout.ts";
import { withLock } from "../lock.ts";
import { createProgress } from "../progress.ts";
import { readJournal } from "./journal.ts";
import { breakOne, faultsOn, repairAll } from "./run.ts";
import { findFault, listing } from "./table.ts";

export type { Expectation, Fault } from "./fault.ts";
export { breakOne, faultsOn, repairAll, untilWell } from "./run.ts";
export { faults, findFault, listing, nearNames } from "./table.ts";

const BREAK_HELP =
  `Breaks the platform on purpose, in a way that really happens, and waits until the symptoms are there.

Usage: deno task lab:break FAULT... | --list

  FAULT    a name from the list; several may be on at once
  --list   every fault: what happened, how it comes about, what shows first

deno task lab:repair undoes it.
Exit status: 0 broken, 3 it did not work or there is no such fault, 130 interrupted.
`;

const REPAIR_HELP = `Undoes what lab:break did, and waits until the platform is healthy.

Usage: deno task lab:repair [FAULT...]

Without a name it undoes every fault that is on.
Exit status: 0 healthy, 3 it did not work or there is no such fault, 130 interrupted.
`;

const OK = 0;

function given(argv: readonly string[], command: string, flags: readonly string[]): string[] {
  const unknown = argv.find((word) => word.startsWith("-") && !flags.includes(word));
  if (unknown) throw new UsageError(`${command} has no flag ${unknown}. It has ${flags.join(", ")}.`);
  return argv.filter((word) => !word.startsWith("-"));
}

function lab(ctx: LabContext | undefined): LabContext {
  if (!ctx) throw new LabError("lab", "there is no lab of this checkout", undefined, "deno task lab:up");
  if (layoutOf(ctx).name === USUAL.name) return ctx;
  const why = `faults know the usual layout by its names, and this lab has ${layoutOf(ctx).name}`;
  throw new LabError("lab", why, undefined, "deno task lab:down, then deno task lab:up");
}

/**
 * `lab:break FAULT...` and `lab:break --list`. Gives the exit status. Throws UsageError for an unknown name and LabError
 * for what did not work; both are for people.
 */
export async function breakFault(ctx: LabContext | undefined, argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) return print(BREAK_HELP);
  const names = given(argv, "lab:break", ["--list", "--help"]);
  if (argv.includes("--list")) return print(listing(new Set(ctx ? Object.keys(readJournal(ctx)) : [])));
  if (names.length === 0) {
    throw new UsageError("lab:break wants the name of a fault. deno task lab:break --list shows them all.");
  }
  const wanted = names.map(findFault);
  const here = lab(ctx);
  const progress = createProgress();
  await withLock(here, async () => {
    for (const fault of wanted) {
      await breakOne(here, fault, progress);
      progress.info(`${fault.title}. Look: deno task data-platform:health --kubeconfig ${here.kubeconfig}`);
      progress.info(`Undo: deno task lab:repair ${fault.name}`);
    }
  });
  progress.close();
  return OK;
}

/** `lab:repair [FAULT...]`. Gives the exit status. Throws as {@linkcode breakFault} does. */
export async function repairFault(ctx: LabContext | undefined, argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) return print(REPAIR_HELP);
  const wanted = given(argv, "lab:repair", ["--help"]).map(findFault);
  const here = lab(ctx);
  const progress = createProgress();
  await withLock(here, async () => {
    const on = faultsOn(here);
    const off = wanted.filter((fault) => !on.includes(fault));
    for (const fault of off) progress.info(`${fault.name} is not on: nothing to undo.`);
    const which = wanted.length === 0 ? on : on.filter((fault) => wanted.includes(fault));
    if (on.length === 0 && wanted.length === 0) progress.info("No fault is on.");
    if (which.length > 0 || on.length === 0) await repairAll(here, which, progress);
  });
  progress.close();
  return OK;
}

function print(text: string): number {
  console.log(text.trimEnd());
  return OK;
}
