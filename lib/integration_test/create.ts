/** Makes a permanent test of what was found: shows what would change, asks, sees the test pass and fail, and writes it. */
import { writeFileAtomic } from "../disk/atomic_file.ts";
import { CannotLook } from "../engine/errors.ts";
import { ownTerminal, requireYes, type Terminal } from "../cli/prompt.ts";
import { note } from "../cli/terminal.ts";
import { type AssertedFact, changed, checkFacts, type Subject } from "./asserted.ts";
import { startableDeno } from "./deno.ts";
import { difference } from "./difference.ts";
import { type RunTest, runTest, type TestRun } from "./prove.ts";
import { fileOf, testText } from "./write.ts";

export interface Creation {
  subject: Subject;
  facts: readonly AssertedFact[];
  /** What is not asserted, because it failed or could not be tried; it is said. */
  leftOut?: readonly string[];
  /** What was given on the command line that says where and how to look. */
  flags: Readonly<Record<string, string>>;
  /** For the environment of the test: a KUBECONFIG that was given as a flag. */
  env: Readonly<Record<string, string>>;
  /** Answer yes. */
  yes: boolean;
  signal: AbortSignal;
  /** Longest time of one run of the test. */
  timeoutMs: number;
  /** The root of the repository. */
  root: string;
  dependencies?: Dependencies;
}

/** What it needs of the terminal, and of `deno test`. */
export interface Dependencies {
  terminal: Terminal;
  say(line: string): void;
  run(test: RunTest): Promise<TestRun>;
}

/**
 * "written" or "unchanged". UsageError when it is not confirmed, or can't be asked: the file is untouched then.
 * CannotLook when the test does not pass as it is, or does not fail where a fact was changed.
 */
export async function createTest(creation: Creation): Promise<"written" | "unchanged"> {
  const { subject, facts, leftOut = [], flags, root, dependencies = ownDependencies } = creation;
  if (facts.length === 0) {
    throw new CannotLook({ kind: "malformed", message: "nothing was found that a test could assert" });
  }
  checkFacts(facts);
  if (leftOut.length > 0) {
    dependencies.say(`Not asserted, because it failed or could not be tried: ${leftOut.join(", ")}.`);
  }
  const name = fileOf(subject.command);
  const shown = `tests/integration/${name}`;
  const path = `${root}/${shown}`;
  const text = await formatted(testText(subject, flags, facts), root);
  const before = await textOf(path);
  if (before === text) {
    dependencies.say(`${shown} says so already. Running it ...`);
    await within(creation, async (place) => passes(await run(creation, place, name, text, false), facts));
    dependencies.say(`${shown} is unchanged: its ${count(facts)} passed.`);
    return "unchanged";
  }
  if (before !== undefined) await confirm(creation, shown, before, text, dependencies);
  dependencies.say(`Running the test of ${count(facts, "fact")} as it is ...`);
  await within(creation, async (place) => {
    passes(await run(creation, place, name, text, false), facts);
    dependencies.say("It passed. Running it with every fact changed ...");
    const other = await formatted(testText(subject, flags, facts.map(changed)), root);
    fails(await run(creation, place, name, other, true), facts);
  });
  await Deno.mkdir(`${root}/tests/integration`, { recursive: true });
  await writeFileAtomic(path, new TextEncoder().encode(text), { flag: "--create-integration-test" });
  dependencies.say(
    `${shown} is written: its ${count(facts)} passed, and each failed when its fact was another.`,
  );
  return "written";
}

const count = (facts: readonly unknown[], word = "test") =>
  `${facts.length} ${word}${facts.length === 1 ? "" : "s"}`;

async function confirm(
  { yes }: Creation,
  shown: string,
  before: string,
  text: string,
  dependencies: Dependencies,
): Promise<void> {
  dependencies.say(`${shown} would change:`);
  for (const line of difference(before, text)) dependencies.say(line);
  const asks = `${shown} is there and would change`;
  await requireYes(
    { yes, asks, question: `Write ${shown}?`, nothing: "Nothing was written." },
    dependencies.terminal,
  );
}

function passes({ failed, passed }: TestRun, facts: readonly AssertedFact[]): void {
  const [first] = failed;
  if (first) {
    throw new CannotLook({
      kind: "malformed",
      message:
        `the generated test does not pass as it is: "${first.title}": ${first.message}. Nothing was written: ` +
        "what is asserted changes from one look to the next. Next: run it again when nobody works on the platform",
    });
  }
  if (passed.length !== facts.length) throw new Error(`${passed.length} of ${facts.length} tests were run`);
}

/** Every test has to fail, and by its own assertion: a look that failed proves nothing. */
function fails({ failed, passed }: TestRun, facts: readonly AssertedFact[]): void {
  const titles = new Set(failed.filter(({ asserted }) => asserted).map(({ title }) => title));
  const not = facts.find(({ title }) => !titles.has(title));
  if (!not) return;
  const why = passed.includes(not.title)
    ? "passes though its fact was changed: it can't fail"
    : `failed for another reason: ${
      failed.find(({ title }) => title === not.title)?.message ?? "it was not run"
    }`;
  throw new CannotLook({
    kind: "malformed",
    message: `the generated test "${not.title}" ${why}. Nothing was written. Next: run it again`,
  });
}

/** A place as deep as the test's own, so that the very same text runs there; taken away however it ends. */
async function within(creation: Creation, use: (place: string) => Promise<void>): Promise<void> {
  const place = await Deno.makeTempDir({ dir: `${creation.root}/tests`, prefix: ".integration-" });
  try {
    await use(place);
  } finally {
    await Deno.remove(place, { recursive: true });
  }
}

async function run(
  { root, env, signal, timeoutMs, dependencies = ownDependencies }: Creation,
  place: string,
  name: string,
  text: string,
  noCheck: boolean,
): Promise<TestRun> {
  const file = `${place}/${name}`;
  await Deno.writeTextFile(file, text);
  return await dependencies.run({ root, file, env, noCheck, timeoutMs, signal });
}

/** As `deno fmt` has it, by the rules of the repository. */
async function formatted(text: string, root: string): Promise<string> {
  const child = new Deno.Command(startableDeno() ?? Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=ts", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("the generated test is no TypeScript");
  return new TextDecoder().decode(stdout);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const ownDependencies: Dependencies = {
  terminal: ownTerminal,
  say: note,
  run: runTest,
};
