/** The parts of a help text, broken between words. Loaded when help is asked for, and not before. */
import { hang } from "../render/mod.ts";
import type { FlagTable } from "./flags.ts";

/** The wider column of a list is at most so wide; what is longer has its explanation below it. */
const WIDEST = 30;

/** Names with what they mean beside them. */
export function listLines(
  rows: readonly (readonly [name: string, meaning: string])[],
  width: number,
): string[] {
  const wide = Math.min(WIDEST, Math.max(...rows.map(([name]) => name.length)));
  return rows.flatMap(([name, meaning]) =>
    name.length > wide
      ? [`  ${name}`, ...hang(" ".repeat(wide + 4), meaning, width)]
      : hang(`  ${name.padEnd(wide)}  `, meaning, width)
  );
}

/** The table of flags. */
export function flagLines(table: FlagTable, width: number): string[] {
  return listLines(
    Object.entries(table).map(([name, flag]) => [
      `${flag.short ? `-${flag.short}, ` : "    "}--${name}${flag.value ? ` ${flag.value}` : ""}`,
      flag.help + (flag.choices ? `: ${flag.choices.join(", ")}` : "") +
      (flag.fallback ? ` (default: ${flag.fallback})` : ""),
    ]),
    width,
  );
}
