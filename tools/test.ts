/**
 * `deno task test`: the gate, the tests that need nothing, and those on the lab, which is brought up for them if
 * it is not up. Prints everything; the last line is the sum. What should have run and did not is a failure.
 */
import { findLab } from "../lab/context.ts";
import { type Tool, toolArguments } from "../lib/cli/tool.ts";
import { gate } from "./ok.ts";
import { rightsArguments } from "./task_arguments.ts";
import { UNIT } from "./tasks.ts";
import { LOCKED } from "../lib/integration_test/deno.ts";

export interface Tally {
  passed: number;
  failed: number;
}

/** The lab is made of namespaces, mounts and /proc, which Deno gives to nobody with less. */
const LAB = ["test", "--no-prompt", ...LOCKED, "--allow-all", "tests/lab_live"];

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

/** The tests that need neither root nor lab; all of them, or those in these files and directories. */
function unit(paths: readonly string[] = ["tests"], more: readonly string[] = []): Promise<Tally> {
  const rights = rightsArguments(UNIT);
  return denoTest([
    "test",
    "--no-prompt",
    ...LOCKED,
    ...rights,
    "--ignore=tests/lab_live,tests/integration",
    ...more,
    ...paths,
  ]);
}

const PARTS: { name: string; run(): Promise<Tally> }[] = [
  { name: "The gate (deno task ok)", run: gate },
  { name: "Tests that need nothing (deno task test:unit)", run: () => unit() },
  { name: "Tests on the lab", run: live },
];

const EXITS = { "1": "a test failed, or did not run" };
const TEST: Tool = {
  name: "test",
  summary:
    "Runs the gate, the tests that need nothing, and those on the lab, which is brought up for them (Linux, root).",
  exits: EXITS,
};
const TEST_UNIT: Tool = {
  name: "test:unit",
  summary:
    "Runs the tests that need neither root nor lab: all of them, or those in these files and directories.",
  flags: { filter: { help: "only tests whose names hold this text", value: "TEXT" } },
  words: "[PATH ...]",
  exits: EXITS,
};

async function all(): Promise<Tally> {
  const sum = { passed: 0, failed: 0 };
  for (const part of PARTS) {
    console.log(`\n== ${part.name}`);
    const { passed, failed } = await part.run();
    sum.passed += passed;
    sum.failed += failed;
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  return sum;
}

async function onlyUnit(argv: readonly string[]): Promise<Tally> {
  const { given, words } = await toolArguments(TEST_UNIT, argv);
  const filter = given.get("filter");
  return await unit(words.length > 0 ? words : undefined, filter === undefined ? [] : [`--filter=${filter}`]);
}

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  if (first !== "unit") await toolArguments(TEST, Deno.args);
  const { failed } = first === "unit" ? await onlyUnit(rest) : await all();
  Deno.exit(failed > 0 ? 1 : 0);
}
