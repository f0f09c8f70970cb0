/** The scripts of docs/iceberg as trials: what people copy is what is tried. */
import { type Outcome, skipped, type Trial, type TrialWords } from "../../../checkpoint/trial.ts";
import type { IcebergContext } from "../context.ts";
import type { Engine, EngineName } from "../engines/engine.ts";
import { runScript } from "../scripts/run_script.ts";
import { eachEngine } from "./each_engine.ts";

const DOCS = "docs/iceberg";

/** What docs/iceberg has for each engine; a test compares it with the folder. */
export const SCRIPTS: Readonly<Record<EngineName, readonly string[]>> = {
  spark: ["create", "rows", "evolve", "maintain"],
  duckdb: ["create", "rows"],
};

const scriptTrial = (name: string, words: Omit<TrialWords, "id">): Trial<IcebergContext> =>
  eachEngine({ id: `iceberg.${name}`, ...words }, (context, engine) => tryScript(context, engine, name));

async function tryScript(context: IcebergContext, engine: Engine, name: string): Promise<Outcome> {
  const path = `${DOCS}/${engine.name}/${name}.sql`;
  if (!SCRIPTS[engine.name].includes(name)) {
    return skipped(`${engine.title} ${engine.version} can't do this (docs/iceberg.md)`, {
      reason: "NotSupported",
    });
  }
  const text = await Deno.readTextFile(new URL(`../../../../${path}`, import.meta.url));
  return await runScript(context, context.main, engine, { name, path, text });
}

export const createScript = scriptTrial("create", {
  title: "Tables are created, filled and read",
  explain:
    "Tables with properties, a location of their own, every way of partitioning and an order are created, filled, read and " +
    "dropped; files that can't hold what is asked for are not read. After every step each object that the catalog names " +
    "is in the store with the size that is named.",
  weight: "critical",
});

export const rowsScript = scriptTrial("rows", {
  title: "Rows are updated, deleted and merged",
  explain:
    "UPDATE, DELETE and MERGE give the rows that they must, by writing files anew (copy on write) and by delete files " +
    "(merge on read). When they do not, corrections of data are lost, or hit other rows.",
  weight: "critical",
});

export const evolveScript = scriptTrial("evolve", {
  title: "Columns and partitions change under their data",
  explain:
    "Columns are added, renamed, moved, widened, dropped and added again, and partitions change; old rows are read rightly, " +
    "by the ids of columns and not by their names. When they are not, old data come back under a new name.",
  weight: "critical",
});

export const maintainScript = scriptTrial("maintain", {
  title: "Tables are maintained",
  explain:
    "Small files are made few and manifests are rewritten without a change of the rows. Expiry of snapshots and removal of " +
    "orphans are refused where the catalog says gc.enabled=false: on Nessie other branches may need the files, and its own " +
    "garbage collector removes them.",
  weight: "warning",
});
