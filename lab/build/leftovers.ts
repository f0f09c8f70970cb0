/** Ends programs that a killed build left running: whoever holds the cache's lock knows that nobody waits for them. */
import { readFileSync } from "node:fs";

/** The variable by which a build's programs are known; its value is the cache's path. */
export const BUILD_MARK = "LAKECHECK_BUILD_CACHE";

const ENDING_MS = 5_000;

/** Ids of processes whose environment says that a build of this cache started them, other than this one. */
export function leftovers(cacheDir: string): number[] {
  const mark = `${BUILD_MARK}=${cacheDir}`;
  return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter((pid) => {
    if (!Number.isInteger(pid) || pid === Deno.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark);
    } catch {
      // Ended meanwhile.
      return false;
    }
  });
}

/** Kills what a killed build of this cache left behind and waits until it is gone. Call it with the lock held. */
export async function endLeftovers(cacheDir: string): Promise<number> {
  const found = leftovers(cacheDir).length;
  const until = Date.now() + ENDING_MS;
  for (let left = leftovers(cacheDir); left.length > 0 && Date.now() < until; left = leftovers(cacheDir)) {
    for (const pid of left) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // Ended meanwhile, which was wanted.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return found;
}
