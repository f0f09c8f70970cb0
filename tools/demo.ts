/**
 * `deno task demo`: a recorded incident at once, then the same incident on a real platform on this machine.
 * Every step is a command that people can type themselves, and is shown as such.
 */
import { ask } from "../lib/cli/prompt.ts";
import { type Tool, toolArguments } from "../lib/cli/tool.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const INCIDENT = "onepassword-connect-missing";

export interface Step {
  say: string;
  task: string[];
  /** Exit statuses that are as expected; health says 2 when the platform is broken. */
  expect: number[];
}

const REPLAY: Step = {
  say:
    "An incident that was recorded on a real platform. A dozen things are down; one of them broke the rest.",
  task: ["data-platform:health", "--facts", `tests/scenarios/${INCIDENT}/facts.json.gz`],
  expect: [2],
};

const ON_THE_LAB = ["--kubeconfig", ".lab/kubeconfig"];

const LIVE: Step[] = [
  {
    say:
      "The real platform on this machine: Kubernetes, Flux, External Secrets, PostgreSQL, Ceph, Nessie, Spark. " +
      "With empty caches it is built from source, which takes up to 30 minutes; afterwards it takes seconds.",
    task: ["lab:up"],
    expect: [0],
  },
  { say: "It is healthy.", task: ["data-platform:health", ...ON_THE_LAB], expect: [0] },
  {
    say: "1Password Connect is taken away, as after a rebuild where nobody installed it.",
    task: ["lab:break", INCIDENT],
    expect: [0],
  },
  {
    say: "What is broken, what broke it, and what to do.",
    task: ["data-platform:health", ...ON_THE_LAB],
    expect: [2],
  },
  { say: "It is put back.", task: ["lab:repair", INCIDENT], expect: [0] },
  { say: "And everything is healthy again.", task: ["data-platform:health", ...ON_THE_LAB], expect: [0] },
];

/** Why the part on a real platform cannot run here; undefined when it can. */
function whyNot(): string | undefined {
  if (Deno.build.os !== "linux") return `the lab runs on Linux, and this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "the lab makes network namespaces and mounts, which needs root (try: sudo -E)";
  return undefined;
}

function headline(step: Step): void {
  const command = `$ deno task ${step.task.join(" ")}`;
  console.log(`\n${"─".repeat(78)}\n${step.say}\n${command}\n`);
}

let running: Deno.ChildProcess | undefined;

async function perform(step: Step): Promise<boolean> {
  headline(step);
  const child = new Deno.Command(Deno.execPath(), { args: ["task", "--quiet", ...step.task], cwd: ROOT })
    .spawn();
  running = child;
  const { code } = await child.status;
  running = undefined;
  if (step.expect.includes(code)) return true;
  console.error(
    `\nThe demo stops: \`deno task ${step.task.join(" ")}\` ended with exit status ${code}, expected ${
      step.expect.join(" or ")
    }.` +
      "\nNext: read what it says above; `deno task lab:status` shows the parts, `deno task lab:down` takes all of it away.",
  );
  return false;
}

function interrupted(): void {
  running?.kill("SIGINT");
  console.error(
    "\nInterrupted. What is up stays up: `deno task lab:repair` undoes what was broken, `deno task lab:down` takes it down.",
  );
  Deno.exit(130);
}

const DEMO: Tool = {
  name: "demo",
  summary:
    "Shows a recorded incident, which takes seconds and changes nothing. Then, on Linux with root, it builds the " +
    "platform on this machine (30 minutes and 20 GB of disk the first time, a minute and a half later on), breaks it, and " +
    "repairs it. It stays up until deno task lab:down removes it. On a terminal it asks before it builds.",
  flags: { yes: { help: "do not ask" } },
  exits: { "3": "a step did not go as expected", "130": "interrupted" },
};

const BUILDS =
  "Next it builds the platform on this machine, as root: up to 30 minutes and 20 GB of disk the first time, " +
  "a minute and a half later on.\nIt makes network namespaces, mounts and cgroups, and keeps what it builds in " +
  "~/.cache/lakecheck-lab. Then it breaks it and repairs it.";

/** What the demo does to the world. */
export interface Dependencies {
  perform(step: Step): Promise<boolean>;
  whyNot(): string | undefined;
  /** Whether to build; undefined where nobody can be asked. */
  agreed?(question: string): Promise<boolean>;
  say(text: string): void;
}

/** The demo from its beginning. Gives the exit status. */
export async function demo({ perform, whyNot, agreed, say }: Dependencies): Promise<number> {
  const started = Date.now();
  if (!(await perform(REPLAY))) return 3;
  const reason = whyNot();
  if (reason) {
    say(
      `\nThe demo ends here: ${reason}. The rest of it breaks and repairs a real platform on this machine.`,
    );
    return 0;
  }
  say(`\n${"─".repeat(78)}\n${BUILDS}`);
  if (agreed && !(await agreed("Build it now?"))) {
    say("The demo ends here. Nothing was built.");
    return 0;
  }
  for (const step of LIVE) {
    if (!(await perform(step))) return 3;
  }
  const minutes = ((Date.now() - started) / 60000).toFixed(1);
  say(
    `\n${
      "─".repeat(78)
    }\nDone in ${minutes} min. The platform is still up: \`deno task lab:break --list\` has more faults to try,` +
      " `deno task lab:down` takes it away.",
  );
  return 0;
}

async function main(): Promise<number> {
  const { given } = await toolArguments(DEMO, Deno.args);
  Deno.addSignalListener("SIGINT", interrupted);
  const asks = Deno.stdin.isTerminal() && !given.has("yes");
  return await demo({ perform, whyNot, ...asks && { agreed: ask }, say: (text) => console.log(text) });
}

if (import.meta.main) Deno.exit(await main());
