/** Files that are there whole or not at all. */
import { UsageError } from "../engine/errors.ts";

/** Where a half-written file is, so that Ctrl-C can take it away. */
const unfinished = new Set<string>();

/** Removes what an interrupted write left behind. */
export function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      Deno.removeSync(path);
    } catch {
      // Already renamed or never made: nothing is left either way.
    }
  }
}

/**
 * Writes beside the target and renames, so that a reader sees the old file or the new one; a link keeps
 * pointing where it did, and a device or pipe is written as it is. `isNew`: never over something that is there. Throws
 * UsageError.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array,
  { flag, mode, isNew = false }: { flag: string; mode?: number; isNew?: boolean },
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await statOf(path);
    if (target?.isDirectory) throw new Error("it is a directory");
    if (target && isNew) throw new Error("something is there already, and is not written over");
    if (target && !target.isFile) return await Deno.writeFile(path, bytes);
    const place = target ? await Deno.realPath(path) : path;
    temporary = `${place}.${Deno.pid}.tmp`;
    unfinished.add(temporary);
    await Deno.writeFile(temporary, bytes, { createNew: true, ...(mode === undefined ? {} : { mode }) });
    if (!isNew) return await Deno.rename(temporary, place);
    // Unlike a rename, it fails where somebody made the file meanwhile.
    await Deno.link(temporary, place);
    await Deno.remove(temporary);
  } catch (error) {
    removeUnfinished();
    throw new UsageError(
      `Cannot write ${path}: ${systemReason(error)}. Give ${flag} a path that you may write to.`,
    );
  } finally {
    if (temporary) unfinished.delete(temporary);
  }
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What the system said, as words: the part of the message that does not repeat the path. */
export function systemReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission is denied";
  if (error instanceof Deno.errors.NotCapable) return "Deno was started without the permission for it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  const path = message.endsWith("'") ? message.search(/: \w+ '/) : -1;
  return path < 0 ? message : message.slice(0, path);
}
