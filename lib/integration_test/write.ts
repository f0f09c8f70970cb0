/** Writes the facts of a setup as a test that people can read. Pure; `deno fmt` does the rest. */
import { LOCKED } from "./deno.ts";
import type { AssertedFact, Json, Subject } from "./asserted.ts";
import { command } from "../untrusted/shell.ts";

/** Where the library of the generated test is, seen from it. */
const LOOK = "../../lib/integration_test/look.ts";

/** `data-platform-test-s3.test.ts` */
export function fileOf(command: string): string {
  return `${command.replaceAll(":", "-")}.test.ts`;
}

/** The whole file. `flags` are those that the command was given and that say where and how to look. */
export function testText(
  subject: Subject,
  flags: Readonly<Record<string, string>>,
  facts: readonly AssertedFact[],
): string {
  const { command: task, noun, doing, look, variable } = subject;
  const how = new Set(facts.map(({ how = "equals" }) => how));
  const helpers = [...how.has("at most") ? ["atMost"] : [], ...how.has("includes") ? ["includes"] : [], look];
  return [
    "/**",
    ` * What ${noun} of this platform is like. Written by`,
    ` * ${command`deno task ${task}:exec --create-integration-test`}`,
    " * and seen to fail, test by test, with other values. It is yours: change it when the platform changes on purpose,",
    " * or run the command again, which shows the difference and asks.",
    " *",
    ` * To run it: deno test -A ${LOCKED.join(" ")} tests/integration/${fileOf(task)}`,
    ` * It needs the kubeconfig of the platform (KUBECONFIG), and goes to ${variable} if that is set. It holds no secret.`,
    " */",
    ...how.has("equals") ? ['import assert from "node:assert/strict";'] : [],
    `import { ${helpers.join(", ")} } from "${LOOK}";`,
    "",
    `/** Looks once, when the first test asks. ${doing} */`,
    `const seen = ${look}(${Object.keys(flags).length > 0 ? literal(flags) : ""});`,
    "",
    ...facts.map(oneTest),
  ].join("\n");
}

function oneTest({ id, title, value, how = "equals", limit }: AssertedFact): string {
  const asked = `await seen.value(${literal(id)})`;
  const says = how === "at most"
    ? `atMost(${asked}, ${limit});`
    : how === "includes"
    ? `includes(${asked}, ${literal(value)});`
    : `assert.deepEqual(${asked}, ${literal(value)});`;
  return `Deno.test(${literal(title)}, async () => {\n${says}\n});\n`;
}

/** A member that is called `__proto__` would be the prototype, were its name not computed. */
function memberName(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** JSON is TypeScript; names of members lose their quotes where they need none. */
function literal(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) => `${memberName(name)}: ${literal(one)}`);
  return members.length > 0 ? `{ ${members.join(", ")} }` : "{}";
}
