/** How a walk ended. Types. */
import type { Failure } from "../../../engine/model.ts";
import type { Strays } from "./strays.ts";
import type { Tally } from "./tally.ts";

/** How a walk ended. */
export interface Walked {
  tally: Tally;
  references: number;
  /** Stands for the references and their commits: the same for the same walk. */
  commits: string;
  /** Why not every table was looked at. */
  partly?: { why: "sample"; of: number; seed: number } | { why: "limit" };
  /** Nothing further could be read. */
  stopped?: Failure;
  /** Only of a whole walk whose every location is known. */
  strays?: Strays;
  durationMs: number;
  /** Requests to the store. */
  requests: number;
  /** The most bytes that the process had, where it was bounded. */
  mostMemory?: number;
}
