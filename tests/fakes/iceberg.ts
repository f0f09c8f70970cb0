/**
 * An engine with a catalog, for trials of tables: DuckDB in memory, a database a reference, and nothing of Iceberg. It can be
 * wrong in the ways that trials are there to see.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import * as api from "@duckdb/node-api";
import type { OwnReference, Reference } from "../../lib/clients/nessie/client.ts";
import type { IcebergContext, Workspace } from "../../lib/checkpoints/iceberg/context.ts";
import { cellOf } from "../../lib/checkpoints/iceberg/engines/duckdb_cells.ts";
import { linkOf } from "../../lib/checkpoints/iceberg/engines/duckdb.ts";
import {
  type Cell,
  type Engine,
  EngineError,
  type Rows,
} from "../../lib/checkpoints/iceberg/engines/engine.ts";
import { statementTimes } from "../../lib/checkpoints/iceberg/times.ts";

export interface Faults {
  /** A commit whose answer was lost is made again. */
  commitsAgain?: boolean;
  /** What was committed is removed when its answer was lost. */
  removesCommitted?: boolean;
  /** What a writer had done when it was killed is there. */
  keepsHalf?: boolean;
  /** What comes of a statement instead: undefined lets it be. */
  instead?(sql: string, run: (sql: string) => Promise<Rows>): Promise<Rows> | undefined;
  /** A cell as it is read. */
  cell?(cell: Cell): Cell;
  /** What lies in the store is not what the catalog names. */
  artefacts?: boolean;
  /** Old commits show what is there now. */
  noHistory?: boolean;
  /** What is written on a branch is seen on the one that it was made from. */
  sharedBranches?: boolean;
  /** A merge of two branches that changed the same table takes one side. */
  mergesConflicts?: boolean;
}

const NAMESPACE = "scratch";

export interface FakeLake extends AsyncDisposable {
  context: IcebergContext;
}

/** `faults` by the title of the engine: the engines share one catalog. */
export async function fakeLake(
  faults: Faults = {},
  titles: readonly string[] = ["DuckDB"],
): Promise<FakeLake> {
  const instance = await DuckDBInstance.create(":memory:");
  const databases = new Map<string, string>();
  const plain = async (sql: string): Promise<Rows> => {
    const connection = await instance.connect();
    try {
      const read = await connection.runAndReadAll(sql.replace(/ WITH \('format-version' = '\d'\)$/, ""));
      return {
        columns: read.columnNames().map((name, at) => ({ name, type: String(read.columnTypes()[at]) })),
        rows: read.getRows().map((row) => row.map((value) => cellOf(api, value))),
      };
    } catch (error) {
      throw new EngineError("duckdb", [linkOf(error)]);
    } finally {
      connection.closeSync();
    }
  };
  let count = 0;
  const database = async (reference: string, from?: string) => {
    const name = `db${++count}`;
    await plain(`ATTACH ':memory:' AS ${name}`);
    if (from !== undefined) await plain(`COPY FROM DATABASE ${databases.get(from)} TO ${name}`);
    else await plain(`CREATE SCHEMA ${name}.${NAMESPACE}`);
    databases.set(reference, name);
    return name;
  };
  let commits = 0;
  const lake = { plain, database, databases, faults, hash: () => (++commits).toString(16).padStart(16, "0") };
  const engines = titles.map((title, at) => engineOf(title, lake, at === titles.length - 1));
  const nessie = nessieOf(lake);
  const workspace = async (name: string, from?: string): Promise<Workspace> => {
    if (from === undefined) await database(name);
    else if (faults.sharedBranches) databases.set(name, databases.get(from) ?? "");
    else await database(name, from);
    return workspaceOf(name, lake);
  };
  const main = await workspace("main");
  const context = {
    nessie: { nessie },
    engines,
    main,
    another: (engine: Engine) => Promise.resolve(killable(engine, lake)),
    fork: async (purpose: string, from?: Reference) => await workspace(purpose, from?.name ?? "main"),
    home: { bucket: "bucket", base: "" },
    times: statementTimes(),
    signal: new AbortController().signal,
  } as unknown as IcebergContext;
  return {
    context,
    [Symbol.asyncDispose]: () => Promise.resolve(instance.closeSync()),
  };
}

interface Lake {
  plain(sql: string): Promise<Rows>;
  database(reference: string, from?: string): Promise<string>;
  databases: Map<string, string>;
  faults: Faults;
  hash(): string;
}

