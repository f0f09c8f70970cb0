/** Gives a command the flag `--create-integration-test`. Costs nothing to import. */
import type { Asked, Command } from "../command.ts";
import { LacksRight, UsageError } from "../engine/errors.ts";
import type { Given } from "../cli/flags.ts";
import { own } from "../untrusted/lookup.ts";
import type { Facts } from "../engine/model.ts";
import { startableDeno } from "./deno.ts";
import type { Looker } from "./subjects.ts";

const CREATE = "write a test of what was found to tests/integration, after seeing it pass and fail";
const YES = "do not ask before a test is written anew";

/** Longest time of one run of the generated test. */
const RUN_MS = 10 * 60_000;

/** The command, with the flags `--create-integration-test` and `--yes`. It has to be one of subjects.ts. */
export function withIntegrationTest(command: Command): Command {
  return {
    ...command,
    examples: [
      ...command.examples,
      {
        task: ":exec",
        args: "--create-integration-test",
        what: "and keep what was found as a test of your own",
      },
    ],
    flags: {
      ...command.flags,
      "create-integration-test": { help: CREATE },
      yes: { help: YES },
    },
    async extend(facts, asked) {
      const wanted = asked.given.has("create-integration-test");
      if (wanted) checkFlags(asked);
      const seen = command.extend ? await command.extend(facts, asked) : facts;
      if (wanted && seen) await create(command.name, seen, asked);
      return seen;
    },
  };
}

function checkFlags({ given }: Asked): void {
  if (given.has("facts")) {
    throw new UsageError(
      "--create-integration-test has to look at the platform, and --facts looks at a file. Next: leave one of them out",
    );
  }
  if (startableDeno()) return;
  throw new LacksRight(
    "run",
    "--create-integration-test runs the test that it writes, and this task was started without the right to start a program.",
  );
}

async function create(name: string, facts: Facts, asked: Asked): Promise<void> {
  const [{ createTest }, { lookers }] = await Promise.all([import("./create.ts"), import("./subjects.ts")]);
  const looker = lookers.find(({ subject }) => subject.command === name);
  if (!looker) throw new Error(`no test can be written for ${name}`);
  const { given, kubeconfig, signal } = asked;
  await createTest({
    subject: looker.subject,
    facts: await looker.asserted(facts, asked),
    leftOut: looker.leftOut(facts),
    flags: keptFlags(looker, given),
    env: kubeconfig === undefined ? {} : { KUBECONFIG: absolute(kubeconfig) },
    yes: given.has("yes"),
    signal,
    timeoutMs: RUN_MS,
    root: decodeURIComponent(new URL("../..", import.meta.url).pathname).replace(/\/$/, ""),
  });
}

/** What the test keeps of the flags: a file is named so that it is found from anywhere. */
export function keptFlags(looker: Pick<Looker, "flags">, given: Given): Record<string, string> {
  const flags = looker.flags(given);
  const files = ["ca", "credentials-file"].flatMap((name) => {
    const path = own(flags, name);
    return path === undefined ? [] : [[name, absolute(path)]];
  });
  return { ...flags, ...Object.fromEntries(files) };
}

/** The test runs in the root of the repository. */
function absolute(path: string): string {
  return /^([/\\]|[A-Za-z]:)/.test(path) ? path : `${Deno.cwd()}/${path}`;
}
