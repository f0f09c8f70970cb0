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
const ON_LAB = ["test", "--no-prompt", ...LOCKED, "--allow-all"];

/** A platform of this layout, lab/layout.ts, for tests/lab_layouts. */
const LAYOUT = "other-names";

/** What a process of `deno test` printed, and whether it says that all is well. */
export interface Run {
  output: string;
  success: boolean;
}

/**
 * The sum of what `deno test` printed at its end, e.g. `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. Ignored
 * tests count as failed, and so does a run without a sum, and that no test was run at all.
 */
export function tallyOf(runs: readonly Run[]): Tally & { notes: string[] } {
  const sum = { passed: 0, failed: 0, notes: [] as string[] };
  const miss = (count: number, note: string) => {
    sum.failed += count;
    sum.notes.push(note);
  };
  for (const { output, success } of runs) {
    const line = output.split("\n").findLast((text) => /^(?:ok|FAILED) \| \d+ passed/.test(text)) ?? "";
    const number = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
    const [passed, failed, ignored] = [number("passed"), number("failed"), number("ignored")];
    sum.passed += passed;
    sum.failed += failed;
    if (line === "") miss(1, "the run ended without a sum");
    else if (!success && failed === 0) miss(1, "the run failed outside of any test");
    if (ignored > 0) miss(ignored, `${ignored} ignored: they were not run`);
  }
  if (sum.passed + sum.failed === 0) miss(1, "no test was run");
  return sum;
}

/** Runs `deno test` with these arguments, shows what it prints, at its end if it is not the only one, and counts. */
async function denoTest(args: readonly string[], alone = true): Promise<Run> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: alone ? "inherit" : "piped",
  });
  const child = command.spawn();
  const errors = alone ? undefined : new Response(child.stderr).text();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (alone) await Deno.stdout.write(chunk);
  }
  const { success } = await child.status;
  if (!alone) console.log(output + await errors);
  return { output, success };
}

/** Counts, and says what should have run and did not. */
function counted(runs: readonly Run[]): Tally {
  const { notes, ...tally } = tallyOf(runs);
  for (const text of notes) console.error(`FAILED  ${text}`);
  return tally;
}

async function task(name: string, ...args: string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
    stdin: "null",
  });
  return (await command.spawn().status).success;
}

const lab = (verb: "up" | "down", ...args: string[]): Promise<boolean> => task(`lab:${verb}`, ...args);

/** The tests on the lab. A lab that was there before stays, one that was not goes again. */
async function live(): Promise<Tally> {
  const wasThere = findLab() !== undefined;
  return await onLab("tests/lab_live", [], () => wasThere ? Promise.resolve(true) : lab("down"));
}

/** The tests on a platform of another layout. A lab that was there before makes room for it, and comes back. */
async function layout(): Promise<Tally> {
  const wasThere = findLab() !== undefined;
  if (wasThere && !await lab("down")) return { passed: 0, failed: 1 };
  const leave = async () => await lab("down") && (!wasThere || await lab("up"));
  return await onLab("tests/lab_layouts", ["--layout", LAYOUT], leave);
}

/** Brings the lab up, and what engines need on this machine, runs these tests, and leaves it as it should be left. */
async function onLab(tests: string, args: readonly string[], leave: () => Promise<boolean>): Promise<Tally> {
  const tally = await task("duckdb:extensions") && await lab("up", ...args)
    ? counted([await denoTest([...ON_LAB, tests])])
    : { passed: 0, failed: 1 };
  if (tally.passed === 0) console.error("FAILED  no test on the lab passed: see above whether it came up");
  if (await leave()) return tally;
  console.error("FAILED  the lab is not as it was left; deno task lab:status lists what is there");
  return { ...tally, failed: tally.failed + 1 };
}

/** Test files below these files and directories, but for those that need the lab. */
export function testFilesIn(paths: readonly string[]): string[] {
  const files = paths.map((path) => path.replace(/^\.\/|\/+$/g, "")).flatMap((path) => {
    if (!Deno.statSync(path).isDirectory) return [path];
    const below = [...Deno.readDirSync(path)].map(({ name }) => `${path}/${name}`).toSorted();
    return testFilesIn(below.filter((one) => Deno.statSync(one).isDirectory || one.endsWith(".test.ts")));
  });
  return [...new Set(files)].filter((path) => !/^tests\/(?:lab_live|lab_layouts|integration)\//.test(path));
}

/** So many test files are run by one process, which loads what they test, and makes it fast, once. */
const FILES_AT_ONCE = 10;

/**
 * What each process is given: neighbours, as they test the same. A file that compares with a snapshot finds that only when
 * it is named to `deno test` itself.
 */
export function processesFor(
  files: readonly string[],
  textOf: (path: string) => string = Deno.readTextFileSync,
): string[][] {
  const { bare = [], together = [] } = Object.groupBy(
    files,
    (path) => textOf(path).includes(".assertSnapshot(") ? "bare" : "together",
  );
  const shares = Array.from(
    { length: Math.ceil(together.length / FILES_AT_ONCE) },
    (_, nth) => together.slice(nth * FILES_AT_ONCE, (nth + 1) * FILES_AT_ONCE),
  );
  return [...shares.map((share) => ["tests/together.ts", "--", ...share]), ...bare.length > 0 ? [bare] : []];
}

/** The tests that need neither root nor lab; all of them, or those in these files and directories. */
async function unit(paths: readonly string[] = ["tests"], more: readonly string[] = []): Promise<Tally> {
  // Types are looked at by the gate.
  const start = ["test", "--no-prompt", "--no-check", ...LOCKED, ...rightsArguments(UNIT), ...more];
  const waiting = processesFor(testFilesIn(paths));
  const alone = waiting.length === 1;
  const runs: Run[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      runs.push(await denoTest([...start, ...next], alone));
    }
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, worker));
  const tally = counted(runs);
  if (!alone) console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally;
}

const PARTS: { name: string; run(): Promise<Tally> }[] = [
  { name: "The gate (deno task ok)", run: gate },
  { name: "Tests that need nothing (deno task test:unit)", run: () => unit() },
  { name: "Tests on the lab", run: live },
  { name: `Tests on the lab under other names (lab:up --layout ${LAYOUT})`, run: layout },
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
