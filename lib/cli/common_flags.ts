/** The flags of every command. */
import { formatNames } from "../render/mod.ts";
import type { FlagTable } from "./flags.ts";
import { USUAL_NAMESPACE } from "../platform/mod.ts";

export const FLAGS = {
  output: { help: "format of the report", value: "FORMAT", choices: formatNames, fallback: "plain" },
  verbose: { help: "short for --output verbose: every check, every chain" },
  json: { help: "short for --output json: one document, docs/schema/report.v1.json" },
  "output-file": { help: "write the report there instead of to the screen", value: "FILE" },
  kubeconfig: { help: "read this kubeconfig (default: $KUBECONFIG, ~/.kube/config)", value: "FILE" },
  context: { help: "use this context of the kubeconfig (default: its current one)", value: "NAME" },
  namespace: {
    help: `the namespace of the platform (default: where most of its parts are found, or ${USUAL_NAMESPACE})`,
    value: "NAME",
  },
  config: { help: "what the platform must have: platform.yaml, docs/platform.md", value: "FILE" },
  timeout: { help: "longest wait for one answer: 30, 30s, 500ms", value: "TIME", fallback: "10s" },
  "fail-on": {
    help: "the least verdict to fail with",
    value: "WORD",
    choices: ["critical", "warning", "never"],
    fallback: "warning",
  },
  facts: { help: "judge what --save-facts recorded; asks no cluster", value: "FILE" },
  "save-facts": { help: "record what was read, to be replayed (gzip if it ends in .gz)", value: "FILE" },
  "no-color": { help: "no colours, also on a terminal" },
  version: { help: "the version of lakecheck" },
  help: { help: "this text", short: "h" },
} satisfies FlagTable;

export type CommonFlag = keyof typeof FLAGS;
