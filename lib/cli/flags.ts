/**
 * The flags of a command line: a table in, values or one clear UsageError out. The help text is made from the same
 * table (help.ts). Hand-written because `node:util` costs more to load than the whole rest of the start
 * (docs/decisions/flags.md has the measurement).
 */
import { UsageError } from "../engine/errors.ts";
import { command } from "../untrusted/shell.ts";
import { own } from "../untrusted/lookup.ts";
import { nearest } from "../untrusted/edit_distance.ts";

/** One flag. Without `value` it is a switch; with it, `value` is the placeholder shown in the help. */
export interface Flag {
  help: string;
  short?: string;
  value?: string;
  choices?: readonly string[];
  fallback?: string;
}

export type FlagTable = Record<string, Flag>;

/** What was given, by flag name; switches are "true". Flags that were not given are absent. */
export type Given = ReadonlyMap<string, string>;

/**
 * Reads `--name value`, `--name=value` and the short forms. Throws UsageError naming the word that cannot be
 * used. `--help`, and after it `--version`, win over everything else on the line, mistakes too.
 */
export function parseFlags(argv: readonly string[], table: FlagTable, command: string): Given {
  if (argv.some((word) => word === "--help" || word === "-h")) return new Map([["help", "true"]]);
  if (argv.includes("--version") && own(table, "version")) return new Map([["version", "true"]]);
  const given = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const { name, inline } = split(word, table, command);
    const flag = own(table, name);
    if (!flag) throw unknownFlag(word, name, table, command);
    const value = flag.value ? inline ?? following(argv[++i], name, flag, command) : "true";
    if (!flag.value && inline !== undefined) {
      throw new UsageError(`--${name} takes no value, and got ${quote(inline)}. Write just --${name}.`);
    }
    check(name, flag, value, command);
    const before = given.get(name);
    if (before !== undefined && before !== value) {
      throw new UsageError(
        `--${name} is given twice, as ${quote(before)} and ${quote(value)}. Keep one of them.`,
      );
    }
    given.set(name, value);
  }
  return given;
}

function split(word: string, table: FlagTable, command: string): { name: string; inline?: string } {
  if (word.startsWith("--") && word.length > 2) {
    const equals = word.indexOf("=");
    return equals < 0
      ? { name: word.slice(2) }
      : { name: word.slice(2, equals), inline: word.slice(equals + 1) };
  }
  if (word.startsWith("-") && word.length > 1 && word !== "--") {
    const name = Object.keys(table).find((known) => own(table, known)?.short === word.slice(1));
    if (!name) throw unknownFlag(word, word.slice(1), table, command);
    return { name };
  }
  const near = nearest(word, Object.keys(table));
  throw new UsageError(
    `${quote(word)} is not expected here: ${command} takes only flags.` +
      (near ? ` Did you mean --${near}?` : "") + seeHelp(command),
  );
}

function following(next: string | undefined, name: string, flag: Flag, command: string): string {
  if (next !== undefined && !(next.startsWith("-") && next.length > 1)) return next;
  const why = next === undefined ? "nothing follows it" : `what follows it is the flag ${next}`;
  throw new UsageError(`--${name} needs a value (${flag.value}), and ${why}.${seeHelp(command)}`);
}

function check(name: string, flag: Flag, value: string, command: string): void {
  if (value === "") {
    throw new UsageError(`--${name} needs a value (${flag.value}), and got nothing.${seeHelp(command)}`);
  }
  if (!flag.choices || flag.choices.includes(value)) return;
  const near = nearest(value, flag.choices);
  throw new UsageError(
    `--${name} is ${quote(value)}, and must be one of ${flag.choices.join(", ")}.` +
      (near ? ` Did you mean ${near}?` : ""),
  );
}

function unknownFlag(word: string, name: string, table: FlagTable, command: string): UsageError {
  const near = nearest(name, Object.keys(table));
  const hint = near ? ` Did you mean --${near}?` : "";
  return new UsageError(`There is no flag ${quote(word.split("=")[0] ?? word)}.${hint}${seeHelp(command)}`);
}

function seeHelp(task: string): string {
  return ` See: ${command`deno task ${task} --help`}`;
}

/** What was typed, but not all of something long: a secret that was given by mistake is not to be shown. */
function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 12)}…` : text);
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds of `30`, `30s`, `500ms` or `2m`; from 100 ms to one hour. Throws UsageError. */
export function durationMs(flag: string, text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const ms = Number(digits) * (own(UNITS_MS, unit ?? "s") ?? NaN);
  if (digits === undefined || !(ms >= 100 && ms <= 3_600_000)) {
    throw new UsageError(
      `--${flag} is ${
        quote(text)
      }, and must be a time between 100ms and 60m: seconds (30), or with a unit (30s, 500ms, 2m).`,
    );
  }
  return Math.round(ms);
}
