/** An engine as trials use it: statements that are run, timed, and told in the words of the engine when they fail. */
import { fail, skip } from "../../../checkpoint/expect.ts";
import { type Dialect, dialects } from "../dialects.ts";
import type { IcebergContext, Workspace } from "../context.ts";
import { type Engine, EngineError, type Rows } from "../engines/engine.ts";
import { type EngineFailure, failureOfEngine, toldOf } from "../failures.ts";
import { prefixOf } from "../scripts/run_script.ts";
import { kindOf } from "../times.ts";

/** An engine in a workspace, for one trial. */
export interface Session {
  engine: Engine;
  dialect: Dialect;
  workspace: Workspace;
  /** The table of this name, as SQL calls it, at the head of the workspace or at another reference. */
  table(name: string, at?: string): Promise<string>;
  /** The same table as another engine calls it. */
  tableFor(engine: Engine, name: string): Promise<string>;
  /** The name of the table in the catalog. */
  nameOf(name: string): string;
  /** The column `id` of a table, in order: `1 2 3`. */
  ids(table: string): Promise<string>;
  /** Runs a statement. What the engine refuses ends the trial, as skipped where it does not have it. */
  run(sql: string): Promise<Rows>;
  /** The same; what the engine refuses is an answer. */
  ask(sql: string): Promise<Rows | { failure: EngineFailure }>;
}

/** `trial` begins the names of the tables, with that of the engine. */
export function sessionOf(
  context: IcebergContext,
  workspace: Workspace,
  engine: Engine,
  trial: string,
): Session {
  const dialect = dialects[engine.name];
  const nameOf = (name: string) => `${prefixOf(trial, engine)}${name}`;
  const ask = async (sql: string) => {
    context.signal.throwIfAborted();
    const started = performance.now();
    try {
      return await engine.run(sql);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { failure: failureOfEngine(error) };
    } finally {
      context.times.add(engine.name, kindOf(sql), performance.now() - started);
    }
  };
  const called = async (by: Engine, name: string, at: string) => {
    const parts = [workspace.rest.root, nameOf(name)].map(dialects[by.name].name);
    return [await by.catalogAt(at), ...parts].join(".");
  };
  const run = async (sql: string) => {
    const answer = await ask(sql);
    return "failure" in answer ? refused(engine, answer.failure, sql) : answer;
  };
  return {
    ...{ engine, dialect, workspace, nameOf, ask, run },
    table: (name, at = workspace.branch.name) => called(engine, name, at),
    tableFor: (by, name) => called(by, name, workspace.branch.name),
    ids: async (table) => idsIn(await run(`SELECT id FROM ${table} ORDER BY id`)),
  };
}

/** The first column of rows, as one text. */
export const idsIn = ({ rows }: Rows): string => rows.map(([id]) => id ?? "NULL").join(" ");

function refused({ title, version }: Engine, failure: EngineFailure, sql: string): never {
  const evidence = failure.evidence === "" ? sql.slice(0, 300) : failure.evidence;
  if (failure.unsupported) {
    skip(`${title} ${version} can't do this: ${sql.slice(0, 120)}`, { reason: "NotSupported", evidence });
  }
  fail(failure.reason, `${title}: ${failure.message}`, { ...toldOf(failure), evidence });
}

/** The object that an outcome of an engine is told of. */
export const objectOf = (trial: string, engine: Engine, ...more: readonly string[]) => ({
  kind: "IcebergTrial",
  name: [trial, engine.name, ...more].join("-"),
});
