/** A checkpoint as a command: what it does is loaded when it is asked for. */
import type { Command } from "../command.ts";
import type { Checkpoint, Service } from "./run_checkpoint.ts";

export function checkpointCommand<W, S extends Service, C>(
  words: Pick<Command, "name" | "summary" | "examples" | "flags" | "interrupted" | "needsCluster">,
  load: () => Promise<Checkpoint<W, S, C>>,
): Command {
  return {
    ...words,
    components: async () => (await load()).components(),
    async extend(facts, asked) {
      const [checkpoint, { runCheckpoint }] = await Promise.all([load(), import("./run_checkpoint.ts")]);
      return await runCheckpoint(checkpoint, facts, asked);
    },
    undoMs: 20_000,
  };
}
