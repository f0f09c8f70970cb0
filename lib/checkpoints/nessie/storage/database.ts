/** What the database of the catalog says: its tables, what arrives in them, its connections, its standbys. */
import type { Database, Row } from "../../../clients/postgres.ts";
import { clusters } from "../../../components/postgresql/mod.ts";
import type { Reference } from "../../../clients/nessie/client.ts";
import { CannotLook } from "../../../engine/errors.ts";
import type { Failure, World } from "../../../engine/model.ts";
import { failed, held, type Outcome, skipped } from "../../../checkpoint/trial.ts";
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
      return failed(
        "Missing",
        `table ${name} is not there: this database is not the one that the catalog writes to`,
        {
          observed: "absent",
          expected,
          next: [nextStep("compare-databases")],
        },
      );
    }
    const there = String(columns).split(" ");
    const lacking = expected.split(" ").filter((column) => !there.includes(column));
    if (lacking.length === 0) {
      return held(`table ${name} has its ${there.length} columns`, { observed: String(columns) });
    }
    return failed("OtherColumns", `table ${name} lacks ${lacking.join(", ")}`, {
      observed: String(columns),
      expected,
    });
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
  if (!ref) {
    const seen = refs[0]
      ? `another hash in refs2 (${String(refs[0].hash).slice(0, 12)}…)`
      : "no such row in refs2";
    return failed(
      "NotArrived",
      "a scratch branch of the catalog is not in the database: commits go somewhere else",
      { observed: seen, expected: `${head.hash.slice(0, 12)}…`, evidence: "refs2.pointer" },
    );
  }
  const places = hashes.map((_, i) => `decode($${i + 2}, 'hex')`).join(", ");
  const [row] = await database.ask(
    `select count(*)::text as found from objs2 where repo = $1 and obj_id in (${places})`,
    [String(ref.repo ?? ""), ...hashes],
  );
  const found = num(row, "found");
  const seen = {
    observed: `${found} of ${COMMITS} commits`,
    expected: `${COMMITS}`,
    evidence: "objs2.obj_id",
  };
  if (found < COMMITS) {
    return failed("NotArrived", "commits of the catalog are missing in the database", seen);
  }
  return held("branch and commits arrive in refs2 and objs2, with the hashes that the API tells", seen);
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
  if (share > 80) {
    const next = [
      nextStep("change-connections"),
    ];
    const status = share > 95 ? { status: "critical" as const } : {};
    return failed("FewConnections", `${share} % of the connections of the database are in use`, {
      ...seen,
      ...status,
      next,
    });
  }
  if (most !== undefined && most > usable) {
    return failed(
      "PoolsTooLarge",
      `the catalog's pools may open ${most} connections, and the database has ${usable}`,
      {
        ...seen,
        next: [
          nextStep("set-pool-size", `${Math.max(1, Math.floor(usable / (2 * replicas)))}`),
        ],
      },
    );
  }
  return held(`${used} of ${usable} connections are in use, ${own} of them by the catalog; ${pools}`, seen);
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
  return held(`the database has ${mib(num(row, "whole"))}: ${observed}`, {
    observed,
    evidence: "pg_total_relation_size",
  });
}

export async function storeReplicas(
  database: Database,
  { store, context: { world } }: StorageContext,
): Promise<Outcome> {
  const wanted = standbysOf(world, "failure" in store ? "" : store.cluster);
  // What others see of a standby depends on its rights; that it is there everybody sees.
  const rows = await database.ask("select application_name as name, state from pg_stat_replication");
  const streaming = rows.filter(({ state }) => state === null || state === "streaming").length;
  const seen = {
    observed: `${streaming} standbys (${rows.map(({ name }) => name).join(", ") || "none"})`,
    expected: wanted === undefined ? "as many as the Cluster has" : `${wanted}`,
    evidence: "pg_stat_replication",
  };
  if (wanted === 0) return skipped("the Cluster has one instance: nothing follows it", seen);
  if (streaming >= (wanted ?? 1)) return held(`${streaming} standbys follow the primary`, seen);
  return failed("StandbyMissing", `${streaming} of ${wanted ?? "the"} standbys follow the primary`, {
    ...seen,
    next: [
      nextStep("status-of-postgres"),
      nextStep("list-postgres-pods"),
    ],
  });
}

function standbysOf(world: World, name: string): number | undefined {
  const found = world.list(clusters).find(({ metadata }) => metadata?.name === name);
  return found && (found.spec?.instances ?? 1) - 1;
}
