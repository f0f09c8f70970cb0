/** What a command is, and what it is asked. Types only. */
import type { CommonFlag } from "./cli/common_flags.ts";
import type { ClusterConnection } from "./clients/kubernetes/client.ts";
import type { FlagTable, Given } from "./cli/flags.ts";
import type { Component, DeclaredFile, Facts } from "./engine/model.ts";
import type { Report } from "./engine/report.ts";
import type { Format, View } from "./render/mod.ts";

/** What a script names: a task of deno.json and the components that it judges. */
export interface Command {
  /** The name of the task, e.g. `data-platform:health`. */
  name: string;
  /** One sentence, for the first line of the help. */
  summary: string;
  /** Argument lists with what each is for, and the ending of the task that has the right to it. */
  examples: readonly { args: string; what: string; task?: ":exec" | ":save" }[];
  components(): Promise<readonly Component[]>;
  /** Flags of its own. */
  flags?: FlagTable;
  /** Common flags that make no sense for it. */
  without?: readonly CommonFlag[];
  /**
   * Does what the command is for, and reports, unless it has printed all there is to say; default: reads the
   * cluster, or `--facts`, and examines.
   */
  act?(asked: Asked): Promise<Report | undefined>;
  /** Whether a cluster has to be asked for what these flags ask for; default: yes. */
  needsCluster?(given: Given): boolean;
  /** Adds to the facts that were read, before they are judged; undefined: it has answered by itself. */
  extend?(facts: Facts, asked: Asked): Promise<Facts | undefined>;
  /** Does what is left to do with a report that was judged. */
  finish?(report: Report, asked: Asked): Promise<void>;
  /** How it shows its report to people; default: as every report. */
  view?: View;
  /** It changes nothing anywhere, so its task may not write files; the one that ends in `:save` may. */
  readsOnly?: boolean;
  /** The format when no flag names one; default: plain. */
  format?: Format;
  /** What Ctrl-C leaves behind, and what to do next; default: nothing is left behind. */
  interrupted?: string;
  /**
   * It makes things that it takes back: Ctrl-C and SIGTERM abort `Asked.signal` and wait for it to end, this long at
   * most, in milliseconds. A second Ctrl-C ends it at once.
   */
  undoMs?: number;
}

/** What was asked of a command that acts. */
export interface Asked {
  given: Given;
  kubeconfig?: string;
  context?: string;
  namespace: string;
  /** The namespace was given or is declared, and is not to be found. */
  isPlaced: boolean;
  /** The declaration of the platform that `--config` names. */
  declared?: DeclaredFile;
  timeoutMs: number;
  /** The run's way into the cluster; closed by who made this. */
  cluster: ClusterConnection;
  /** Aborted, with an Interrupted, by Ctrl-C and SIGTERM, of a command that undoes. */
  signal: AbortSignal;
}
