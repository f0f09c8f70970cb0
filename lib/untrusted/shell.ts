/**
 * Commands that people paste into a shell. `command` is the only way to make one: each value in it is one word of
 * POSIX sh, whatever it holds. Pure.
 */
import type { ShellCommand } from "../engine/model.ts";

declare const listed: unique symbol;

/** Several words of a command, of which our own may be options. */
export type Words = readonly string[] & { readonly [listed]: true };

/** What may stand in a command; `undefined` is a name that is not known. */
export type CommandValue = string | number | Words | undefined;

/** Facts from a file may hold a list where a name is due: only those that code has made are words. */
const made = new WeakSet<readonly string[]>();

/** Words in the place of one value, each quoted where it needs to be. */
export function words(...all: readonly string[]): Words {
  made.add(all);
  return all as Words;
}

/** Words that sh, bash and zsh take for themselves; `=` begins an expansion of zsh when it stands first. */
const PLAIN = /^[A-Za-z0-9_./:@+-][A-Za-z0-9_./:@=,+-]*$/;

/**
 * What a terminal does not show as it is, or does something with: control characters, line breaks, marks of direction,
 * spaces that look like a space, halves of surrogate pairs. Emoji are joined by U+200D and U+FE0F, Persian by U+200C.
 */
const UNSEEN =
  /(?![\u200c\u200d\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

/**
 * A command to be pasted, of what is written here and of values from anywhere. A value is quoted where it needs to be,
 * also beside other text (`s3://'my bucket'/`), so it must not stand inside quotes: a lint rule sees to that. A value
 * that can't be typed, or that would be read as an option, leaves a comment that says so instead of a command.
 */
export function command(text: TemplateStringsArray, ...values: readonly CommandValue[]): ShellCommand {
  let line = text[0] ?? "";
  for (const [i, value] of values.entries()) {
    const begins = line === "" || line.endsWith(" ");
    const wrong = objection(value, begins);
    if (wrong) return branded(`# no ${/^[\w-]*/.exec(text[0] ?? "")?.[0]} command here: ${wrong}`);
    const word = [value].flat().map((one) => quoted(String(one))).join(" ");
    // Beside other text nothing is no word of its own.
    line += (value === "" && !begins ? "" : word) + (text[i + 1] ?? "");
  }
  return branded(line);
}

/** Why this value can't stand in a command; undefined when it can. Facts from a file may hold no string where one is due. */
function objection(value: unknown, beginsWord: boolean): string | undefined {
  if (Array.isArray(value) && made.has(value)) {
    return value.map((word) => objection(word, false)).find((wrong) => wrong !== undefined);
  }
  if (typeof value !== "string" && typeof value !== "number") return "a name that it needs is not known";
  const text = String(value);
  if (UNSEEN.test(text)) return "a name in it has characters that can not be seen or typed";
  return beginsWord && text.startsWith("-")
    ? "a name in it begins with a dash and would be read as an option"
    : undefined;
}

/** One word of POSIX sh. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02 */
function quoted(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

function branded(text: string): ShellCommand {
  return text as ShellCommand;
}
