/** `.lab/faults.json`: which faults are on, and what their repair needs. Another process can repair from it. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isCode, type LabContext } from "../context.ts";
import { LabError } from "../errors.ts";

/** One fault that is on. */
export interface Entry {
  /** RFC 3339. */
  since: string;
  /** False while `break` has not ended: it was interrupted, or is at work. */
  done: boolean;
  /** What the fault noted for its repair. May hold secrets: the file is its owner's only. */
  saved: Record<string, unknown>;
}

/** Faults that are on, by name, oldest first. */
export type Journal = Record<string, Entry>;

function journalFile(ctx: LabContext): string {
  return join(ctx.dir, "faults.json");
}

/** The faults that are on; none when there is no file. Throws LabError for a file that can't be read. */
export function readJournal(ctx: LabContext): Journal {
  try {
    return JSON.parse(readFileSync(journalFile(ctx), "utf8"));
  } catch (error) {
    if (isCode(error, "ENOENT")) return {};
    const why = error instanceof Error ? error.message : String(error);
    throw new LabError(
      "faults",
      `${journalFile(ctx)} can't be read: ${why}`,
      undefined,
      "deno task lab:down",
    );
  }
}

function write(ctx: LabContext, journal: Journal): void {
  const file = journalFile(ctx);
  writeFileSync(`${file}.new`, JSON.stringify(journal, undefined, 1), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Changes the entry of `name`, making it if need be; undefined removes it. Written before this returns. */
export function note(ctx: LabContext, name: string, change: ((entry: Entry) => Entry) | undefined): void {
  const journal = readJournal(ctx);
  const before = journal[name] ?? { since: new Date().toISOString(), done: false, saved: {} };
  if (change) journal[name] = change(before);
  else delete journal[name];
  write(ctx, journal);
}
