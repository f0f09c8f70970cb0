/** What must be on the machine before anything is built. Debian packages are installed; the rest is asked for. */
import { CommandError, runCommand } from "./command.ts";
import { ensureGo, type ToolchainContext } from "./toolchain.ts";

/** Debian packages that building and running the lab want, by a program each brings. */
export const debianPackages: Readonly<Record<string, string>> = {
  runc: "runc",
  mmdebstrap: "mmdebstrap",
  nft: "nftables",
  ip: "iproute2",
  conntrack: "conntrack",
  iptables: "iptables",
  ipset: "ipset",
  openssl: "openssl",
  nsenter: "util-linux",
  unzip: "unzip",
  tar: "tar",
  mvn: "maven",
  pip3: "python3-pip",
};

/** A machine that lacks something. The message says what and what to do. */
export class PrerequisiteError extends Error {
  override readonly name = "PrerequisiteError";
}

function findProgram(name: string): boolean {
  const directories = `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`.split(":");
  return directories.some((directory) => {
    try {
      return Deno.statSync(`${directory}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Debian packages whose programs are not on this machine. */
export function missingPackages(found: (program: string) => boolean = findProgram): string[] {
  const missing = Object.entries(debianPackages).filter(([program]) => !found(program));
  return [...new Set(missing.map(([, name]) => name))];
}

/** Checks everything at once, and installs what Debian and PyPI have. Throws {@linkcode PrerequisiteError}. */
export async function checkPrerequisites(context: ToolchainContext): Promise<void> {
  const problems: string[] = [];
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    problems.push("the lab runs on Linux on x86_64 only: use such a machine");
  } else if (Deno.uid() !== 0) {
    problems.push("the lab makes network namespaces and mounts: run it as root");
  }
  if (!findProgram("apt-get")) problems.push("apt-get is missing: use Debian 12");
  if (!findProgram("npm")) problems.push("npm is missing: install Node.js 20 or newer");
  if (problems.length > 0) {
    throw new PrerequisiteError(
      `this machine can't build the lab:\n${problems.map((p) => `  - ${p}`).join("\n")}`,
    );
  }
  const missing = missingPackages();
  if (missing.length > 0) {
    await orAsk(installPackages(missing, context), `run apt-get install ${missing.join(" ")}`);
  }
  await orAsk(ensureGo(context), "install Go 1.26 or newer and put it on PATH");
}

async function orAsk(work: Promise<void>, next: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new PrerequisiteError(
      `this machine can't build the lab yet: ${error.message} (log: ${error.log}). Next: ${next}`,
    );
  }
}

async function installPackages(packages: readonly string[], context: ToolchainContext): Promise<void> {
  context.info(`installing Debian packages: ${packages.join(" ")}`);
  const { log, signal } = context;
  const base = { log, signal, timeoutMs: 600_000, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  await runCommand({ ...base, argv: ["apt-get", "update", "-q", ...lock] });
  await runCommand({
    ...base,
    argv: ["apt-get", "install", "-y", "-q", ...lock, "--no-install-recommends", ...packages],
  });
}
