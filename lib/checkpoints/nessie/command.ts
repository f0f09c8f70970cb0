/** The command validate:nessie: name, flags and help; what it does is loaded when it is asked for. */
import { needsCluster } from "./needs_cluster.ts";
import { checkpointCommand } from "../../checkpoint/command.ts";

export const validateNessie = checkpointCommand({
  name: "validate:nessie",
  summary:
    "Proves by use that the catalog works and keeps what it is given. Writes on scratch branches, and deletes them.",
  examples: [
    { args: "", what: "find the catalog in the cluster, and try everything" },
    { args: "--verbose", what: "with every trial" },
    { args: "--sample 100", what: "follow a hundred tables to their objects, and not all" },
    { args: "--load", what: "and how many reads and commits a second it takes" },
    {
      args: "--url http://127.0.0.1:19120",
      what: "another way to the catalog; the environment's NESSIE_URL does the same",
    },
  ],
  flags: {
    url: {
      help: "address of the catalog (default: NESSIE_URL, or the Service of the Nessie that is found)",
      value: "URL",
    },
    ca: { help: "PEM file with the CA that signed the certificate of the catalog", value: "FILE" },
    "store-ca": {
      help: "PEM file with the CA that signed the certificate of the warehouse's object store",
      value: "FILE",
    },
    load: { help: "measure reads and commits a second, too; takes a minute" },
    "save-baseline": { help: "measure under load, and keep it there to be compared with", value: "FILE" },
    baseline: {
      help: "measure under load, and say what is slower or faster than what was kept",
      value: "FILE",
    },
    restart: { help: "restart the catalog's pods, and see that nothing is lost; asks first" },
    "yes-restart": { help: "restart without asking" },
    "no-integrity": { help: "do not follow tables to their objects" },
    sample: { help: "follow so many tables only, taken by chance", value: "N" },
    limit: { help: "follow no further table after so many files", value: "N" },
    memory: { help: "keep the walk's process below so much memory: 256Mi, 2Gi", value: "SIZE" },
    shard: { help: "walk through the I-th of N parts of the tables, and nothing else: 2/4", value: "I/N" },
    join: { help: "with --facts: the facts that the other shards saved, commas between", value: "FILES" },
    resume: {
      help: "go on where an earlier walk through the tables ended; kept in this file",
      value: "FILE",
    },
  },
  needsCluster,
  interrupted: "The scratch branches it had made were deleted, unless a line above says otherwise.",
}, async () => (await import("./checkpoint.ts")).nessieCheckpoint);
