/**
 * `deno task update [NAME ...]`: takes every library, or those named, to its newest version, writes deno.json and
 * deno.lock anew, and says which versions changed, also of what the libraries bring. No other task
 * changes the lockfile.
 */
import { type Tool, toolArguments } from "../lib/cli/tool.ts";
import { stripVTControlCharacters } from "node:util";

/** The npm packages of a lockfile. */
export interface Locked {
  /** What deno.json names: versions by name. */
  libraries: Map<string, string>;
  /** What these bring: versions by name, several where two libraries want different ones. */
  others: Map<string, string>;
}

/** A package before and after; without `from` it is new, without `to` it is gone. */
export interface Change {
  name: string;
  from?: string;
  to?: string;
}

/** `@scope/name@1.2.3_peer@4.5.6` and `npm:name@1.2.3`: the name and the version, without peers. */
const PACKAGE = /^(?:npm:)?(@?[^@]+)@([^_]+)/;

/** Reads the text of a deno.lock of version 5. Throws when it is of another. */
export function lockedIn(text: string): Locked {
  const lock = JSON.parse(text) as {
    version?: string;
    npm?: Record<string, unknown>;
    workspace?: { dependencies?: string[] };
  };
  if (lock.version !== "5") throw new Error(`deno.lock has version ${lock.version}, and 5 is understood`);
  const libraries = versions(lock.workspace?.dependencies ?? []);
  const all = versions(Object.keys(lock.npm ?? {}));
  return { libraries, others: new Map([...all].filter(([name]) => !libraries.has(name))) };
}

function versions(packages: readonly string[]): Map<string, string> {
  const named = Map.groupBy(packages.map((text) => PACKAGE.exec(text) ?? []), ([, name = ""]) => name);
  return new Map(
    [...named].map(([name, same]) => [name, [...new Set(same.map(([, , version]) => version))].join(", ")]),
  );
}

/** What differs, by name. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.map((name) => ({ name, from: before.get(name), to: after.get(name) }))
    .filter(({ from, to }) => from !== to);
}

/** What changed, for people: a line a package, and what to do next. */
export function changesText(before: Locked, after: Locked): string {
  const libraries = changes(before.libraries, after.libraries);
  const others = changes(before.others, after.others);
  if (libraries.length + others.length === 0) return "Every library is at its newest version.\n";
  return [
    ...section("Libraries of scripts/deno.json", libraries),
    ...section("Packages that they bring", others),
    "Next: read the changelogs of the libraries, look at every new package, and then",
    "  deno task ok && deno task test:unit",
    "  deno task bench   # when a client or a reader is among them",
    "  git restore scripts/deno.json deno.lock   # to keep the old versions",
    "",
  ].join("\n");
}

function section(title: string, all: readonly Change[]): string[] {
  if (all.length === 0) return [];
  const wide = Math.max(...all.map(({ name }) => name.length));
  return [
    `${title}, ${all.length} changed:`,
    ...all.map((one) => `  ${one.name.padEnd(wide)}  ${how(one)}`),
    "",
  ];
}

function how({ from, to }: Change): string {
  if (from === undefined) return `new: ${to}`;
  return to === undefined ? `gone: ${from}` : `${from} → ${to}`;
}

/** Deno 2.9 calls it a success when the registry did not answer, with this warning. */
const NOT_ASKED = /Unable to check updates/;

/** Runs Deno's own update in a directory: whether it went well, and what it said. */
type Run = (names: readonly string[], root: string) => Promise<{ success: boolean; said: string }>;

async function outdated(names: readonly string[], root: string): ReturnType<Run> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["outdated", "--update", "--latest", "--frozen=false", ...names],
    cwd: `${root}/scripts`,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { success, said: stripVTControlCharacters(said).trim() };
}

/** Updates, and gives the text that says what changed. Throws, with both files as they were, when it could not. */
export async function update(names: readonly string[], root = ".", run: Run = outdated): Promise<string> {
  const [config, lock] = [`${root}/scripts/deno.json`, `${root}/deno.lock`];
  const [configBefore, lockBefore] = [await Deno.readTextFile(config), await Deno.readTextFile(lock)];
  const before = lockedIn(lockBefore);
  const unknown = names.filter((name) => !before.libraries.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `${unknown.join(", ")} is no library of scripts/deno.json: ${[...before.libraries.keys()].join(", ")}`,
    );
  }
  const { success, said } = await run(names, root);
  if (!success || NOT_ASKED.test(said)) {
    await Deno.writeTextFile(config, configBefore);
    await Deno.writeTextFile(lock, lockBefore);
    throw new Error(`deno outdated failed, and nothing was changed:\n${said}`);
  }
  return changesText(before, lockedIn(await Deno.readTextFile(lock)));
}

const UPDATE: Tool = {
  name: "update",
  summary:
    "Takes the libraries of scripts/deno.json to their newest versions, and says what changed; without names, all of them.",
  words: "[NAME ...]",
  exits: { "3": "nothing was changed: the registry did not answer, or there is no such library" },
};

if (import.meta.main) {
  const { words } = await toolArguments(UPDATE, Deno.args);
  try {
    console.log((await update(words)).trimEnd());
  } catch (error) {
    console.error(`update: ${error instanceof Error ? error.message : error}`);
    Deno.exit(3);
  }
}
