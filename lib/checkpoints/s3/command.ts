/** The command data-platform:test:s3: name, flags and help; what it does is loaded when it is asked for. */
import { checkpointCommand } from "../../checkpoint/command.ts";
import { needsCluster } from "./needs_cluster.ts";
import { performanceFlags } from "./performance/mod.ts";

export const testS3 = checkpointCommand({
  name: "data-platform:test:s3",
  summary:
    "Proves by use that the object store can carry a lakehouse. Writes in a scratch bucket, and removes it.",
  examples: [
    { args: "", what: "find gateway and keys in the cluster, and try everything" },
    { args: "--verbose", what: "with every trial, what this store does, and the settings for its clients" },
    { args: "--write-client-config ./clients", what: "and write these settings as files, without keys" },
    { args: "--performance --baseline s3.json", what: "and measure it, against what was measured before" },
    { args: "--credentials lake/s3-keys", what: "with the keys of this Secret alone" },
    { args: "--endpoint https://s3.example.com --region eu-central-1", what: "another way to the store" },
    {
      args: "--endpoint https://s3.example.com --bucket lake --credentials-file ~/.aws/credentials",
      what: "any S3, without a cluster",
    },
  ],
  flags: {
    endpoint: {
      help: "address of the object store (default: S3_ENDPOINT, or the store that is found in the cluster)",
      value: "URL",
    },
    ca: { help: "PEM file with the CA that signed the certificate of the object store", value: "FILE" },
    credentials: {
      help: "the Secret whose keys are used (default: those that the pods use)",
      value: "NAMESPACE/SECRET",
    },
    store: {
      help: "the object store of the cluster that is meant, or that the address leads to",
      value: "[NAMESPACE/]NAME",
    },
    bucket: { help: "with an address: look at this bucket alone, and ask no cluster", value: "NAME" },
    "credentials-file": {
      help: "the file whose keys are used, as the AWS CLI has it (without a cluster else AWS_ACCESS_KEY_ID)",
      value: "FILE",
    },
    region: { help: "region to sign for", value: "NAME", fallback: "us-east-1" },
    "write-client-config": { help: "write the settings for clients there, a file each", value: "DIR" },
    "lifecycle-wait": {
      help: "wait so long for a lifecycle rule to be carried out: 90s, 60m",
      value: "TIME",
    },
    ...performanceFlags,
  },
  needsCluster,
  interrupted: "What it had made in the object store was removed, unless a line above says otherwise.",
}, async () => (await import("./checkpoint.ts")).s3Checkpoint);
