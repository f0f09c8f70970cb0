/** Runs a script of docs/iceberg by an engine, and looks at what lies in the store after every statement that writes. */
import { type Outcome, passed, skipped } from "../../../checkpoint/trial.ts";
import { expect, fail } from "../../../checkpoint/expect.ts";
import { quote } from "../../../redact/mod.ts";
import { flawText } from "../artefacts.ts";
import type { IcebergContext, Workspace } from "../context.ts";
import { type Engine, EngineError, type Rows } from "../engines/engine.ts";
import { type EngineFailure, failureOfEngine, toldOf } from "../failures.ts";
import { kindOf } from "../times.ts";
import { inScratch } from "./names.ts";
import { difference, type Kept, readScript, type Statement, withKept } from "./script.ts";

/** A script of one engine. */
export interface Script {
  /** `create`; its tables' names begin so. */
  name: string;
  /** `docs/iceberg/spark/create.sql` */
  path: string;
  text: string;
}

/** What a run of statements has seen. */
interface Going {
  context: IcebergContext;
  workspace: Workspace;
  engine: Engine;
  script: Script;
  kept: Kept;
  prefix: string;
  catalog: string;
  files: number;
  tables: Set<string>;
  /** Statements whose files were to be counted, and were not. */
  uncounted: number;
}

/** The begin of the names of all tables of a trial by an engine. */
export const prefixOf = (name: string, engine: Engine): string => `${name}_${engine.name}_`;

/**
 * One outcome: passed when every statement comes to what its script says. Skipped from the first statement on that the
 * engine does not have. Ended, CannotLook.
 */
export async function runScript(
  context: IcebergContext,
  workspace: Workspace,
  engine: Engine,
  script: Script,
): Promise<Outcome> {
  const statements = readScript(script.text);
  const going: Going = {
    ...{ context, workspace, engine, script, kept: {}, prefix: prefixOf(script.name, engine) },
    ...{ catalog: await engine.catalogAt(workspace.branch.name), files: 0, tables: new Set(), uncounted: 0 },
  };
  for (const [done, statement] of statements.entries()) {
    context.signal.throwIfAborted();
    const failure = await step(statement, going);
    if (failure?.unsupported) {
      return skipped(`${engine.title} ${engine.version} can't do this: ${placeOf(going, statement)}`, {
        reason: "NotSupported",
        ...evidenceOf(failure),
        observed: `${done} of ${statements.length} statements before it passed`,
      });
    }
  }
  const { files, tables, uncounted } = going;
  const counted = uncounted > 0 ? `; how many files ${uncounted} of them read was not counted` : "";
  return passed(
    `${engine.title} ${engine.version}: all ${statements.length} statements of ${script.path} come to what they must, and ` +
      `${tables.size} tables have the ${files} files that the catalog names${counted}`,
  );
}

const placeOf = ({ script, kept: _ }: Going, { line, sql }: Statement) =>
  `${script.path}, line ${line}: ${quote(sql, [], 120)}`;

const evidenceOf = ({ evidence }: EngineFailure) => evidence === "" ? {} : { evidence };

/** Runs one statement. Gives a failure that the engine's limits explain; every other one ends the trial. */
async function step(statement: Statement, going: Going): Promise<EngineFailure | undefined> {
  const { context, engine, kept, prefix, catalog, workspace } = going;
  const { home } = context;
  const { expected, line } = statement;
  const names = {
    catalog,
    namespace: workspace.rest.root,
    prefix,
    home: `${home.bucket}/${home.base}${workspace.rest.root}/`,
  };
  const sql = inScratch(withKept(statement.sql, kept, line), names);
  const started = performance.now();
  let rows: Rows;
  try {
    rows = await engine.run(sql);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return judgeFailure(error, statement, going);
  }
  context.times.add(engine.name, kindOf(statement.sql), performance.now() - started);
  const place = placeOf(going, statement);
  if (expected.fails !== undefined) {
    fail("NotRefused", `${engine.title} accepts what it must refuse: ${place}`, {
      observed: "accepted",
      expected: expected.fails,
    });
  }
  judgeRows(rows, statement, going);
  if (/^(?:SELECT|WITH|DESCRIBE|SHOW|USE|SET)\b/i.test(statement.sql)) return undefined;
  await judgeArtefacts(statement, going);
  return undefined;
}

function judgeFailure(
  error: EngineError,
  statement: Statement,
  { engine, ...going }: Going,
): EngineFailure | undefined {
  const failure = failureOfEngine(error);
  const { expected } = statement;
  const place = placeOf({ engine, ...going }, statement);
  if (expected.fails === failure.reason) return undefined;
  if (expected.fails !== undefined) {
    fail("OtherRefusal", `${engine.title} refuses it for another reason than it should: ${place}`, {
      observed: failure.reason,
      expected: expected.fails,
      ...evidenceOf(failure),
    });
  }
  if (failure.unsupported) return failure;
  fail(failure.reason, `${engine.title}: ${failure.message} (${place})`, toldOf(failure));
}

function judgeRows({ rows, filesRead }: Rows, statement: Statement, going: Going): void {
  const { expected } = statement;
  const evidence = placeOf(going, statement);
  const differs = expected.rows && difference(expected.rows, rows, going.kept);
  if (differs) {
    fail("WrongRows", `${going.engine.title} gives other rows than were written`, { ...differs, evidence });
  }
  if (!expected.scans) return;
  if (filesRead === undefined) going.uncounted++;
  else {
    expect(filesRead <= expected.scans.files, "NotPruned", {
      message: `${going.engine.title} reads files that can't hold what is asked for`,
      observed: `${filesRead} files read`,
      expected: `${expected.scans.files} of ${expected.scans.of}`,
      evidence,
      status: "warning",
    });
  }
}

async function judgeArtefacts(statement: Statement, going: Going): Promise<void> {
  for (const { name, seen } of await going.workspace.artefacts.changed(going.prefix)) {
    going.tables.add(name);
    going.files += seen.files;
    const [flaw] = seen.flaws;
    if (!flaw) continue;
    fail(
      "ArtefactsDiffer",
      `what lies in the store is not what the catalog names for ${name}: ${flawText(flaw)}`,
      {
        evidence: placeOf(going, statement),
      },
    );
  }
}
