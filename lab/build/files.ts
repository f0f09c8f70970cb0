/** Small helpers for files in the cache. Everything is written under another name first and then renamed. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { dirname } from "node:path";

/** Whether something is at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The sha256 of text, in hex. */
export function sha256Text(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The digest of a file in hex, read in a stream. Rejects when the file can't be read. */
export async function hashFile(path: string, algorithm: "sha256" | "sha512" = "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}

/** Moves a finished file or directory into its place, replacing what is there. Same file system only. */
export function moveInto(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  if (exists(to) && Deno.lstatSync(to).isDirectory) {
    const old = `${to}.old-${crypto.randomUUID()}`;
    Deno.renameSync(to, old);
    Deno.renameSync(from, to);
    Deno.removeSync(old, { recursive: true });
  } else {
    Deno.renameSync(from, to);
  }
}

/** Writes text whole or not at all. */
export function writeWhole(path: string, text: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${crypto.randomUUID()}`;
  Deno.writeTextFileSync(temporary, text);
  Deno.renameSync(temporary, path);
}

/** Removes what is at `path`, if anything. Go's module directories are read-only, which does not stop root. */
export function removeAll(path: string): void {
  if (exists(path)) Deno.removeSync(path, { recursive: true });
}

/** The last `bytes` bytes of a text file; empty when it can't be read. */
export function readTail(path: string, bytes: number): string {
  try {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    file.seekSync(Math.max(0, size - bytes), Deno.SeekMode.Start);
    const buffer = new Uint8Array(Math.min(size, bytes));
    const read = file.readSync(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, read));
  } catch {
    return "";
  }
}

/** Paths of all files under a directory, sorted, relative to it. Links count as files and are not followed. */
export function listFiles(directory: string, prefix = ""): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory) found.push(...listFiles(`${directory}/${entry.name}`, `${path}/`));
    else found.push(path);
  }
  return found.sort();
}
