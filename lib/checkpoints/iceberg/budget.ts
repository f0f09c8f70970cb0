/** How long making a table may take. */
import type { Check, ObjectRef } from "../../engine/model.ts";
import { BUDGETS_MS } from "../../goals/mod.ts";
import { icebergTimes } from "./records.ts";

const CREATES = "CREATE TABLE";

/** Judges what was measured of all engines. */
export function creationCheck(object: ObjectRef): Check {
  return {
    id: "iceberg.creation-time",
    title: "Tables are created in time",
    explain: `No CREATE TABLE of any engine may take longer than ${
      BUDGETS_MS.table / 1000
    } s: a warning when one did.`,
    needs: [icebergTimes],
    object: () => object,
    run(world) {
      const rows = world.records(icebergTimes).filter(({ what }) => what === CREATES);
      const [slowest] = rows.toSorted((a, b) => b.maxMs - a.maxMs);
      if (!slowest) return [{ status: "skipped", reason: "NotMeasured", message: "no table was created" }];
      const took = `${(slowest.maxMs / 1000).toFixed(1)} s`;
      const base = { observed: took, expected: `at most ${BUDGETS_MS.table / 1000} s` };
      const message = `the longest ${CREATES}, by ${slowest.engine}, took ${took}`;
      return slowest.maxMs <= BUDGETS_MS.table
        ? [{ ...base, status: "ok", reason: "InTime", message }]
        : [{ ...base, status: "warning", reason: "TooSlow", message }];
    },
  };
}
