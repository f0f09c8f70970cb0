/** Where DuckDB's extensions lie on this machine. `deno task duckdb:extensions` puts them there; nothing else is loaded. */
import { join } from "node:path";
import { CannotLook } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";

/** Of DuckDB and of its extensions: they must be the same. */
export const DUCKDB_VERSION = "1.5.5";

/** In the order in which they are loaded: each needs those before it. */
export const DUCKDB_EXTENSIONS = ["httpfs", "avro", "iceberg"] as const;

/** As DuckDB calls this system: `linux_amd64`. */
export function duckdbPlatform({ os, arch }: { os: string; arch: string } = Deno.build): string {
  const system = os === "darwin" ? "osx" : os;
  return `${system}_${arch === "x86_64" ? "amd64" : arch === "aarch64" ? "arm64" : arch}`;
}

/** `~/.cache/lakecheck/duckdb/1.5.5-linux_amd64`. Undefined where neither a cache nor a home directory is known. */
export function extensionsDirectory(
  variable: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | undefined {
  const home = variable("HOME") || variable("USERPROFILE");
  const cache = variable("XDG_CACHE_HOME") || (home && join(home, ".cache"));
  return cache ? join(cache, "lakecheck", "duckdb", `${DUCKDB_VERSION}-${duckdbPlatform()}`) : undefined;
}

export const extensionFile = (directory: string, name: string): string =>
  join(directory, `${name}.duckdb_extension`);

/** The paths of the extensions, in the order in which they are loaded. CannotLook where one is not there. */
export async function findExtensions(given?: string): Promise<string[]> {
  const directory = given ?? extensionsDirectory();
  const missing = (where: string, next: string) => {
    const message = `DuckDB's extensions for Iceberg are not on this machine${where}. Next: ${next}`;
    return new CannotLook({ kind: "not-installed", message });
  };
  if (directory === undefined) {
    throw missing(" (HOME is not set)", "give their directory with --duckdb-extensions");
  }
  const paths: string[] = [];
  for (const name of DUCKDB_EXTENSIONS) {
    const path = extensionFile(directory, name);
    const there = await Deno.stat(path).then(({ isFile }) => isFile, () => false);
    if (!there) {
      const place = `: ${name}.duckdb_extension is not in ${quote(directory, [], 200)}`;
      throw missing(place, given ? "give the directory that they are in" : "deno task duckdb:extensions");
    }
    // DuckDB takes a path without a slash for the name of an extension to install.
    paths.push(await Deno.realPath(path));
  }
  return paths;
}
