import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { LabContext } from "../context.ts";
import { must, run } from "../process.ts";

/** Prefixes a command so that it runs in the lab's network namespace, with the host's file system and cgroups. */
export function inNamespace(ctx: LabContext, argv: readonly string[]): string[] {
  return ["nsenter", `--net=${ctx.netns}`, "--", ...argv];
}

/** True when `path` is a mount point of this process's mount namespace. */
export function isMounted(path: string): boolean {
  return mountPoints().includes(path);
}

/** All mount points, in the order they were mounted. */
export function mountPoints(): string[] {
  return parseMountPoints(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Pure: the mount points in a /proc/PID/mountinfo text. The kernel writes space, tab and backslash as octal. */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const path = line.split(" ")[4];
    return path ? [path.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))] : [];
  });
}

/** Settings inside the namespace only: the kernel keeps these per network namespace. */
const SYSCTLS: readonly [path: string, value: string][] = [
  ["net/ipv4/ip_forward", "1"],
  ["net/ipv4/conf/all/rp_filter", "1"],
  ["net/ipv4/conf/default/rp_filter", "1"],
];

/** Pure: the commands that build the veth pair, its addresses and the namespace's routes and settings. */
export function linkCommands(ctx: LabContext): { host: string[][]; inside: string[][] } {
  const { veth, net, netns } = ctx;
  return {
    host: [
      ["ip", "link", "add", veth.outside, "type", "veth", "peer", "name", veth.inside, "netns", netns],
      ["ip", "address", "add", `${net.outside}/${net.linkPrefix}`, "dev", veth.outside],
      ["ip", "link", "set", veth.outside, "up"],
    ],
    inside: [
      ["ip", "link", "set", "lo", "up"],
      ["ip", "address", "add", `${net.node}/${net.linkPrefix}`, "dev", veth.inside],
      ["ip", "link", "set", veth.inside, "up"],
      ["ip", "route", "add", "default", "via", net.outside],
      ...SYSCTLS.map(([path, value]) => ["sh", "-c", `echo ${value} >/proc/sys/${path}`]),
    ],
  };
}

/**
 * Makes the network namespace and the veth pair that leads into it, if they are not there. A namespace without its
 * last step (the default route) was left by an interrupted `up` and is made anew.
 */
export async function makeNetwork(ctx: LabContext): Promise<boolean> {
  if (isMounted(ctx.netns) && await isComplete(ctx)) return false;
  await removeNetwork(ctx);
  if (!existsSync(ctx.netns)) writeFileSync(ctx.netns, "", { mode: 0o600 });
  await must("network", ["unshare", `--net=${ctx.netns}`, "true"]);
  const { host, inside } = linkCommands(ctx);
  for (const argv of host) await must("network", argv);
  for (const argv of inside) await must("network", inNamespace(ctx, argv));
  return true;
}

async function isComplete(ctx: LabContext): Promise<boolean> {
  const routes = await run(inNamespace(ctx, ["ip", "route", "show", "default"]));
  const outside = await run(["ip", "address", "show", "dev", ctx.veth.outside]);
  return routes.stdout.includes(ctx.net.outside) && outside.stdout.includes(`${ctx.net.outside}/`);
}

/** Removes the veth pair and the namespace. Processes in it must be gone, or the kernel keeps it for them. */
export async function removeNetwork(ctx: LabContext): Promise<string[]> {
  const removed: string[] = [];
  if (existsSync(`/sys/class/net/${ctx.veth.outside}`)) {
    await must("network", ["ip", "link", "delete", ctx.veth.outside]);
    removed.push(`network link ${ctx.veth.outside}`);
  }
  while (isMounted(ctx.netns)) {
    await must("network", ["umount", ctx.netns]);
    removed.push("network namespace");
  }
  return removed;
}
