/** Writes the settings of clients into a directory, every file whole or not at all. */
import { systemReason, writeFileAtomic } from "../../../disk/atomic_file.ts";
import { UsageError } from "../../../engine/errors.ts";
import { type ClientFile, FILE_MARK, FILE_NAMES } from "./files.ts";
import { trimEnd } from "../../../untrusted/text.ts";

const FLAG = "--write-client-config";

/** Where the mark of our files is looked for, in bytes. */
const HEAD_BYTES = 1024;

/**
 * That DIR is a directory, or can become one, and that no file in it is somebody else's; to be asked before anything
 * else is done. Throws UsageError.
 */
export async function checkDirectory(path: string): Promise<void> {
  const found = await statOf(path);
  if (found && !found.isDirectory) {
    throw new UsageError(
      `${FLAG} is ${path}, which is a file. Give it a directory; it is made when it is not there.`,
    );
  }
  const inside = found ? FILE_NAMES : [];
  for (const name of inside) await checkOurs(`${trimEnd(path, "/")}/${name}`);
}

/** A link may lead anywhere, and a file without our mark was written by somebody else: neither is written to. */
async function checkOurs(place: string): Promise<void> {
  const why = await notOurs(place);
  if (why === undefined) return;
  throw new UsageError(
    `${FLAG} would write ${place}, which ${why}. Nothing was written. Give it a directory of its own, or move that away.`,
  );
}

async function notOurs(place: string): Promise<string | undefined> {
  try {
    const { isSymlink, isFile } = await Deno.lstat(place);
    if (isSymlink) return "is a link";
    if (!isFile) return "is no file";
    using file = await Deno.open(place);
    const head = new Uint8Array(HEAD_BYTES);
    const size = await file.read(head) ?? 0;
    const ours = new TextDecoder().decode(head.subarray(0, size)).includes(FILE_MARK);
    return ours ? undefined : "was not written by it";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return `cannot be looked at: ${systemReason(error)}`;
  }
}

/** Writes the files, and gives their names. Files of other names, and of others, stay. Throws UsageError. */
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
