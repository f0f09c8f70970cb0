/** docs/trials.md: what the checkpoints try, from the trials themselves. */
import { checkpoints } from "../../lib/checkpoints/mod.ts";
import { type Component, isRecord } from "../../lib/engine/model.ts";

/** The components of a checkpoint that judge what it recorded; the others are health's. */
const own = (all: readonly Component[]): Component[] =>
  all.filter(({ checks }) => checks.some(({ needs }) => needs.some(isRecord)));

function section(task: string, all: readonly Component[]): string[] {
  const components = own(all);
  const total = components.flatMap(({ checks }) => checks).length;
  const lines = [`## \`deno task ${task}\``, "", `${total} trials in ${components.length} parts.`];
  for (const { name, title, checks } of components) {
    lines.push("", `### ${title} (\`${name}\`)`, "");
    for (const check of checks) lines.push(`- **${check.title}** (\`${check.id}\`): ${check.explain}`);
  }
  return lines;
}

/** Of one that runs others: what they try stands there. */
function runningText(task: string, runs: readonly string[]): string[] {
  const tasks = checkpoints.filter(({ name }) => runs.includes(name)).map((one) => `\`${one.task}\``);
  return [
    `## \`deno task ${task}\``,
    "",
    `Runs what ${
      tasks.join(", ")
    } try, in this order, until a part fails without which the rest means nothing.`,
  ];
}

/** The page, with `header` as its first line's comment. */
export function trialsText(header: string): string {
  return [
    `<!-- ${header} -->`,
    "# What the checkpoints try",
    "",
    "A checkpoint does real operations in a scratch place and cleans everything up. A trial that could not be carried",
    "out is `unknown`, one that does not apply is `skipped` with the reason, and neither is ever `ok`. What it judges",
    "besides is health's: [checks.md](checks.md).",
    ...checkpoints.flatMap(({ task, runs, reported }) => [
      "",
      ...runs ? runningText(task, runs) : section(task, reported()),
    ]),
    "",
  ].join("\n");
}
