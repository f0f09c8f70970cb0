/**
 * `deno task test`: the gate, the tests that need nothing, and those on the lab, which is brought up for them if
 * it is not up. Prints everything; the last line is the sum. What should have run and did not is a failure.
 */
import { findLab } from "../lab/context.ts";
import { gate } from "./ok.ts";
import { taskArguments } from "./task_arguments.ts";

export interface Tally {
  passed: number;
  failed: number;
}

/** The lab is made of namespaces, mounts and /proc, which Deno gives to nobody with less. */
const LAB = ["test", "--no-prompt", "--allow-all", "tests/lab_live"];

/**
 * The sum that `deno test` prints at its end, e.g. `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`.
 * Ignored tests count as failed, and so does a run without any test or without a sum.
 */
export function tallyOf(output: string, success: boolean): Tally & { notes: string[] } {
  const line = output.split("\n").findLast((text) => /^(?:ok|FAILED) \| \d+ passed/.test(text));
  if (!line) return { passed: 0, failed: 1, notes: ["the run ended without a sum"] };
  const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  const [passed, failed, ignored] = [number("passed"), number("failed"), number("ignored")];
  const notes: string[] = [];
  if (ignored > 0) notes.push(`${ignored} ignored: they were not run`);
  if (passed + failed === 0) notes.push("no test was run");
  if (!success && failed === 0) notes.push("the run failed outside of any test");
  const missed = ignored + (passed + failed === 0 ? 1 : 0) + (!success && failed === 0 ? 1 : 0);
  return { passed, failed: failed + missed, notes };
}

/** Runs `deno test` with these arguments, shows what it prints, and counts. */
async function denoTest(args: string[]): Promise<Tally> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  });
  const child = command.spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output = (output + decoder.decode(chunk, { stream: true })).slice(-20_000);
    await Deno.stdout.write(chunk);
  }
  const { notes, ...tally } = tallyOf(output, (await child.status).success);
  for (const text of notes) console.error(`FAILED  ${text}`);
  return tally;
}

async function lab(verb: "up" | "down"): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", `lab:${verb}`],
    stdin: "null",
  });
  return (await command.spawn().status).success;
}

/** The tests on the lab. A lab that was there before stays, one that was not goes again. */
async function live(): Promise<Tally> {
  const wasThere = findLab() !== undefined;
  const tally = await lab("up") ? await denoTest(LAB) : { passed: 0, failed: 1 };
  if (tally.passed === 0) console.error("FAILED  no test on the lab passed: see above whether it came up");
  if (wasThere || await lab("down")) return tally;
  console.error("FAILED  the lab did not go down; deno task lab:status lists what is left");
  return { ...tally, failed: tally.failed + 1 };
}

const PARTS: { name: string; run(): Promise<Tally> }[] = [
  { name: "The gate (deno task ok)", run: gate },
  {
    name: "Tests that need nothing (deno task test:unit)",
    run: () => denoTest(taskArguments("test:unit")),
  },
  { name: "Tests on the lab", run: live },
];

if (import.meta.main) {
  const sum = { passed: 0, failed: 0 };
  for (const part of PARTS) {
    console.log(`\n== ${part.name}`);
    const { passed, failed } = await part.run();
    sum.passed += passed;
    sum.failed += failed;
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  Deno.exit(sum.failed > 0 ? 1 : 0);
}
