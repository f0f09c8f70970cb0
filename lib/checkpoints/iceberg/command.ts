/** The command data-platform:test:iceberg: name, flags and help; what it does is loaded when it is asked for. */
import { checkpointCommand } from "../../checkpoint/command.ts";

export const testIceberg = checkpointCommand({
  name: "data-platform:test:iceberg",
  summary:
    "Proves by use that tables can be trusted: every engine creates, changes and reads them, and reads what every other one " +
    "wrote. Writes in a scratch namespace on a scratch branch, and removes both.",
  examples: [
    { args: "", what: "every engine that is there" },
    { args: "--engine duckdb", what: "in this process, without Spark: some seconds" },
    { args: "--engine spark --verbose", what: "through the platform's Spark client, with every trial" },
    { args: "--url http://127.0.0.1:19120", what: "another way to the catalog" },
  ],
  flags: {
    engine: {
      help: "spark, duckdb; both with a comma",
      value: "NAME",
      fallback: "all that are there",
    },
    url: {
      help: "address of the catalog (default: NESSIE_URL, or the Service of the Nessie that is found)",
      value: "URL",
    },
    ca: { help: "PEM file with the CA that signed the certificate of the catalog", value: "FILE" },
    "duckdb-extensions": {
      help: "directory with DuckDB's extensions (default: where `deno task duckdb:extensions` puts them)",
      value: "DIR",
    },
  },
  interrupted: "What it had made was removed, unless a line above says otherwise.",
}, async () => (await import("./checkpoint.ts")).icebergCheckpoint);
