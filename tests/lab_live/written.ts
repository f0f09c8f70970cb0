/** The files that were written since a moment: what a command may have left behind, wherever it may write. */
import { type Dirent, existsSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

/** Larger files hold no trace of ours: they are logs and databases of others. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What the search asks of the disk; tests give their own. */
export interface Disk {
  entries(directory: string): Dirent[];
  stat(path: string): Stats | undefined;
  read(path: string): string;
}

const DISK: Disk = {
  entries: (directory) => readdirSync(directory, { withFileTypes: true }),
  stat: (path) => statSync(path, { throwIfNoEntry: false }),
  read: (path) => readFileSync(path, "utf8"),
};

/**
 * Files below these directories that were written at `since` (milliseconds since the epoch) or later, each with its
 * text. Links are not followed. What vanishes meanwhile was somebody else's to take away. The state of a lab is left
 * out, in whichever checkout it is: its pods hold the secrets, and that is what they are for.
 */
export function* writtenSince(
  directories: readonly string[],
  since: number,
  disk: Disk = DISK,
): Generator<[path: string, text: string]> {
  for (const directory of directories) {
    for (const entry of unlessGone(() => disk.entries(directory)) ?? []) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!isLabState(directory, entry.name)) yield* writtenSince([path], since, disk);
      } else if (entry.isFile()) {
        const text = unlessGone(() => {
          const found = disk.stat(path);
          return found && found.mtimeMs >= since && found.size <= MAX_BYTES ? disk.read(path) : undefined;
        });
        if (text !== undefined) yield [path, text];
      }
    }
  }
}

/** `.lab` of a checkout of this project; one of another kind is searched like everything else. */
function isLabState(parent: string, name: string): boolean {
  return name === ".lab" && existsSync(join(parent, "lab", "main.ts")) &&
    existsSync(join(parent, "deno.json"));
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (/^(?:ENOENT|ENOTDIR|ESTALE)$/.test((error as { code?: string }).code ?? "")) return undefined;
    throw error;
  }
}
