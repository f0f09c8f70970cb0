/** What the database of the catalog says: its tables, what arrives in them, its connections, its standbys. */
import { expect } from "../../../checkpoint/expect.ts";
import type { Database, Row } from "../../../clients/postgres.ts";
import { clusters } from "../../../components/postgresql/mod.ts";
import type { Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { Failure, World } from "../../../engine/model.ts";
import { failed, type Outcome, passed, skipped } from "../../../checkpoint/trial.ts";
import type { NessieContext } from "../context.ts";
import { metricSum } from "../api/management_port.ts";
import type { Store } from "./open.ts";
import type { StoreSettings } from "./settings.ts";
import { commit, namespace } from "../trying.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** What the trials of storage are given. */
export interface StorageContext {
  context: NessieContext;
  /** What the Deployment says; or why that is not known. */
  settings: StoreSettings | { failure: Failure };
  /** The database; or why it is not asked. */
  store: Store | { failure: Failure };
}

export const settingsOf = ({ settings }: StorageContext): StoreSettings => {
  if ("failure" in settings) throw new CannotLook(settings.failure);
  return settings;
};

export const databaseOf = ({ store }: StorageContext): Database => {
  if ("failure" in store) throw new CannotLook(store.failure);
  return store.database;
};

const num = (row: Row | undefined, name: string): number => Number(row?.[name] ?? 0);
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** https://github.com/projectnessie/nessie: versioned/storage/jdbc2. */
const COLUMNS: Record<string, string> = {
  refs2: "created_at deleted ext_info pointer prev_ptr ref_name repo",
  objs2: "obj_id obj_ref obj_type obj_value obj_vers repo",
};

export async function storeTables(database: Database): Promise<Outcome[]> {
  const rows = await database.ask(
    "select table_name::text as name, string_agg(column_name::text, ' ' order by column_name::text) as columns " +
      "from information_schema.columns where table_schema = current_schema() and table_name in ('refs2', 'objs2') " +
      "group by table_name",
  );
  return Object.entries(COLUMNS).map(([name, expected]) => {
    const columns = rows.find((row) => row.name === name)?.columns;
    if (columns === undefined) {
      const message = `table ${name} is not there: this database is not the one that the catalog writes to`;
      const next = [nextStep("compare-databases")];
      return failed("Missing", message, { observed: "absent", expected, next });
    }
    const observed = String(columns);
    const there = observed.split(" ");
    const lacking = expected.split(" ").filter((column) => !there.includes(column));
    return lacking.length === 0
      ? passed(`table ${name} has its ${there.length} columns`, { observed })
      : failed("OtherColumns", `table ${name} lacks ${lacking.join(", ")}`, { observed, expected });
  });
}

const COMMITS = 3;

export async function storeGrows(given: StorageContext): Promise<Outcome> {
  const { context } = given;
  const database = databaseOf(given);
  let head: Reference = await context.makeBranch("storage");
  const hashes: string[] = [];
  for (let i = 0; i < COMMITS; i++) {
    head = await commit(context, head, `storage ${i}`, [namespace(`lakecheck_storage_${i}`)]);
    hashes.push(head.hash);
  }
  const refs = await database.ask(
    "select repo, encode(pointer, 'hex') as hash from refs2 where ref_name = $1 and not deleted",
    [`refs/heads/${head.name}`],
  );
  const ref = refs.find(({ hash }) => hash === head.hash);
  const [other] = refs;
  const elsewhere = "a scratch branch of the catalog is not in the database: commits go somewhere else";
  expect(ref, "NotArrived", elsewhere, {
    observed: other ? `another hash in refs2 (${String(other.hash).slice(0, 12)}…)` : "no such row in refs2",
    expected: `${head.hash.slice(0, 12)}…`,
    evidence: "refs2.pointer",
  });
  const places = hashes.map((_, i) => `decode($${i + 2}, 'hex')`).join(", ");
  const [row] = await database.ask(
    `select count(*)::text as found from objs2 where repo = $1 and obj_id in (${places})`,
    [String(ref.repo ?? ""), ...hashes],
  );
  const found = num(row, "found");
  const evidence = "objs2.obj_id";
  const seen = { observed: `${found} of ${COMMITS} commits`, expected: `${COMMITS}`, evidence };
  expect(found >= COMMITS, "NotArrived", "commits of the catalog are missing in the database", seen);
  return passed("branch and commits arrive in refs2 and objs2, with the hashes that the API tells", seen);
}

export async function storeConnections(given: StorageContext): Promise<Outcome> {
  const [row] = await databaseOf(given).ask(
    "select (select count(*) from pg_stat_activity where backend_type = 'client backend' or usename is not null)::text " +
      "as used, (select count(*) from pg_stat_activity where usename = current_user)::text as own, " +
      "current_setting('max_connections') as max, current_setting('superuser_reserved_connections') as reserved",
  );
  const [used, own] = [num(row, "used"), Math.max(0, num(row, "own") - 1)];
  const usable = num(row, "max") - num(row, "reserved");
  const { poolMax, replicas = 1 } = settingsOf(given);
  const most = poolMax === undefined ? undefined : poolMax * replicas;
  const pools = most === undefined
    ? "the size of the catalog's pools is not set"
    : `the pools of ${replicas} replicas may open ${most}`;
  const share = Math.round(100 * used / Math.max(1, usable));
  const seen = {
    observed: `${used} of ${usable} in use (${share} %), ${own} by the catalog; ${pools}${await poolWords(
      given,
    )}`,
    expected: "at most 80 % in use",
    evidence: "pg_stat_activity, max_connections",
  };
  expect(share <= 80, "FewConnections", `${share} % of the connections of the database are in use`, {
    ...seen,
    ...share > 95 ? { status: "critical" } : {},
    next: [nextStep("change-connections")],
  });
  const half = `${Math.max(1, Math.floor(usable / (2 * replicas)))}`;
  const tooMany = `the catalog's pools may open ${most} connections, and the database has ${usable}`;
  expect(!(Number(most) > usable), "PoolsTooLarge", tooMany, {
    ...seen,
    next: [nextStep("set-pool-size", half)],
  });
  return passed(`${used} of ${usable} connections are in use, ${own} of them by the catalog; ${pools}`, seen);
}

/** What the pool of one replica says of itself, where its metrics are on (quarkus.datasource...jdbc.enable-metrics). */
async function poolWords({ context: { management } }: StorageContext): Promise<string> {
  if ("why" in management) return "";
  const { status, text } = await management.get("/q/metrics");
  const active = status === 200 ? metricSum(text, "agroal_active_count") : undefined;
  if (active === undefined) return "";
  return `; in the pool of one replica ${active} are active, ${
    metricSum(text, "agroal_awaiting_count") ?? 0
  } wait`;
}

export async function storeSize(database: Database): Promise<Outcome> {
  const [row] = await database.ask(
    "select pg_database_size(current_database())::text as whole, pg_total_relation_size('refs2')::text as refs, " +
      "pg_total_relation_size('objs2')::text as objs, " +
      "(select n_live_tup::text from pg_stat_user_tables where relname = 'refs2') as ref_rows, " +
      "(select n_live_tup::text from pg_stat_user_tables where relname = 'objs2') as obj_rows",
  );
  const part = (name: string, bytes: string, rows: string) =>
    `${name} ${mib(num(row, bytes))}, about ${num(row, rows)} rows`;
  const observed = [part("refs2", "refs", "ref_rows"), part("objs2", "objs", "obj_rows")].join("; ");
  return passed(`the database has ${mib(num(row, "whole"))}: ${observed}`, {
    observed,
    evidence: "pg_total_relation_size",
  });
}

export async function storeReplicas(
  database: Database,
  { store, context: { world } }: StorageContext,
): Promise<Outcome> {
  const cluster = "failure" in store ? undefined : store;
  const wanted = cluster && standbysOf(world, cluster);
  // What others see of a standby depends on its rights; that it is there everybody sees.
  const rows = await database.ask("select application_name as name, state from pg_stat_replication");
  const streaming = rows.filter(({ state }) => state === null || state === "streaming").length;
  const seen = {
    observed: `${streaming} standbys (${rows.map(({ name }) => name).join(", ") || "none"})`,
    expected: wanted === undefined ? "as many as the Cluster has" : `${wanted}`,
    evidence: "pg_stat_replication",
  };
  if (wanted === 0) return skipped("the Cluster has one instance: nothing follows it", seen);
  expect(streaming >= (wanted ?? 1), "StandbyMissing", {
    message: `${streaming} of ${wanted ?? "the"} standbys follow the primary`,
    ...seen,
    next: [
      nextStep("status-of-postgres", cluster?.namespace ?? "", cluster?.cluster ?? ""),
      nextStep("list-postgres-pods"),
    ],
  });
  return passed(`${streaming} standbys follow the primary`, seen);
}

function standbysOf(world: World, { namespace, cluster }: Store): number | undefined {
  const found = world.get(clusters, namespace, cluster);
  return found && (found.spec?.instances ?? 1) - 1;
}
