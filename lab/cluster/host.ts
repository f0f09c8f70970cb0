import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isCode, RUN_ROOT, takenSlots } from "../context.ts";

/** Settings of the whole machine that kubelet changes at its start. */
const KERNEL_SETTINGS = [
  "/proc/sys/vm/overcommit_memory",
  "/proc/sys/vm/panic_on_oom",
  "/proc/sys/kernel/panic",
  "/proc/sys/kernel/panic_on_oops",
  "/proc/sys/kernel/keys/root_maxkeys",
  "/proc/sys/kernel/keys/root_maxbytes",
];

/** Directories that kubelet, CNI and felix make in fixed places outside the lab. */
const FIXED_DIRECTORIES = [
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/lib/cni",
  "/var/lib/calico",
  "/run/xtables.lock",
];

/** What the machine was like before the first lab. */
interface HostState {
  settings: Record<string, string>;
  /** The fixed directories that did not exist. */
  absent: string[];
}

const STATE_FILE = join(RUN_ROOT, "host.json");

/** Notes what the labs will change on the machine, once: an earlier lab's note is kept. */
export function saveHost(): void {
  const settings = KERNEL_SETTINGS.filter((path) => existsSync(path));
  const state: HostState = {
    settings: Object.fromEntries(settings.map((path) => [path, readFileSync(path, "utf8").trim()])),
    absent: FIXED_DIRECTORIES.filter((path) => !existsSync(path)),
  };
  try {
    writeFileSync(STATE_FILE, JSON.stringify(state), { flag: "wx" });
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
}

/** Gives the machine its settings back, and removes directories that were not there, once the last lab is gone. */
export function restoreHost(): string[] {
  if (takenSlots().size > 0 || !existsSync(STATE_FILE)) return [];
  const state: HostState = JSON.parse(readFileSync(STATE_FILE, "utf8"));
  for (const [path, value] of Object.entries(state.settings)) writeFileSync(path, value);
  for (const path of state.absent) rmSync(path, { recursive: true, force: true });
  rmSync(STATE_FILE);
  return ["kernel settings and fixed directories restored"];
}
