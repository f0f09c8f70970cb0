import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isCode, type LabContext } from "../context.ts";
import { LabError } from "../errors.ts";

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  path: string;
  version: 1 | 2;
  /** Controllers of a version 1 hierarchy; empty for version 2. */
  controllers: string[];
}

/** Pure: the cgroup hierarchies in a /proc/self/mountinfo text. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  return mountinfo.split("\n").flatMap((line): Hierarchy[] => {
    const [left, right] = line.split(" - ");
    const path = left?.split(" ")[4];
    const [type, , options] = right?.split(" ") ?? [];
    if (path === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    if (type === "cgroup2") return [{ path, version: 2, controllers: [] }];
    return [{ path, version: 1, controllers: (options ?? "").split(",").filter((word) => word !== "rw") }];
  });
}

function hierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** The hierarchy in which the lab's processes are kept: where memory is counted. */
function tracking(all: Hierarchy[]): Hierarchy {
  const found = all.find((one) => one.controllers.includes("memory")) ?? all.find((one) => one.version === 2);
  if (found) return found;
  throw new LabError(
    "cgroups",
    "no cgroup hierarchy is mounted",
    undefined,
    "mount -t cgroup2 none /sys/fs/cgroup",
  );
}

/** Directory of the cgroup that a daemon of the lab and all its children are in. It is how they are found again. */
export function daemonCgroup(ctx: LabContext, name: string): string {
  return join(tracking(hierarchies()).path, ctx.cgroup, "system", name);
}

/** Makes the lab's cgroup in every hierarchy, as kubelet wants it of its cgroup root. */
export function makeCgroups(ctx: LabContext): void {
  const all = hierarchies();
  const tracked = tracking(all);
  for (const one of all) {
    if (one.version === 2 && one !== tracked) continue;
    const dir = join(one.path, ctx.cgroup);
    mkdirSync(dir, { recursive: true });
    if (one.version === 2) { for (const parent of [one.path, dir]) delegate(parent); }
    for (const file of one.controllers.includes("cpuset") ? ["cpuset.cpus", "cpuset.mems"] : []) {
      writeFileSync(join(dir, file), readFileSync(join(one.path, file), "utf8"));
    }
  }
  mkdirSync(join(tracked.path, ctx.cgroup, "system"), { recursive: true });
}

function delegate(dir: string): void {
  const offered = readFileSync(join(dir, "cgroup.controllers"), "utf8").trim().split(" ");
  const wanted = ["cpu", "cpuset", "memory", "pids", "io"].filter((name) => offered.includes(name));
  writeFileSync(join(dir, "cgroup.subtree_control"), wanted.map((name) => `+${name}`).join(" "));
}

/** Pids in a cgroup directory and below it. Empty when it does not exist. */
export function pidsIn(dir: string): number[] {
  return tree(dir).flatMap((one) => readPids(join(one, "cgroup.procs")));
}

function readPids(file: string): number[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENODEV")) return [];
    throw error;
  }
}

function tree(dir: string): string[] {
  let children: string[];
  try {
    children = readdirSync(dir, { withFileTypes: true }).filter((one) => one.isDirectory()).map((one) =>
      one.name
    );
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENODEV")) return [];
    throw error;
  }
  return [dir, ...children.flatMap((name) => tree(join(dir, name)))];
}

/** Pids of everything in the lab's cgroups, in any hierarchy: daemons, shims and containers. */
export function labPids(ctx: LabContext): number[] {
  return [...new Set(hierarchies().flatMap((one) => pidsIn(join(one.path, ctx.cgroup))))];
}

/** Memory of the lab without page cache, in bytes: daemons and pods. Undefined when there is no such cgroup. */
export function labMemory(ctx: LabContext): number | undefined {
  const one = tracking(hierarchies());
  const file = join(one.path, ctx.cgroup, "memory.stat");
  if (!existsSync(file)) return undefined;
  const stat = new Map(
    readFileSync(file, "utf8").split("\n").map((line) => {
      const [key, value] = line.split(" ");
      return [key, Number(value)] as const;
    }),
  );
  const names = one.version === 1 ? ["total_rss", "total_shmem"] : ["anon", "shmem", "kernel_stack"];
  return names.reduce((sum, name) => sum + (stat.get(name) ?? 0), 0);
}

/** Removes the lab's cgroups everywhere; their processes must be gone. Returns what could not be removed. */
export async function removeCgroups(ctx: LabContext, attempts = 40): Promise<string[]> {
  for (let attempt = 1;; attempt++) {
    const dirs = hierarchies().flatMap((one) => tree(join(one.path, ctx.cgroup))).reverse();
    for (const dir of dirs) tryRemove(dir);
    const left = dirs.filter((dir) => existsSync(dir));
    if (left.length === 0 || attempt >= attempts) return left;
    await sleep(50); // A process that has just died leaves its cgroup a moment later.
  }
}

function tryRemove(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    if (!isCode(error, "EBUSY") && !isCode(error, "ENOENT")) throw error;
  }
}
