/**
 * `deno task duckdb:extensions`: gets DuckDB's extensions for Iceberg from PyPI, pinned, and unpacks them to where the
 * engine looks for them. DuckDB itself downloads nothing.
 */
import { join } from "node:path";
import {
  DUCKDB_EXTENSIONS,
  DUCKDB_VERSION,
  duckdbPlatform,
  extensionFile,
  extensionsDirectory,
} from "../../lib/checkpoints/iceberg/engines/duckdb_extensions.ts";
import { type Tool, toolArguments } from "../../lib/cli/tool.ts";
import { EXTENSION_PINS, type PlatformPin } from "./pins.ts";
import { fileInWheel } from "./wheel.ts";

/** The largest has 51 MB. */
const MAX_EXTENSION_BYTES = 200 * 1024 * 1024;
const PIP_MS = 10 * 60_000;

/** What `pip` is asked for, with what it must get. Pure. */
export function requirementsOf({ sha256 }: PlatformPin): string {
  return DUCKDB_EXTENSIONS.map((name) =>
    `duckdb-extension-${name}==${DUCKDB_VERSION} --hash=sha256:${sha256[name]}\n`
  ).join("");
}

/** Gets them to this directory, if one is missing there. Whether that was needed. */
export async function fetchExtensions(directory: string, again = false): Promise<boolean> {
  if (!again && DUCKDB_EXTENSIONS.every((name) => isFile(extensionFile(directory, name)))) return false;
  const platform = duckdbPlatform();
  const pin = EXTENSION_PINS[platform];
  if (!pin) {
    const known = Object.keys(EXTENSION_PINS).join(", ");
    throw new Error(`there are no extensions for ${platform} on PyPI, only for ${known}`);
  }
  await Deno.mkdir(directory, { recursive: true });
  // On the same disk, so that a file is there whole or not at all.
  const work = await Deno.makeTempDir({ dir: directory, prefix: ".download-" });
  try {
    await download(pin, work);
    for (const name of DUCKDB_EXTENSIONS) {
      const bytes = fileInWheel(await wheelOf(work, name), nameInWheel(name), MAX_EXTENSION_BYTES);
      await Deno.writeFile(join(work, name), bytes, { mode: 0o644 });
      await Deno.rename(join(work, name), extensionFile(directory, name));
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return true;
}

/** Where a wheel of that extension holds it. */
export const nameInWheel = (name: string): string =>
  `duckdb_extension_${name}/extensions/v${DUCKDB_VERSION}/${name}.duckdb_extension`;

async function download(pin: PlatformPin, work: string): Promise<void> {
  const requirements = join(work, "requirements.txt");
  await Deno.writeTextFile(requirements, requirementsOf(pin));
  const pip = new Deno.Command("python3", {
    args: [
      ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"],
      ...["--require-hashes", "--only-binary=:all:", "--platform", pin.tag, "-r", requirements, "-d", work],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(PIP_MS),
  });
  const { success, stderr } = await pip.output().catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "python3 is not on this machine, and its pip gets the extensions. Next: install python3 and pip",
    );
  });
  if (success) return;
  const words = new TextDecoder().decode(stderr).trim().split("\n").slice(-3).join(" ").slice(0, 500);
  throw new Error(`pip did not get the extensions: ${words || "it gave no reason"}`);
}

async function wheelOf(work: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const begin = `duckdb_extension_${name}-${DUCKDB_VERSION}-`;
  const found = [...Deno.readDirSync(work)].map((entry) => entry.name)
    .filter((one) => one.startsWith(begin) && one.endsWith(".whl"));
  const [wheel] = found;
  if (!wheel || found.length > 1) throw new Error(`pip left ${found.length} wheels of ${name}, not one`);
  return await Deno.readFile(join(work, wheel));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const EXTENSIONS: Tool = {
  name: "duckdb:extensions",
  summary: `Gets the extensions of DuckDB ${DUCKDB_VERSION} for Iceberg from PyPI (${
    DUCKDB_EXTENSIONS.join(", ")
  }), each with the checksum that is pinned.`,
  flags: {
    directory: { help: "where to; default: below XDG_CACHE_HOME or ~/.cache", value: "DIR" },
    again: { help: "also when they are there" },
  },
  exits: { "1": "they could not be had" },
};

async function main(): Promise<number> {
  const { given } = await toolArguments(EXTENSIONS, Deno.args);
  const directory = given.get("directory") ?? extensionsDirectory();
  try {
    if (directory === undefined) throw new Error("HOME is not set. Next: give --directory");
    const fetched = await fetchExtensions(directory, given.has("again"));
    console.log(`DuckDB's extensions ${fetched ? "are now" : "were already"} in ${directory}`);
    return 0;
  } catch (error) {
    console.error(`duckdb:extensions: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
