import type { ObjectRef } from "../../engine/model.ts";

/** One thing to write, or that is right, or that can't be. */
export interface Step {
  object: ObjectRef;
  outcome: "create" | "change" | "unchanged" | "failed";
  /** Names of fields, or why it failed; never a value. */
  detail: string;
  /** Writes it; throws CannotLook. */
  run?(): Promise<void>;
}
