/** What a run of phase 1 leaves in the facts besides the records of its parts. */
import { num, oneOf, text, whole } from "../../engine/decode.ts";
import type { RecordSource } from "../../engine/model.ts";
import { type PartName, partNames } from "./names.ts";

/** What became of a part. */
export interface PartRecord {
  part: PartName;
  /** `not run`: a part before it makes it meaningless. `left out`: nobody asked for it. */
  state: "run" | "not run" | "left out";
  /** Of one that was run, in ms. */
  durationMs?: number;
  /** Of the others: why, after `skipped: `. */
  why?: string;
}

export const phaseParts: RecordSource<PartRecord> = {
  id: "phase1.parts",
  records: "parts of phase 1",
  read: whole(
    { part: oneOf(...partNames), state: oneOf("run", "not run", "left out") },
    { durationMs: num, why: text(4000, 1) },
  ),
};
