/** What must be on the machine before anything is built. Debian packages are installed; the rest is asked for. */
import { captureCommand, CommandError, runCommand } from "./command.ts";

/** Debian packages that building and running the lab want, by a program each brings. */
export const debianPackages: Readonly<Record<string, string>> = {
  runc: "runc",
  mmdebstrap: "mmdebstrap",
  nft: "nftables",
  ip: "iproute2",
  conntrack: "conntrack",
  iptables: "iptables",
  nsenter: "util-linux",
  unzip: "unzip",
  tar: "tar",
  mvn: "maven",
  pip3: "python3-pip",
};

const GO_MINOR = 26;

/** A machine that lacks something. The message says what and what to do. */
export class PrerequisiteError extends Error {
  override readonly name = "PrerequisiteError";
}

/** Whether `go version` output tells of Go 1.26 or newer. */
export function isNewEnoughGo(output: string): boolean {
  const match = /go(\d+)\.(\d+)/.exec(output);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 1 || (major === 1 && minor >= GO_MINOR);
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

/** Checks everything at once and installs missing Debian packages. Throws {@linkcode PrerequisiteError}. */
export async function checkPrerequisites(
  context: { readonly log: string; readonly signal: AbortSignal; readonly info: (text: string) => void },
): Promise<void> {
  const problems: string[] = [];
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    problems.push("the lab runs on Linux on x86_64 only: use such a machine");
  } else if (Deno.uid() !== 0) {
    problems.push("the lab makes network namespaces and mounts: run it as root");
  }
  if (!findProgram("apt-get")) problems.push("apt-get is missing: use Debian 12");
  for (const program of ["npm"]) {
    if (!findProgram(program)) problems.push(`${program} is missing: install Node.js 20 or newer`);
  }
  const base = { log: context.log, signal: context.signal, timeoutMs: 10_000 };
  const version = await captureCommand({ ...base, argv: ["go", "version"] }).catch(() => "");
  if (!isNewEnoughGo(version)) {
    const found = version === "" ? "is missing" : `is too old (${version.trim()})`;
    problems.push(`Go ${found}: install Go 1.${GO_MINOR} or newer and put it on PATH`);
  }
  if (problems.length > 0) {
    throw new PrerequisiteError(
      `this machine can't build the lab:\n${problems.map((p) => `  - ${p}`).join("\n")}`,
    );
  }
  const missing = missingPackages();
  if (missing.length > 0) await install(missing, context);
}

async function install(
  packages: readonly string[],
  context: { readonly log: string; readonly signal: AbortSignal; readonly info: (text: string) => void },
): Promise<void> {
  context.info(`installing Debian packages: ${packages.join(" ")}`);
  const base = {
    log: context.log,
    signal: context.signal,
    timeoutMs: 600_000,
    env: { DEBIAN_FRONTEND: "noninteractive" },
  };
  try {
    await runCommand({ ...base, argv: ["apt-get", "update", "-q"] });
    const wait = "DPkg::Lock::Timeout=300";
    await runCommand({
      ...base,
      argv: ["apt-get", "install", "-y", "-q", "-o", wait, "--no-install-recommends", ...packages],
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new PrerequisiteError(
      `Debian packages are missing and could not be installed (${error.message}; log: ${error.log}): ` +
        `run apt-get install ${packages.join(" ")}`,
    );
  }
}
