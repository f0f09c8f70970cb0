import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type LabContext, releaseLab } from "../context.ts";
import { LabError } from "../errors.ts";
import { MARK, run } from "../process.ts";
import { labPids, removeCgroups } from "./cgroups.ts";
import { killAll } from "./daemon.ts";
import { restoreHost } from "./host.ts";
import { mountPoints, removeNetwork } from "./network.ts";

/**
 * Pids of processes in the lab's network namespace, and of those that the lab started (they carry its mark) and whose
 * command line names its state. A person's editor or `tail -f` on a log of the lab is neither.
 */
function stragglers(ctx: LabContext): number[] {
  const own = new Set([String(Deno.pid), String(Deno.ppid)]);
  const namespace = namespaceId(ctx.netns);
  const needles = [`${ctx.dir}/`, `${ctx.run}/`];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !own.has(name)).map(Number).filter(
    (pid) => {
      if (namespace !== undefined && namespaceId(`/proc/${pid}/ns/net`) === namespace) return true;
      const commandLine = read(`/proc/${pid}/cmdline`);
      return needles.some((needle) => commandLine.includes(needle)) && isMarked(pid);
    },
  );
}

function isMarked(pid: number): boolean {
  return read(`/proc/${pid}/environ`).split("\0").some((line) => line.startsWith(`${MARK}=`));
}

function namespaceId(path: string): string | undefined {
  try {
    const file = Deno.statSync(path);
    return `${file.dev}:${file.ino}`;
  } catch {
    return undefined; // The process has ended, or there is no such namespace.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // The process has ended.
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

async function killEverything(ctx: LabContext): Promise<string[]> {
  const pids = () => [...new Set([...labPids(ctx), ...stragglers(ctx)])];
  const count = pids().length;
  const left = await killAll(pids);
  if (left.length > 0) throw new LabError("down", `processes ${left.join(", ")} do not end on SIGKILL`);
  return count > 0 ? [plural(count, "process", "processes")] : [];
}

async function unmountAll(ctx: LabContext): Promise<string[]> {
  const inside = (path: string) => path.startsWith(`${ctx.dir}/`) || path.startsWith(`${ctx.run}/`);
  let count = 0;
  for (let round = 0; round < 5; round++) {
    const points = mountPoints().filter((path) => inside(path) && path !== ctx.netns).reverse();
    if (points.length === 0) break;
    for (const path of points) {
      const result = await run(["umount", path]);
      if (result.code !== 0) await run(["umount", "--lazy", path]);
      count++;
    }
  }
  return count > 0 ? [plural(count, "mount", "mounts")] : [];
}

/** Files outside `.lab` that kubelet and the CNI library make in fixed places. */
function removeTraces(ctx: LabContext): void {
  removeMatching(
    "/var/log/containers",
    (path) => lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(`${ctx.dir}/`),
  );
  removeMatching("/var/lib/cni/results", (path) => path.includes(`/lakecheck-lab-${ctx.slot}-`));
}

function removeMatching(dir: string, matches: (path: string) => boolean): void {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (matches(path)) unlinkSync(path);
  }
}

/**
 * Removes everything that the lab has on this machine but its cache: processes, mounts, network, cgroups, state. Works
 * after a half-finished `up` too. Says what it removed; throws LabError for what would not go.
 */
export async function stopCluster(ctx: LabContext): Promise<string[]> {
  const removed = await killEverything(ctx);
  removed.push(...await unmountAll(ctx));
  removed.push(...await removeNetwork(ctx));
  const cgroups = await removeCgroups(ctx);
  removeTraces(ctx);
  for (const [dir, what] of [[ctx.run, "sockets"], [ctx.dir, "state"]] as const) {
    if (!existsSync(dir)) continue;
    rmSync(dir, { recursive: true, force: true });
    removed.push(`${what} in ${dir}`);
  }
  const left = [...leftovers(ctx), ...cgroups];
  if (left.length > 0) throw new LabError("down", `could not be removed: ${left.join(", ")}`);
  releaseLab(ctx);
  return [...removed, ...restoreHost()];
}

/** What of the lab is still on this machine, in words. Empty after a good `down`. */
export function leftovers(ctx: LabContext): string[] {
  const mounts = mountPoints().filter((path) =>
    path.startsWith(`${ctx.dir}/`) || path.startsWith(`${ctx.run}/`)
  );
  const link = `/sys/class/net/${ctx.veth.outside}`;
  return [
    ...labPids(ctx).concat(stragglers(ctx)).map((pid) => `process ${pid}`),
    ...mounts.map((path) => `mount ${path}`),
    ...[link, ctx.run, ctx.dir].filter((path) => existsSync(path)),
  ];
}
