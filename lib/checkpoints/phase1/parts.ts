/** The parts of phase 1 in the order in which they are run, as a table: each a checkpoint that is a command of its own, too. */
import { type Checkpoint, runCheckpoint, type Service } from "../../checkpoint/run_checkpoint.ts";
import type { Asked } from "../../command.ts";
import { sourcesOf } from "../../engine/collect.ts";
import { type Component, type Facts, isRecord, type RecordSource } from "../../engine/model.ts";
import { reported as reportedByIceberg } from "../iceberg/report.ts";
import { reported as reportedByNessie } from "../nessie/report.ts";
import { reported as reportedByS3 } from "../s3/report.ts";
import type { PartName } from "./names.ts";

export interface Part {
  name: PartName;
  /** For people: `the object store`. */
  what: string;
  reported(): readonly Component[];
  /** Checks without which nothing that comes after it means anything. */
  basics: readonly string[];
  /** What it is given besides what was asked for. */
  flags?: Readonly<Record<string, string>>;
  load(): Promise<Runnable>;
}

export interface Runnable {
  /** Whether it can do what was asked for, as far as that is known without asking anybody. UsageError. */
  check(asked: Asked): Promise<void>;
  run(facts: Facts, asked: Asked, lead: () => string): Promise<Facts>;
}

export const parts: readonly Part[] = [
  {
    name: "s3",
    what: "the object store",
    reported: reportedByS3,
    // Tables are objects that are put, got, and read by ranges.
    basics: ["s3.reached", "s3.put-get", "s3.ranges"],
    flags: { performance: "true" },
    load: loadS3,
  },
  {
    name: "nessie",
    what: "the catalog",
    reported: reportedByNessie,
    // Tables are commits on a branch.
    basics: ["nessie.reached", "nessie.branch", "nessie.commit"],
    load: async () => runnable((await import("../nessie/checkpoint.ts")).nessieCheckpoint),
  },
  {
    name: "iceberg",
    what: "tables",
    reported: reportedByIceberg,
    basics: ["iceberg.reached", "iceberg.any-engine"],
    load: async () => runnable((await import("../iceberg/checkpoint.ts")).icebergCheckpoint),
  },
];

/** All sizes, with fewer at a time than by itself: enough to know whether the budget is kept. */
async function loadS3(): Promise<Runnable> {
  const [{ s3Checkpoint }, { FULL }] = await Promise.all([
    import("../s3/checkpoint.ts"),
    import("../s3/performance/cells.ts"),
  ]);
  return runnable({
    ...s3Checkpoint,
    async wanted(asked) {
      const { measuring, ...wanted } = await s3Checkpoint.wanted(asked);
      const matrix = { ...FULL, concurrency: [1, 8], keys: 100 };
      return { ...wanted, ...measuring ? { measuring: { ...measuring, matrix } } : {} };
    },
  });
}

export function runnable<W, S extends Service, C>(checkpoint: Checkpoint<W, S, C>): Runnable {
  return {
    check: async (asked) => void await checkpoint.wanted(asked),
    run: (facts, asked, lead) => runCheckpoint(checkpoint, facts, asked, lead),
  };
}

/** What its checkpoint adds to the facts. */
export const recordsOf = ({ reported }: Pick<Part, "reported">): RecordSource[] =>
  sourcesOf(reported()).filter(isRecord);
