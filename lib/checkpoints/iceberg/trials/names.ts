/** Names that need quotes, and a table that goes away under its writer. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { restPath } from "../../../untrusted/api_path.ts";
import type { IcebergContext } from "../context.ts";
import { inSpace } from "../../nessie/iceberg_rest/scratch.ts";
import { eachEngine } from "./each_engine.ts";
import { type Session, sessionOf } from "./session.ts";

const ODD = ["with space", 'it\'s"quoted"', "Zażółć日本"];

export const oddNames: Trial<IcebergContext> = eachEngine({
  id: "iceberg.names",
  title: "Names with spaces, quotes and letters of every script",
  explain:
    "Tables and columns whose names have spaces, quotes and letters beyond ASCII are made, filled and read. When that " +
    "fails, such a table of one engine can't be reached by another.",
  weight: "warning",
}, async (context, engine) => {
  const session = sessionOf(context, context.main, engine, "names");
  const lost: string[] = [];
  let evidence = "";
  for (const name of ODD) {
    const trouble = await troubleWith(session, name);
    if (trouble === undefined) continue;
    lost.push(JSON.stringify(name));
    evidence ||= trouble;
  }
  expect(lost.length === 0, "NameLost", {
    message:
      `${engine.title} ${engine.version} makes tables with such names and does not find them again, or under another name`,
    observed: `not ${lost.join(", ")}`,
    expected: `tables called ${ODD.map((name) => JSON.stringify(name)).join(", ")}`,
    evidence,
  });
  return passed(
    `${engine.title} ${engine.version} makes, fills and reads ${ODD.length} tables with such names`,
  );
});

/** What is wrong with a table and a column of this name; undefined: nothing. */
async function troubleWith(
  { ask, run, table: tableOf, dialect }: Session,
  name: string,
): Promise<string | undefined> {
  const table = await tableOf(name);
  const column = dialect.name(name);
  await run(`CREATE TABLE ${table} (${column} ${dialect.types.string}) ${dialect.table(2)}`);
  const written = await ask(`INSERT INTO ${table} VALUES (${dialect.literal("string", name)})`);
  if ("failure" in written) return written.failure.evidence;
  const read = await ask(`SELECT ${column} FROM ${table}`);
  if ("failure" in read) return read.failure.evidence;
  const same = read.columns[0]?.name === name && read.rows[0]?.[0] === name;
  return same ? undefined : `${read.columns[0]?.name}: ${read.rows[0]?.[0]}`;
}

export const droppedUnder: Trial<IcebergContext> = eachEngine({
  id: "iceberg.dropped-under",
  title: "A table that somebody drops under its writer",
  explain:
    "A table is dropped through the catalog while an engine works with it; the next write must be refused as one to a " +
    "table that is not there, and must not make it again. When that fails, dropped data come back.",
  weight: "critical",
}, async (context, engine) => {
  const session = sessionOf(context, context.main, engine, "dropped");
  const { dialect, workspace } = session;
  const table = await session.table("gone");
  await session.run(`CREATE TABLE ${table} (id ${dialect.types.int}) ${dialect.table(2)}`);
  await session.run(`INSERT INTO ${table} VALUES (1)`);
  await workspace.rest.send(
    "DELETE",
    restPath`${inSpace(workspace.rest.root)}/tables/${session.nameOf("gone")}`,
  );
  const answer = await session.ask(`INSERT INTO ${table} VALUES (2)`);
  expect("failure" in answer, "WrittenToNothing", {
    message: `${engine.title} says that it wrote to a table that was dropped`,
    observed: "accepted",
    expected: "NotFound",
  });
  const { reason, message, evidence } = answer.failure;
  expect(
    reason === "NotFound",
    reason,
    `${engine.title} says something else of a table that was dropped: ${message}`,
    {
      evidence,
      expected: "NotFound",
      status: "warning",
    },
  );
  return passed(`${engine.title} ${engine.version} refuses to write to a table that was dropped`);
});