/** Another engine, whose long statement ends when it is closed. */
function killable(engine: Engine, { plain, faults }: Lake): Engine {
  const killed = Promise.withResolvers<never>();
  killed.promise.catch(() => {});
  return {
    ...engine,
    async run(sql) {
      if (!sql.includes("range(4000000000)")) return await engine.run(sql);
      if (faults.keepsHalf) await plain(sql.replace(/SELECT .*$/s, "VALUES (77)"));
      return await killed.promise;
    },
    close: () =>
      Promise.resolve(killed.reject(new EngineError("duckdb", [{ type: "Error", message: "closed" }]))),
  };
}

function engineOf(title: string, { plain, databases, faults }: Lake, faulty: boolean): Engine {
  let losing = false;
  return {
    name: "duckdb",
    title,
    version: "1",
    words: "in this process",
    catalogAt: (reference) =>
      Promise.resolve(databases.get(reference) ?? databases.get(reference.split("@")[0] ?? "") ?? "nowhere"),
    async run(sql) {
      const rows = await (faulty ? faults.instead?.(sql, plain) : undefined) ?? await plain(sql);
      if (losing && sql.startsWith("INSERT")) {
        losing = false;
        if (faults.removesCommitted) await plain(`DROP TABLE ${/^INSERT INTO (\S+)/.exec(sql)?.[1]}`);
        if (faults.commitsAgain) await plain(sql);
        else throw new EngineError("duckdb", [{ type: "HTTP Error", message: "Server returned nothing" }]);
      }
      const { cell } = faults;
      return faulty && cell ? { ...rows, rows: rows.rows.map((row) => row.map(cell)) } : rows;
    },
    loseAnswer: () => {
      losing = true;
      return { happened: () => !losing, cancel: () => {} };
    },
    close: () => Promise.resolve(),
  };
}

function workspaceOf(name: string, { plain, databases, faults }: Lake): Workspace {
  return {
    branch: { type: "BRANCH", name, hash: "00" } as unknown as OwnReference,
    rest: {
      root: NAMESPACE,
      async send(_method: string, path: string) {
        const table = decodeURIComponent(path.split("/").at(-1) ?? "");
        await plain(`DROP TABLE ${databases.get(name)}.${NAMESPACE}."${table}"`);
        return { status: 204, text: "" };
      },
    } as unknown as Workspace["rest"],
    artefacts: {
      changed: () =>
        Promise.resolve([{
          name: `${NAMESPACE}.t`,
          seen: {
            ...{ snapshots: 1, manifests: 1, files: 1, bytes: 1, elsewhere: [] },
            flaws: faults.artefacts
              ? [{
                reason: "Missing",
                part: "data file",
                current: true,
                count: 1,
                examples: [{ path: "s3://b/x" }],
              }]
              : [],
          },
        }]),
    },
  };
}

/** Every look at a branch keeps what it has then, by a hash of its own. */
function nessieOf({ plain, database, databases, faults, hash }: Lake) {
  return {
    async reference(name: string) {
      const at = hash();
      if (faults.noHistory) databases.set(`${name}@${at}`, databases.get(name) ?? "");
      else await database(`${name}@${at}`, name);
      return { type: "BRANCH", name, hash: at };
    },
    async merge(target: string, _hash: string, { fromRefName }: { fromRefName: string }) {
      const [from, to] = [databases.get(fromRefName), databases.get(target)];
      const { rows } = await plain(`SELECT table_name FROM duckdb_tables() WHERE database_name = '${from}'`);
      const table = rows[0]?.[0] ?? "";
      const of = (db: string | undefined) => `${db}.${NAMESPACE}."${table}"`;
      const { rows: [[ours] = []] } = await plain(
        `SELECT count(*) FROM (FROM ${of(to)} EXCEPT FROM ${of(from)})`,
      );
      if (ours !== "0" && !faults.mergesConflicts) {
        return {
          wasApplied: false,
          wasSuccessful: false,
          details: [{ key: [NAMESPACE, table], conflict: {} }],
        };
      }
      await plain(`DELETE FROM ${of(to)}`);
      await plain(`INSERT INTO ${of(to)} FROM ${of(from)}`);
      return { wasApplied: true, wasSuccessful: true, details: [] };
    },
  };
}
