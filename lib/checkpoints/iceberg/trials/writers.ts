/** Writers side by side: what they commit is there once, neither lost nor doubled. */
import { expect, outcomeOf } from "../../../checkpoint/expect.ts";
import { type Outcome, passed, type Trial } from "../../../checkpoint/trial.ts";
import type { IcebergContext } from "../context.ts";
import type { Engine } from "../engines/engine.ts";
import { type Session, sessionOf } from "./session.ts";

const TRIAL = "writers";
const WRITERS = 4;
const COMMITS = 25;
/** A commit that lost its race is made again so often, as clients do. */
const ATTEMPTS = 40;

export const concurrentWriters: Trial<IcebergContext> = {
  id: `iceberg.${TRIAL}`,
  title: "Writers side by side lose nothing",
  explain:
    `${WRITERS} writers, spread over the engines, append ${COMMITS} rows each to one table at the same time, a commit a ` +
    "row, and commit again what lost its race. Afterwards every row is there once. A row that is missing was overwritten " +
    "by another writer's commit; one that is there twice was committed though its writer was told otherwise.",
  weight: "critical",
  async run(context) {
    const [first] = context.engines;
    if (!first) throw new Error("no engine");
    const session = sessionOf(context, context.main, first, TRIAL);
    const table = await session.table("appended");
    await session.run(
      `CREATE TABLE ${table} (writer ${session.dialect.types.int}, n ${session.dialect.types.int}) ${
        session.dialect.table(2)
      }`,
    );
    // Two first commits at once are a trial of the catalog's own: nessie.can-refuse-second-first.
    await session.run(`INSERT INTO ${table} VALUES (-1, 0)`);
    const seen = { again: 0, inDoubt: 0 };
    await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => {
      const engine = context.engines[writer % context.engines.length] ?? first;
      await append(context, session, engine, writer, seen);
    }));
    return await outcomeOf(() => judge(session, table, seen, context.engines));
  },
};

interface Seen {
  again: number;
  inDoubt: number;
}

/** Appends the rows of one writer to the table that `session` made. */
async function append(
  context: IcebergContext,
  session: Session,
  engine: Engine,
  writer: number,
  seen: Seen,
): Promise<void> {
  const own = sessionOf(context, session.workspace, engine, TRIAL);
  const table = await session.tableFor(engine, "appended");
  for (let n = 0; n < COMMITS; n++) await appendOne(own, table, writer, n, seen);
}

async function appendOne(
  { ask, run, engine }: Session,
  table: string,
  writer: number,
  n: number,
  seen: Seen,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const answer = await ask(`INSERT INTO ${table} VALUES (${writer}, ${n})`);
    if (!("failure" in answer)) return;
    const { failure } = answer;
    const lostRace = failure.reason === "CommitConflict";
    const inDoubt = failure.reason === "CommitStateUnknown";
    expect(lostRace || inDoubt, failure.reason, `${engine.title}: ${failure.message}`, {
      evidence: failure.evidence,
    });
    expect(
      attempt < ATTEMPTS,
      "NeverCommitted",
      `${engine.title}: a commit lost its race ${ATTEMPTS} times`,
      {
        evidence: failure.evidence,
      },
    );
    if (lostRace) seen.again++;
    else {
      // As a careful client does: what may have been committed is looked for before it is made again.
      seen.inDoubt++;
      const { rows } = await run(`SELECT count(*) FROM ${table} WHERE writer = ${writer} AND n = ${n}`);
      if (rows[0]?.[0] !== "0") return;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * Math.min(attempt, 10)));
  }
}

async function judge(
  { run }: Session,
  table: string,
  { again, inDoubt }: Seen,
  engines: readonly Engine[],
): Promise<Outcome> {
  const { rows } = await run(
    `SELECT count(*), count(DISTINCT writer * ${COMMITS} + n) FROM ${table} WHERE writer >= 0`,
  );
  const [count, distinct] = (rows[0] ?? []).map(Number);
  const wanted = WRITERS * COMMITS;
  const evidence = `SELECT count(*) and count(DISTINCT ...) after ${wanted} commits`;
  expect(distinct === wanted, "Lost", "rows that were committed are not there", {
    observed: `${distinct} rows`,
    expected: `${wanted}`,
    evidence,
  });
  expect(count === wanted, "Doubled", "rows are there more than once", {
    observed: `${count} rows`,
    expected: `${wanted}`,
    evidence,
  });
  const names = engines.map(({ title }) => title).join(" and ");
  const doubt = inDoubt > 0 ? `, ${inDoubt} were in doubt` : "";
  return passed(
    `${wanted} rows by ${WRITERS} writers (${names}) are there once; ${again} commits lost a race${doubt}`,
  );
}
