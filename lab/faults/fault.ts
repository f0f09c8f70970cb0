/** What a fault is: a way in which the platform really breaks, and how to undo it. */
import type { Scene } from "./scene.ts";

/** What the diagnosis must say while a fault is on, written from what was broken and not from what the tool says. */
export interface Expectation {
  /** Exit status of `data-platform:health`. */
  exit: 0 | 1 | 2 | 3;
  /**
   * `Kind namespace/name` of every root, no other. `*` stands for any text in a name. `A or B`: both are true
   * accounts of the one fault, and either will do.
   */
  roots: string[];
  /** Objects that must be symptoms, written like roots. Others may be too. */
  symptoms?: string[];
}

/** A fault. `break` and `repair` act as people, programs and accidents do; neither ever writes a status. */
export interface Fault {
  /** kebab-case, unique. */
  name: string;
  /** One line: what happened. */
  title: string;
  /** How it comes about in life, and what people see. */
  story: string;
  /** Which object breaks first. */
  shows: string;
  /** True: an innocent state that must never be reported as a fault. */
  control?: true;
  /** Changes the manifests that Flux applies for as long as the fault is on. `tree`: see pushArtifact. */
  manifests?(tree: string): void;
  /** Breaks what `manifests` does not. Runs after the changed manifests were fetched by Flux. */
  break?(scene: Scene): Promise<unknown>;
  /** Waits, with a limit, until the symptoms are really there. Throws LabError when they don't come. */
  settled(scene: Scene): Promise<void>;
  /** Undoes `break`, also a half-finished one. The good manifests are pushed after it. */
  repair?(scene: Scene): Promise<void>;
  expect: Expectation;
}
