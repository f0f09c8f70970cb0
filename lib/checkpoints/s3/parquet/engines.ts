/** The two libraries that write and read, loaded once for a checkpoint, side by side. */
import { CannotLook } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";
import type { S3Context } from "../context.ts";
import { type DuckDb, openDuckDb } from "./duckdb.ts";
import { type Hyparquet, openHyparquet } from "./hyparquet.ts";

export interface Engines {
  hyparquet: Hyparquet;
  duckdb: DuckDb;
}

const opened = new WeakMap<S3Context["scratch"], Promise<Engines>>();

/** The engines of this checkpoint; opened by the first trial that asks, and closed when the scratch scope ends. */
export function enginesOf({ scratch }: Pick<S3Context, "scratch">): Promise<Engines> {
  const known = opened.get(scratch);
  if (known) return known;
  const duckdb = openDuckDb().catch((error) => {
    throw new CannotLook({
      kind: "not-installed",
      message: error instanceof Deno.errors.NotCapable
        ? "DuckDB cannot be loaded here: this was started without the right to load native code from where Deno keeps it. " +
          "Next: deno task data-platform:test:s3"
        : `DuckDB cannot be loaded here: ${
          quote(error instanceof Error ? error.message : String(error), [], 300)
        }`,
    });
  });
  scratch.undo("the temporary directory of DuckDB", async () => {
    const open = await duckdb.catch(() => undefined);
    await open?.close();
  });
  const engines = Promise.all([openHyparquet(), duckdb]).then(([one, other]) => ({
    hyparquet: one,
    duckdb: other,
  }));
  opened.set(scratch, engines);
  return engines;
}
