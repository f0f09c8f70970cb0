/**
 * Prints the directory that DuckDB's native library is loaded from, for `--allow-ffi` of the tasks that need it: below
 * Deno's cache, which is another place on every machine. It takes no right to know it, and nothing need be there yet.
 */
import { fileURLToPath } from "node:url";

/** `/home/me/.cache/deno/npm/REGISTRY/@duckdb`, where the packages of all systems are. */
export function duckdbDirectory(resolve: (name: string) => string = import.meta.resolve): string {
  const found = /^file:.*?\/@duckdb(?=\/)/.exec(resolve("@duckdb/node-api"))?.[0];
  if (!found) {
    throw new Error("Deno does not say where it keeps npm packages: run `deno install` and try again");
  }
  return fileURLToPath(found);
}

if (import.meta.main) console.log(duckdbDirectory());
