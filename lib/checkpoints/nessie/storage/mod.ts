/** What is tried of the catalog's storage: that it is where the configuration says, grows, and has room. */
import { expect } from "../../../checkpoint/expect.ts";
import { type Outcome, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import { restartOutcome } from "./restarts.ts";
import type { StoreSettings } from "./settings.ts";
import {
  databaseOf,
  settingsOf,
  type StorageContext,
  storeConnections,
  storeGrows,
  storeReplicas,
  storeSize,
  storeTables,
} from "./database.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** Ids that trials name of each other. */
const STORE_OPEN = "nessie.store-open";
const STORE_TABLES = "nessie.store-tables";

export const storageTrials: readonly Trial<StorageContext>[] = [
  {
    id: "nessie.store-kept",
    title: "The version store keeps what it is given",
    explain:
      "The catalog is configured with JDBC2. IN_MEMORY, which is what Nessie takes when nothing is said, forgets every " +
      "commit when a pod stops, and gives each replica a catalog of its own. Other stores are not what the platform runs, " +
      "backs up and restores.",
    weight: "critical",
    run: (given) => storeKept(settingsOf(given)),
  },
  {
    id: STORE_OPEN,
    title: "The database of the catalog lets the catalog's user in",
    explain:
      "The primary of the CloudNativePG Cluster is reached through a port-forward, and takes the login of the catalog's " +
      "Secret, which is read into memory and goes nowhere else. It needs the rights to get that Secret and to create " +
      "pods/portforward.",
    weight: "critical",
    async run(given) {
      const settings = settingsOf(given);
      if (settings.type !== "JDBC2") return skipped(`the version store is ${settings.type ?? "IN_MEMORY"}`);
      const [row] = await databaseOf(given).ask(
        "select current_setting('server_version') as version, pg_is_in_recovery() as standby, " +
          "(select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls",
      );
      const observed = `PostgreSQL ${row?.version}, ${row?.tls ? "with" : "without"} TLS`;
      const words = "failure" in given.store ? "" : given.store.words;
      const standby = "the pod that is labelled as primary takes no writes: it is a standby";
      expect(row?.standby !== true, "Standby", standby, { observed });
      return passed(`the primary answers (${words})`, { observed });
    },
  },
  {
    id: STORE_TABLES,
    title: "The tables of the version store are there",
    explain: "Tables refs2 and objs2 exist with the columns and primary keys that JDBC2 has.",
    weight: "critical",
    needs: [STORE_OPEN],
    run: (given) => storeTables(databaseOf(given)),
  },
  {
    id: "nessie.store-grows",
    title: "What the catalog commits arrives in the database",
    explain:
      "After commits to a scratch branch, refs2 has the branch with exactly the hash that the API tells, and objs2 has each " +
      "of the commits: the database is the one that this catalog writes to, and no other.",
    weight: "critical",
    needs: [STORE_TABLES],
    run: storeGrows,
  },
  {
    id: "nessie.store-connections",
    title: "The database has connections to spare",
    explain:
      "Connections in use and the most that the pools of all replicas may open, against max_connections less those " +
      "reserved. Over 80 % in use is a warning, over 95 % critical; pools that may take all are a warning.",
    weight: "warning",
    needs: [STORE_OPEN],
    run: storeConnections,
  },
  {
    id: "nessie.store-size",
    title: "Size of the version store",
    explain: "How large the database and the two tables are, and how many rows they have. Told, not judged.",
    weight: "warning",
    needs: [STORE_TABLES],
    run: (given) => storeSize(databaseOf(given)),
  },
  {
    id: "nessie.store-replicas",
    title: "Standbys follow the primary",
    explain:
      "As many standbys are connected to the primary as the Cluster has instances besides it. A missing one means that a " +
      "failure of the primary's node may lose commits.",
    weight: "warning",
    needs: [STORE_OPEN],
    run: (given) => storeReplicas(databaseOf(given), given),
  },
  {
    id: "nessie.store-survives",
    title: "A restart loses nothing",
    explain:
      "The catalog has something that is older than the start of each of its pods: it was kept while all of them were " +
      "restarted. Where nothing is that old, --restart proves it.",
    weight: "critical",
    run: ({ context }) => restartOutcome(context),
  },
];

function storeKept({ type, from, replicas = 1 }: StoreSettings): Outcome {
  const observed = type ? `${type} (${from})` : "nothing says which";
  const seen = { observed, expected: "JDBC2", evidence: "nessie.version.store.type" };
  const each = replicas > 1 ? `, and each of the ${replicas} replicas has a catalog of its own` : "";
  const store = type ? "IN_MEMORY" : "IN_MEMORY, Nessie's default";
  const forgets = `the version store is ${store}: every table is lost when a pod stops${each}`;
  expect(type && type !== "IN_MEMORY", "InMemory", forgets, {
    ...seen,
    next: [nextStep("set-version-store")],
  });
  const other = `the version store is ${type}, and the platform backs up the PostgreSQL of JDBC2`;
  expect(type === "JDBC2", "OtherStore", other, { ...seen, next: [nextStep("migrate-version-store")] });
  return passed("the version store is JDBC2", seen);
}
