/** The command that tells what a platform consists of, and writes it down as a declaration. */
import type { Asked, Command } from "../../command.ts";
import { writeFileAtomic } from "../../disk/atomic_file.ts";

import type { Report } from "../../engine/report.ts";
import { note } from "../../cli/terminal.ts";

export const DISCOVER: Command = {
  name: "data-platform:discover",
  summary:
    "Tells what the data platform consists of: which objects fill each role, how that is known, and what is not clear. Reads only.",
  examples: [
    { args: "", what: "the platform that the current context of your kubeconfig names" },
    { args: "--json", what: "for programs: the field platform" },
    { task: ":save", args: "--write platform.yaml", what: "write down what it must have" },
    { task: ":exec", args: "", what: "when your kubeconfig logs in by an exec plugin: aws, kubelogin ..." },
  ],
  flags: {
    write: { help: "write a declaration of what was found; never over a file that is there", value: "FILE" },
  },
  readsOnly: true,
  components: async () => (await import("../../components/mod.ts")).discovery,
  view: "platform",
  finish: writeDeclaration,
};

async function writeDeclaration(report: Report, { given }: Asked): Promise<void> {
  const path = given.get("write");
  if (path === undefined || !report.platform) return;
  const { declarationText } = await import("../../platform/mod.ts");
  await writeFileAtomic(path, new TextEncoder().encode(declarationText(report.platform)), {
    flag: "--write",
    isNew: true,
  });
  note(
    `Declaration written to ${path}. Next: read it, remove what need not be there, and give it to --config.`,
  );
}
