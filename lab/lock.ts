import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { isCode, type LabContext, RUN_ROOT } from "./context.ts";
import { LabError } from "./errors.ts";

function lockFile(ctx: LabContext): string {
  return `${RUN_ROOT}/slot-${ctx.slot}.lock`;
}

/** Runs `work` while no other lab command changes this lab. Throws LabError when one is at work already. */
export async function withLock<T>(ctx: LabContext, work: () => Promise<T>): Promise<T> {
  const path = lockFile(ctx);
  mkdirSync(RUN_ROOT, { recursive: true, mode: 0o755 });
  // The kernel drops the lock with the process, however it ends.
  using file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
  if (!file.tryLockSync(true) || !isSame(file, path)) {
    const next = "wait for it to end, or end it, then try again";
    throw new LabError("lab", `another lab command is at work on ${ctx.root}`, undefined, next);
  }
  return await work();
}

/** False when `down` has removed the file since it was opened: the lock is on nothing then. */
function isSame(file: Deno.FsFile, path: string): boolean {
  try {
    return file.statSync().ino === statSync(path).ino;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Removes the lock's file, and the directory of all labs when nothing is left in it. Last step of `down`. */
export function removeLock(ctx: LabContext): void {
  try {
    unlinkSync(lockFile(ctx));
    if (readdirSync(RUN_ROOT).length === 0) rmdirSync(RUN_ROOT);
  } catch (error) {
    if (!isCode(error, "ENOENT") && !isCode(error, "ENOTEMPTY")) throw error;
  }
}
