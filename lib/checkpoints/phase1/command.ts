/** The command data-platform:test:phase1: name, flags and help; what it does is loaded when it is asked for. */
import type { Command } from "../../command.ts";
import { testIceberg } from "../iceberg/command.ts";
import { validateNessie } from "../nessie/command.ts";
import { testS3 } from "../s3/command.ts";
import { partFlags, partNames } from "./names.ts";

const names = partNames.join(", ");

export const testPhase1: Command = {
  name: "data-platform:test:phase1",
  summary:
    "Proves phase 1 end to end: runs its checkpoints in order, and says which of its goals are met. Writes in scratch places, " +
    "and removes them.",
  examples: [
    { args: "", what: "every part in order, and the verdict on phase 1" },
    { args: "--verbose", what: "with every trial, and the evidence of each goal" },
    { args: "--only s3", what: "one part; its goals alone can be known" },
    { args: "--save-facts phase1.json.gz", what: "and record it, to be judged again with --facts" },
    { args: "--restart --yes-restart", what: "and prove that the catalog survives a restart" },
  ],
  flags: {
    only: { help: `run these parts only, with commas: ${names}`, value: "PART" },
    skip: { help: "leave these parts out", value: "PART" },
    ...partFlags({
      s3: testS3.flags ?? {},
      nessie: validateNessie.flags ?? {},
      iceberg: testIceberg.flags ?? {},
    }),
  },
  components: async () => (await import("./report.ts")).reported(),
  async extend(facts, asked) {
    const [{ runPhase }, { parts }] = await Promise.all([import("./run.ts"), import("./parts.ts")]);
    return await runPhase(parts, facts, asked);
  },
  interrupted: "What the part that was under way had made was removed, unless a line above says otherwise.",
  undoMs: 20_000,
};
