/** Every task, asked for help and given a word that it does not know, on this repository as it is. */
import assert from "node:assert/strict";
import { taskArguments } from "../../tools/task_arguments.ts";
import { TASKS } from "../../tools/tasks.ts";
import { ROOT } from "./tasks.ts";

/** Not a task, and asked all the same. */
const MUTATE = ["run", "-A", "--quiet", "tools/mutate.ts"];

async function run(argv: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...argv],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** What lies in the root of the repository, and what git sees as changed. */
async function state(): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args: ["status", "--porcelain"], cwd: ROOT }).output();
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name).toSorted();
  return [...names, new TextDecoder().decode(stdout)].join("\n");
}

const STARTS: [string, readonly string[]][] = [
  ...[...TASKS.keys()].map((name): [string, string[]] => [name, taskArguments(name)]),
  ["mutate", MUTATE],
];

Deno.test("every task answers --help, also beside other words, and changes nothing", async () => {
  const before = await state();
  for (const [name, start] of STARTS) {
    const { code, stdout, stderr } = await run([...start, "--no-such-flag", "--help"]);
    assert.deepEqual([code, stderr], [0, ""], name);
    assert.match(stdout, /^Usage:/m, name);
    assert.match(stdout, /^Exit status:/m, name);
  }
  assert.equal(await state(), before);
});

Deno.test("every task ends with 3 and one line at a flag that it does not know, and changes nothing", async () => {
  const before = await state();
  for (const [name, start] of STARTS) {
    const { code, stdout, stderr } = await run([...start, "--no-such-flag"]);
    assert.deepEqual([code, stdout], [3, ""], name);
    assert.match(stderr, /^[^\n]*--no-such-flag[^\n]*\n$/, name);
  }
  assert.equal(await state(), before);
});

Deno.test("a task that takes no word besides its flags says so of the first", async () => {
  for (const name of ["test", "ok", "generate", "demo", "bench", "lab:up", "data-platform:health"]) {
    const { code, stderr } = await run([...taskArguments(name), "nonsense"]);
    assert.equal(code, 3, name);
    assert.match(stderr, /^[^\n]*"nonsense" is not expected here[^\n]*\n$/, name);
  }
});

Deno.test("the task runner hands --help on", async () => {
  for (const name of ["demo", "test:unit"]) {
    const { code, stdout } = await run(["task", "--quiet", name, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^ {2}deno task ${name} \\[flags\\]`, "m"));
  }
});

Deno.test("the tests of one file run by the task, and the words after it are checked", async () => {
  const ran = await run([
    "task",
    "--quiet",
    "test:unit",
    "--filter",
    "sum of a test run",
    "tests/tools/tally.test.ts",
  ]);
  assert.match(ran.stdout, /1 passed/, ran.stderr);
  assert.equal(ran.code, 0);
});
