import { existsSync } from "node:fs";
import { LabError } from "../errors.ts";
import { CLEAN_ENV } from "../process.ts";

/** Programs of the distribution that the cluster runs, and the Debian package of each. */
const PROGRAMS: readonly [program: string, debianPackage: string][] = [
  ["runc", "runc"],
  ["openssl", "openssl"],
  ["ip", "iproute2"],
  ["nft", "nftables"],
  ["iptables", "iptables"],
  ["ipset", "ipset"],
  ["conntrack", "conntrack"],
  ["nsenter", "util-linux"],
  ["mount", "mount"],
];

/** Pure: the Debian packages whose programs `has` does not know. */
export function missingPackages(has: (program: string) => boolean): string[] {
  return PROGRAMS.filter(([program]) => !has(program)).map(([, name]) => name);
}

/** Throws LabError when a program is missing that the cluster cannot do without. */
export function checkPrograms(): void {
  const dirs = (CLEAN_ENV.PATH ?? "").split(":");
  const missing = missingPackages((program) => dirs.some((dir) => existsSync(`${dir}/${program}`)));
  if (missing.length === 0) return;
  throw new LabError(
    "cluster",
    `Debian packages are missing: ${missing.join(", ")}`,
    undefined,
    `apt-get install ${missing.join(" ")}`,
  );
}
