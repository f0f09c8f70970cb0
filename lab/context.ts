import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Addresses of one lab, all inside one /19 of 198.18.0.0/15 (reserved for benchmarks, so nobody's network). */
export interface LabNetwork {
  /** Host end of the veth pair; for pods this is "outside the cluster". */
  outside: string;
  /** The node's address: the end of the veth pair inside the namespace. Reachable from the host. */
  node: string;
  /** Prefix length of the veth pair's network. */
  linkPrefix: number;
  /** CIDR of ClusterIPs; reachable only inside the namespace, as on a real cluster. */
  services: string;
  /** CIDR of all pods; the node gets its first /24. */
  pods: string;
  /** ClusterIP of the Service `kubernetes`. */
  apiService: string;
  /** ClusterIP of the Service `kube-dns`. */
  dns: string;
  /** ClusterIP of Ceph's monitor. */
  monitor: string;
  /** Address of the pod of Ceph's S3 gateway, in the pods' network and not in the node's part of it. */
  gateway: string;
}

/** Everything that names a part of one lab. Pure data, derived from checkout path, slot and cache directory. */
export interface LabContext {
  /** Real path of the checkout. */
  root: string;
  /** The lab's state, mode 0700, removed by `down`. */
  dir: string;
  /** Built binaries and images; survives `down`. */
  cache: string;
  /** 0..15, unique among the labs on this machine. */
  slot: number;
  /** Short directory for sockets and mounts (socket paths may have 107 bytes at most). */
  run: string;
  /** File that holds the network namespace, for `nsenter --net=`. */
  netns: string;
  /** Cgroup of everything that the lab runs, relative to each hierarchy's root. */
  cgroup: string;
  veth: { outside: string; inside: string };
  net: LabNetwork;
  nodeName: "lab";
  kubeconfig: string;
  /** `https://NODE:6443`, the same inside and outside the namespace. */
  apiServer: string;
  /** `NODE:5000`, plain HTTP, the same inside and outside the namespace. */
  registry: string;
  /** `http://NODE:443`, the same inside and outside the namespace: what stands in the place of 1password.com. */
  onePassword: string;
  log: string;
  pki: string;
  etc: string;
}

/** Where the locks of all labs on this machine live. */
export const RUN_ROOT = "/run/lakecheck-lab";
/** How many labs one machine can hold. */
export const SLOTS = 16;

function address(slot: number, offset: number): string {
  const value = 198 * 2 ** 24 + 18 * 2 ** 16 + slot * 8192 + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The addresses of the lab in `slot` (0..15). */
export function labNetwork(slot: number): LabNetwork {
  return {
    outside: address(slot, 1),
    node: address(slot, 2),
    linkPrefix: 30,
    services: `${address(slot, 2048)}/21`,
    pods: `${address(slot, 4096)}/20`,
    apiService: address(slot, 2049),
    dns: address(slot, 2058),
    monitor: address(slot, 2060),
    gateway: address(slot, 8182),
  };
}

/** Pure: the context of the lab that `root` has in `slot`. */
export function labContext(root: string, slot: number, cache: string): LabContext {
  const dir = join(root, ".lab");
  const run = `${RUN_ROOT}/${slot}`;
  const net = labNetwork(slot);
  return {
    root,
    dir,
    cache,
    slot,
    run,
    netns: `${run}/netns`,
    cgroup: `/lakecheck-lab-${slot}`,
    veth: { outside: `lakecheck${slot}`, inside: "node0" },
    net,
    nodeName: "lab",
    kubeconfig: join(dir, "kubeconfig"),
    apiServer: `https://${net.node}:6443`,
    registry: `${net.node}:5000`,
    onePassword: `http://${net.node}:443`,
    log: join(dir, "log"),
    pki: join(dir, "pki"),
    etc: join(dir, "etc"),
  };
}

/** Real path of the checkout that this file belongs to. */
export function checkoutRoot(): string {
  return realpathSync(new URL("..", import.meta.url).pathname);
}

/** The cache directory: LAKECHECK_LAB_CACHE, or ~/.cache/lakecheck-lab. */
export function cacheDirectory(): string {
  return Deno.env.get("LAKECHECK_LAB_CACHE") || join(homedir(), ".cache", "lakecheck-lab");
}

function slotLink(slot: number): string {
  return `${RUN_ROOT}/slot-${slot}`;
}

/** The checkouts that hold a slot on this machine: slot number to checkout path. */
export function takenSlots(): Map<number, string> {
  const taken = new Map<number, string>();
  let names: string[] = [];
  try {
    names = readdirSync(RUN_ROOT);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !isCode(error, "ENOENT")) throw error;
  }
  for (const name of names) {
    const slot = /^slot-(\d+)$/.exec(name)?.[1];
    if (slot !== undefined) taken.set(Number(slot), readlinkSync(`${RUN_ROOT}/${name}`));
  }
  return taken;
}

/** The lab of this checkout if it holds a slot, else undefined. Claims nothing. */
export function findLab(root = checkoutRoot(), cache = cacheDirectory()): LabContext | undefined {
  for (const [slot, owner] of takenSlots()) {
    if (owner === root) return labContext(root, slot, cache);
  }
  return undefined;
}

/** File in the lab's state that tells which slot it was made for: its certificates and addresses hold only there. */
function slotFile(root: string): string {
  return join(root, ".lab/slot");
}

/** The slot that the state in this checkout was made for; undefined when there is no state. */
export function stateSlot(root = checkoutRoot()): number | undefined {
  try {
    return Number(readFileSync(slotFile(root), "utf8"));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Notes in the lab's state which slot it is made for. The directory `.lab` must exist. */
export function noteSlot(ctx: LabContext): void {
  writeFileSync(slotFile(ctx.root), String(ctx.slot));
}

/**
 * The lab of this checkout; takes a free slot if it holds none: the one that its state was made for (a reboot forgets
 * who holds which), else the lowest. A slot is a symlink that names its checkout: made in one step, so that two labs
 * that start together can't get the same one. Undefined: all slots are taken.
 */
export function claimLab(root = checkoutRoot(), cache = cacheDirectory()): LabContext | undefined {
  const mine = findLab(root, cache);
  if (mine) return mine;
  mkdirSync(RUN_ROOT, { recursive: true, mode: 0o755 });
  const before = stateSlot(root);
  const order = Array.from({ length: SLOTS }, (_, slot) => slot).sort((a, b) =>
    Number(b === before) - Number(a === before)
  );
  for (const slot of order) {
    try {
      symlinkSync(root, slotLink(slot));
      return labContext(root, slot, cache);
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
    }
  }
  return undefined;
}

/** Gives the slot back. Only after everything in it is gone. */
export function releaseLab(ctx: LabContext): void {
  try {
    if (lstatSync(slotLink(ctx.slot)).isSymbolicLink()) unlinkSync(slotLink(ctx.slot));
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

/** True when `error` is a system error with this code, such as ENOENT. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
