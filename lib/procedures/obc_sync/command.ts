/** The command obc:sync: name, flags and help; what it does is loaded when it is asked for. */
import type { Command } from "../../command.ts";

export const obcSync: Command = {
  name: "obc:sync",
  summary: "Copies the keys of bucket claims and object store users to 1Password. Safe to repeat.",
  examples: [
    { args: "--token token", what: "every claim of the platform's namespace, every user" },
    { args: "--token token --dry-run", what: "which fields of which items differ" },
    {
      args: "--token token --claim lake/events --external-secret analytics",
      what: "one, and where it goes",
    },
    { args: "--token token --yes --trust-connect --watch", what: "again and again, until Ctrl-C" },
  ],
  components: () => Promise.resolve([]),
  flags: {
    token: {
      help: "file with a token that may write, or - (else OP_CONNECT_TOKEN, or asked)",
      value: "FILE",
    },
    vault: { help: "vault to write to (default: the one that the store searches)", value: "NAME" },
    "connect-url": {
      help: "where Connect answers (default: over a port-forward to the Service that the store names)",
      value: "URL",
    },
    "plain-http": { help: "let token and keys go to --connect-url unencrypted" },
    claim: { help: "only these ObjectBucketClaims, between commas", value: "NAMESPACE/NAME" },
    user: { help: "only these CephObjectStoreUsers, between commas", value: "NAMESPACE/NAME" },
    "external-secret": { help: "also an ExternalSecret for each item in this namespace", value: "NAMESPACE" },
    adopt: { help: "take over items of the same titles that it did not make" },
    "dry-run": { help: "write nothing; exit status 1 when something differs" },
    watch: { help: "go on until Ctrl-C, and give no report" },
    every: { help: "time between two looks of --watch (default: 60s)", value: "TIME" },
    yes: { help: "write without asking whether it is the right cluster and vault" },
    "trust-connect": { help: "send the token to the Connect that was found, without asking" },
  },
  without: ["facts", "save-facts"],
  act: async (asked) => await (await import("./run.ts")).obcSync(asked),
  interrupted: "What was written so far stays. Run it again: it goes on where it stopped.",
};
