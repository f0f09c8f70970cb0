/** The trials of the Iceberg checkpoint, in the order of the report. */
import type { ObjectRef } from "../../../engine/model.ts";
import type { Trial, TrialWords } from "../../../checkpoint/trial.ts";
import type { IcebergContext } from "../context.ts";
import type { EngineName } from "../engines/engine.ts";
import { killedWriter, lostAnswer } from "./interrupted.ts";
import { droppedUnder, oddNames } from "./names.ts";
import { readEachOther } from "./read_each_other.ts";
import { createScript, evolveScript, maintainScript, rowsScript } from "./scripts.ts";
import { branches, timeTravel } from "./travel.ts";
import { concurrentWriters } from "./writers.ts";

export const engineWords: TrialWords = {
  id: "iceberg.engine",
  title: "Engines run",
  explain:
    "An engine that reads and writes Iceberg is found and runs a statement: Spark through the platform's SQL client, DuckDB in " +
    "this process. Unknown: it is there, or was asked for by name, and can't be used. Without any, no table was tried.",
  weight: "critical",
};

/** What an outcome about an engine as such is told of. */
export const engineObject = (name: EngineName): ObjectRef => ({ kind: "Engine", name });

export const cleanWords: TrialWords = {
  id: "iceberg.clean",
  title: "Everything was cleaned up",
  explain:
    "The scratch branches, the scratch namespace and its objects are gone, and the default branch has no commit of this run.",
  weight: "warning",
};

/** What takes longest comes first. */
export const icebergTrialList: readonly Trial<IcebergContext>[] = [
  concurrentWriters,
  killedWriter,
  readEachOther,
  createScript,
  rowsScript,
  evolveScript,
  maintainScript,
  timeTravel,
  branches,
  oddNames,
  droppedUnder,
  lostAnswer,
];
