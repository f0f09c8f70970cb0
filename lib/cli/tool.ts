/** The arguments of what works on this repository or the lab: known before anything is done. */
import { UsageError } from "../engine/errors.ts";
import { type FlagTable, type Given, parseFlags } from "./flags.ts";
import { own } from "../untrusted/lookup.ts";
import { command } from "../untrusted/shell.ts";
import { note, print, terminalWidth } from "./terminal.ts";

export interface Tool {
  name: string;
  /** Whole sentences. */
  summary: string;
  flags?: FlagTable;
  /** What may stand beside the flags, as the help shows it: `[NAME ...]`. */
  words?: string;
  /** How it is started, when that is not `deno task NAME`. */
  start?: string;
  /** By exit status; 3 is that the arguments cannot be used. */
  exits?: Readonly<Record<string, string>>;
}

const HELP: FlagTable = { help: { help: "this text", short: "h" } };
const CANNOT_BE_USED = "3";

/** What was given. Prints the help and ends with 0 when that is asked for; ends with 3 at a word that is not known. */
export async function toolArguments(
  tool: Tool,
  argv: readonly string[],
): Promise<{ given: Given; words: string[] }> {
  try {
    const { flags, words } = sorted(tool, argv);
    const given = parseFlags(flags, { ...tool.flags, ...HELP }, tool.name);
    if (!given.has("help")) return { given, words };
    await print(await helpText(tool));
    Deno.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    Deno.exit(refused(tool, error.message));
  }
}

/** Says on stderr why the arguments cannot be used. Gives the exit status. */
export function refused(tool: Tool, message: string): number {
  note(`${tool.name}: ${message.replace(command`deno task ${tool.name}`, startOf(tool))}`);
  return Number(CANNOT_BE_USED);
}

function sorted({ words, flags = {} }: Tool, argv: readonly string[]): { flags: string[]; words: string[] } {
  if (words === undefined) return { flags: [...argv], words: [] };
  const found = { flags: [] as string[], words: [] as string[] };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (!word.startsWith("-")) found.words.push(word);
    else found.flags.push(word, ...own(flags, word.slice(2))?.value ? argv.slice(++i, i + 1) : []);
  }
  return found;
}

function startOf({ name, start }: Tool): string {
  return start ?? command`deno task ${name}`;
}

async function helpText(tool: Tool): Promise<string> {
  const [{ flagLines, listLines }, { wrap }] = await Promise.all([
    import("./help.ts"),
    import("../render/mod.ts"),
  ]);
  const width = terminalWidth();
  const three = [tool.exits?.[CANNOT_BE_USED], "the arguments cannot be used"].filter(Boolean).join(", or ");
  const exits = { "0": "done", ...tool.exits, [CANNOT_BE_USED]: three };
  return [
    ...wrap(tool.summary, width),
    "",
    "Usage:",
    `  ${[startOf(tool), "[flags]", ...tool.words ? [tool.words] : []].join(" ")}`,
    "",
    "Flags:",
    ...flagLines({ ...tool.flags, ...HELP }, width),
    "",
    "Exit status:",
    ...listLines(Object.entries(exits), width),
    "",
  ].join("\n");
}
