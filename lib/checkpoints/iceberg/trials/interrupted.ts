/** What is left when a commit's answer is lost, or its writer killed. */
import { expect, fail, skip } from "../../../checkpoint/expect.ts";
import { passed, type Trial, unknown } from "../../../checkpoint/trial.ts";
import { flawText } from "../artefacts.ts";
import type { IcebergContext } from "../context.ts";
import type { Engine, EngineName } from "../engines/engine.ts";
import { eachEngine } from "./each_engine.ts";
import { idsIn, sessionOf } from "./session.ts";

/** A commit to a table, as the protocol has it: of one table, or of several. */
const COMMIT = /\/tables\/[^/?]+(?:\?|$)|\/transactions\/commit/;

export const lostAnswer: Trial<IcebergContext> = eachEngine({
  id: "iceberg.lost-answer",
  title: "A commit whose answer is lost",
  explain:
    "The catalog commits, and the connection is cut before the engine hears of it. The engine must say that it does not know, " +
    "or find its commit; a client that then looks before it writes again has every row once. When a row is doubled, the " +
    "engine wrote again what was there; when the table can't be read, it removed files whose commit it took for refused. The " +
    "fault is the engine's: it must not write over connections that may be cut.",
  weight: "warning",
}, async (context, engine) => {
  if (!engine.loseAnswer) {
    skip(`${engine.title} runs ${engine.words}, and no answer to it can be lost on purpose`, {
      reason: "NotReached",
    });
  }
  // Alone on a branch, and in an engine of its own: the answers to others are not lost.
  const other = await context.another(engine);
  try {
    return await loseOne(context, other);
  } finally {
    await other.close();
  }
});

async function loseOne(context: IcebergContext, engine: Engine) {
  const session = sessionOf(context, context.main, engine, "lost");
  const { dialect } = session;
  const table = await session.table("rows");
  await session.run(`CREATE TABLE ${table} (id ${dialect.types.int}) ${dialect.table(2)}`);
  await session.run(`INSERT INTO ${table} VALUES (1)`);
  const lost = engine.loseAnswer?.("POST", COMMIT);
  const answer = await session.ask(`INSERT INTO ${table} VALUES (2)`);
  lost?.cancel();
  if (!lost?.happened()) {
    return unknown("NotTried", `${engine.title} commits in a way in which no answer was lost`);
  }
  const read = await session.ask(`SELECT id FROM ${table} ORDER BY id`);
  if ("failure" in read) {
    fail("DataDestroyed", {
      message:
        `after the answer to a commit was lost, ${engine.title} ${engine.version} removed files that the table names`,
      observed: read.failure.message,
      expected: "every row once",
      evidence: read.failure.evidence,
    });
  }
  const before = idsIn(read);
  if ("failure" in answer && before === "1") await session.run(`INSERT INTO ${table} VALUES (2)`);
  const observed = await session.ids(table);
  expect(observed === "1 2", observed === "1" ? "Lost" : "Doubled", {
    message: `after an answer was lost, ${engine.title} leaves other rows than were written`,
    observed: `ids ${observed}`,
    expected: "ids 1 2",
    evidence: "failure" in answer ? answer.failure.evidence : "the engine said that it was committed",
  });
  const said = "failure" in answer ? "says that it does not know" : "finds its commit";
  return passed(
    `${engine.title} ${engine.version} ${said} when an answer is lost, and every row is there once`,
  );
}

/** Rows that take an engine minutes to write, as its SQL makes them; they are random, so that they do not become small. */
const ENDLESS: Readonly<Record<EngineName, string>> = {
  spark: "SELECT CAST(id AS INT) FROM range(4000000000) ORDER BY rand()",
  duckdb: "SELECT CAST(random() * 1000000000 AS INTEGER) FROM range(4000000000)",
};

const KILLED_AFTER_MS = 2000;

export const killedWriter: Trial<IcebergContext> = eachEngine({
  id: "iceberg.killed-writer",
  title: "A writer that is killed",
  explain:
    "An engine is killed while it writes many rows. The table must be as it was, and every object that it names must be there; " +
    "files without a name may be left behind, which maintenance removes. When it is not, half of a load is taken for all of it.",
  weight: "critical",
}, async (context, engine) => {
  const session = sessionOf(context, context.main, engine, "killed");
  const { dialect, workspace } = session;
  const table = await session.table("rows");
  await session.run(`CREATE TABLE ${table} (id ${dialect.types.int}) ${dialect.table(2)}`);
  await session.run(`INSERT INTO ${table} VALUES (1)`);
  const victim = await context.another(engine);
  let ended: unknown = "still writing";
  try {
    const own = sessionOf(context, workspace, victim, "killed");
    const writing = victim.run(`INSERT INTO ${await own.table("rows")} ${ENDLESS[engine.name]}`)
      .then(() => "written", (error) => error);
    ended = await Promise.race([
      writing,
      new Promise((resolve) => setTimeout(() => resolve("still writing"), KILLED_AFTER_MS)),
    ]);
    await victim.close();
    await writing;
  } finally {
    await victim.close();
  }
  if (ended !== "still writing") {
    return unknown("NotTried", `${engine.title} did not write until it was killed`);
  }
  const observed = await session.ids(table);
  expect(observed === "1", "HalfWritten", {
    message: `a writer that was killed has changed what others read`,
    observed: `${observed.split(" ").length} rows`,
    expected: "1 row",
  });
  for (const { name, seen } of await workspace.artefacts.changed(session.nameOf("rows"))) {
    const [flaw] = seen.flaws;
    if (!flaw) continue;
    fail("ArtefactsDiffer", {
      message: `after a writer was killed the store is not what the catalog names for ${name}`,
      observed: flawText(flaw),
      expected: "every object that is named",
    });
  }
  return passed(`${engine.title} ${engine.version} was killed while it wrote, and the table is as it was`);
});
