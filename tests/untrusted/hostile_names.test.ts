/**
 * Every recorded incident again, with names that are commands: whoever may name an object, an item or a bucket must not
 * be able to run anything on the machine of the one who pastes what the report says.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { replay } from "../../lab/faults/replay.ts";
import { loadFacts } from "../../lib/disk/facts_file.ts";
import type { Facts } from "../../lib/engine/model.ts";
import type { Report } from "../../lib/engine/report.ts";

const HERE = new URL("../scenarios/", import.meta.url).pathname;
const recorded = readdirSync(HERE).filter((name) => existsSync(`${HERE}${name}/facts.json.gz`)).sort();

/** Each begins a command of its own somewhere: anywhere, between words, inside quotes, on the next line. */
const PAYLOADS = [
  "$(touch pwned)`touch pwned`",
  " --x; touch pwned; ",
  "'; touch pwned; '",
  "\ntouch pwned\n",
];

/** Names of objects, and what ExternalSecrets and stores ask 1Password for. */
function namesIn(facts: Facts): Set<string> {
  const names = new Set<string>();
  const walk = (value: unknown, key: string) => {
    if (typeof value === "string" && (key === "name" || key === "key" || key === "message")) names.add(value);
    if (typeof value !== "object" || value === null) return;
    for (const [inner, one] of Object.entries(value)) {
      if (key === "vaults") names.add(inner);
      walk(one, Array.isArray(value) ? key : inner);
    }
  };
  walk(facts.sources, "");
  names.delete(facts.namespace);
  return names;
}

function renamed<T>(value: T, names: ReadonlySet<string>, payload: string): T {
  const change = (one: unknown): unknown => {
    if (typeof one === "string") return names.has(one) ? one + payload : one;
    if (Array.isArray(one)) return one.map(change);
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([key, inner]) => [names.has(key) ? key + payload : key, change(inner)]),
    );
  };
  return change(value) as T;
}

function commandsIn(report: Report): string[] {
  const findings = report.details.components.flatMap(({ checks }) => checks);
  return [...report.roots, ...findings].flatMap(({ next }) => next ?? []);
}

/** Pastes them into a shell in which every program that they name is one that does nothing. */
function pwned(commands: readonly string[]): boolean {
  const dir = Deno.makeTempDirSync();
  try {
    const programs = ["kubectl", "flux", "helm", "op", "deno", "systemctl", "aws", "grep", "start"];
    for (const name of programs) Deno.symlinkSync("/bin/true", `${dir}/${name}`);
    Deno.mkdirSync(`${dir}/cwd`);
    for (const [i, one] of commands.entries()) Deno.writeTextFileSync(`${dir}/${i}.line`, one);
    spawnSync("sh", ["-c", "for line in ../*.line; do (. $line); done"], {
      cwd: `${dir}/cwd`,
      env: { PATH: `${dir}:/usr/bin:/bin` },
      stdio: "ignore",
    });
    return [...Deno.readDirSync(`${dir}/cwd`)].length > 0;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("no command of any recorded incident runs what a name says", async () => {
  const commands = new Set<string>();
  for (const [i, name] of recorded.entries()) {
    const facts = await loadFacts(`${HERE}${name}/facts.json.gz`);
    const payload = PAYLOADS[i % PAYLOADS.length] ?? "";
    for (const one of commandsIn(replay(renamed(facts, namesIn(facts), payload)))) commands.add(one);
  }
  assert.ok([...commands].some((one) => one.includes("pwned")), "the names reach the commands");
  for (const one of commands) assert.equal(one.split("\n").length, 1, one);
  assert.equal(pwned([...commands]), false);
});
