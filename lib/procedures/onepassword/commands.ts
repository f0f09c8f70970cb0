/** The commands of setup-1password-connect.ts: names, flags and help; what they do is loaded when it is asked for. */
import type { Command } from "../../command.ts";
import type { FlagTable } from "../../cli/flags.ts";
import { obcSync } from "../obc_sync/command.ts";

const MANIFESTS = {
  help: "directory with onepassword-connect/ and stores/ (default: kubernetes/apps/external-secrets)",
  value: "DIR",
};
const YES = { help: "make the changes without asking whether it is the right cluster" };

const INSTALL: FlagTable = {
  credentials: {
    help: "1password-credentials.json, or - for stdin (else OP_CONNECT_CREDENTIALS, or asked)",
    value: "FILE",
  },
  token: {
    help: "file with an access token of that Connect server, or - (else OP_CONNECT_TOKEN, or asked)",
    value: "FILE",
  },
  manifests: MANIFESTS,
  adopt: { help: "overwrite what is there with other settings" },
  "dry-run": { help: "print the objects, values hidden, and what would become of each" },
  wait: { help: "longest wait for the platform to come back", value: "TIME", fallback: "3m" },
  yes: YES,
};

const components = async () => (await import("../../components/mod.ts")).components;

const install: Command = {
  name: "1p:install",
  summary:
    "Installs 1Password Connect and its store, and waits until what their absence broke is back. Safe to repeat.",
  examples: [
    { args: "--credentials 1password-credentials.json --token token", what: "from two files" },
    { args: "--credentials 1password-credentials.json --token token --dry-run", what: "what it would do" },
    { args: "--credentials - --token token --yes < 1password-credentials.json", what: "without a terminal" },
  ],
  components,
  flags: INSTALL,
  without: ["facts", "save-facts"],
  act: async (asked) => await (await import("./install/mod.ts")).install(asked),
  interrupted: "What was applied so far stays. Run the same command again: it goes on where it stopped.",
};

const uninstall: Command = {
  name: "1p:uninstall",
  summary:
    "Removes what 1p:install has made, after showing what would no longer be refreshed. Keeps the Secrets.",
  examples: [{ args: "", what: "shows, asks, removes" }],
  components,
  flags: { manifests: MANIFESTS, yes: YES },
  without: [
    "facts",
    "save-facts",
    "output",
    "verbose",
    "json",
    "output-file",
    "fail-on",
    "namespace",
    "no-color",
  ],
  act: async (asked) => await (await import("./uninstall.ts")).uninstall(asked),
  interrupted:
    "What was removed so far is gone. Run it again to remove the rest, or deno task 1p:install to put it back.",
};

const status: Command = {
  name: "1p:status",
  summary: "Says whether secrets get from 1Password to the pods, and if not, why. Reads only.",
  examples: [
    { args: "", what: "every ExternalSecret with its item, fields, age and users; the read budget" },
    { args: "--output plain", what: "only what is wrong" },
    { args: "--token token", what: "also which vaults this token opens, and until when" },
    {
      args: "--print-external-secret lake/db",
      what: "the ExternalSecret for a Secret that was made by hand",
    },
  ],
  components: async () => (await import("./status/mod.ts")).doctor,
  flags: {
    token: { help: "a Connect token to judge, or - for stdin; never kept in facts", value: "FILE" },
    "print-external-secret": {
      help: "print the ExternalSecret that would make this Secret",
      value: "NAMESPACE/NAME",
    },
    "trust-connect": { help: "send the token to Connect without asking, to learn the names of its vaults" },
  },
  extend: async (facts, asked) => await (await import("./status/token_status.ts")).extend(facts, asked),
  readsOnly: true,
  format: "verbose",
};

/** By the word that the script takes first. */
export const commands: Readonly<Record<string, Command>> = {
  install,
  status,
  uninstall,
  "obc:sync": obcSync,
};
