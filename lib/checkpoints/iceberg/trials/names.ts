/** Names that need quotes, and a table that goes away under its writer. */
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { restPath } from "../../../untrusted/api_path.ts";
import type { IcebergContext } from "../context.ts";
import { inSpace } from "../../nessie/iceberg_rest/scratch.ts";
import { eachEngine } from "./each_engine.ts";
import { sessionOf } from "./session.ts";

const ODD = ["with space", 'it\'s "quoted"', "Zażółć 日本"];

export const oddNames: Trial<IcebergContext> = eachEngine({
  id: "iceberg.names",
  title: "Names with spaces, quotes and letters of every script",
  explain:
    "Tables and columns whose names have spaces, quotes and letters beyond ASCII are made, filled and read. When that " +
    "fails, such a table of one engine can't be reached by another.",
  weight: "warning",
}, async (context, engine) => {
  const session = sessionOf(context, context.main, engine, "names");
  const { dialect } = session;
  for (const name of ODD) {
    const table = await session.table(name);
    const column = dialect.name(name);
    await session.run(`CREATE TABLE ${table} (${column} ${dialect.types.string}) ${dialect.table(2)}`);
    await session.run(`INSERT INTO ${table} VALUES (${dialect.literal("string", name)})`);
    const { rows, columns } = await session.run(`SELECT ${column} FROM ${table}`);
    const observed = `${columns[0]?.name}: ${rows[0]?.[0]}`;
    expect(observed === `${name}: ${name}`, "WrongName", {
      message: `${engine.title} gives another name or value back than ${JSON.stringify(name)}`,
      observed,
      expected: `${name}: ${name}`,
    });
  }
  return passed(
    `${engine.title} ${engine.version} makes, fills and reads ${ODD.length} tables with such names`,
  );
});

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
