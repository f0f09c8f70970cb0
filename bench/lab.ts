/** The lab's own numbers: how long it takes to come up, and how much memory it holds. */
import { labPids } from "../lab/cluster/cgroups.ts";
import { findLab } from "../lab/context.ts";

async function task(name: string, env: Record<string, string> = {}): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name],
    env,
    stdin: "null",
  })
    .spawn().status;
  if (code !== 0) throw new Error(`deno task ${name} ended with exit status ${code}`);
}

/** Seconds of a `lab:up` from nothing; with a cache directory of its own when one is given. */
export async function timeLabUp(cache?: string): Promise<number> {
  const env: Record<string, string> = cache ? { LAKECHECK_LAB_CACHE: cache } : {};
  await task("lab:down", env);
  const started = performance.now();
  await task("lab:up", env);
  return (performance.now() - started) / 1000;
}

/** MiB of proportional memory (PSS) of every process of the lab, its pods included. */
export async function labMemoryMiB(): Promise<number> {
  const lab = findLab();
  if (!lab) throw new Error("there is no lab of this checkout. Next: deno task lab:up");
  let kib = 0;
  for (const pid of labPids(lab)) {
    try {
      const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
      kib += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      // It has ended since it was listed.
    }
  }
  return kib / 1024;
}
