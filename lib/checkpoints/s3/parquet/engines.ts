/** The two libraries that write and read, loaded once for a checkpoint, side by side. */
import { CannotLook } from "../../../engine/errors.ts";
import { quote } from "../../../redact/mod.ts";
import type { S3Context } from "../context.ts";
import { type DuckDb, openDuckDb } from "./duckdb.ts";
import { type Hyparquet, openHyparquet } from "./hyparquet.ts";
import { memo } from "../../../engine/memo.ts";

export interface Engines {
  hyparquet: Hyparquet;
  duckdb: DuckDb;
}

/** The engines of this checkpoint; opened by the first trial that asks, and closed when the scratch scope ends. */
export const enginesOf = ({ scratch }: Pick<S3Context, "scratch">): Promise<Engines> => openedIn(scratch);

const openedIn = memo((scratch: S3Context["scratch"]): Promise<Engines> => {
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
  return Promise.all([openHyparquet(), duckdb]).then(([one, other]) => ({ hyparquet: one, duckdb: other }));
});
