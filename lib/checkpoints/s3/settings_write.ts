/** Writes the settings of clients into a directory, every file whole or not at all. */
import { systemReason, writeFileAtomic } from "../../atomic_file.ts";
import { UsageError } from "../../errors.ts";
import type { ClientFile } from "./settings_files.ts";
import { trimEnd } from "../../text.ts";

const FLAG = "--write-client-config";

/** That DIR is a directory, or can become one; to be asked before anything else is done. Throws UsageError. */
export async function checkDirectory(path: string): Promise<void> {
  const found = await statOf(path);
  if (found && !found.isDirectory) {
    throw new UsageError(
      `${FLAG} is ${path}, which is a file. Give it a directory; it is made when it is not there.`,
    );
  }
}

/** Writes the files, and gives their names. Files of other names there stay. Throws UsageError. */
export async function writeFiles(path: string, files: readonly ClientFile[]): Promise<string[]> {
  await checkDirectory(path);
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new UsageError(
      `Cannot make ${path}: ${systemReason(error)}. Give ${FLAG} a directory that you may write to.`,
    );
  }
  const written: string[] = [];
  for (const { name, text } of files) {
    const place = `${trimEnd(path, "/")}/${name}`;
    await writeFileAtomic(place, new TextEncoder().encode(text), { flag: FLAG });
    written.push(name);
  }
  return written;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UsageError(`${FLAG} is ${path}, which cannot be looked at: ${systemReason(error)}.`);
  }
}
