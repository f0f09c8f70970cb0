/** Time travel and branches: a table as it was, and as it is elsewhere. */
import { expect } from "../../../checkpoint/expect.ts";
import { type Outcome, passed, type Trial } from "../../../checkpoint/trial.ts";
import type { IcebergContext, Workspace } from "../context.ts";
import type { Engine } from "../engines/engine.ts";
import { eachEngine } from "./each_engine.ts";
import { type Session, sessionOf } from "./session.ts";

async function expectRows(session: Session, table: string, expected: string, where: string): Promise<void> {
  const observed = await session.ids(table);
  expect(observed === expected, "WrongRows", {
    message: `${session.engine.title} reads other rows ${where} than were there`,
    observed: `ids ${observed || "none"}`,
    expected: `ids ${expected}`,
    evidence: `SELECT id FROM ${table}`,
  });
}

async function create(session: Session, name: string): Promise<string> {
  const { dialect } = session;
  const table = await session.table(name);
  await session.run(`CREATE TABLE ${table} (id ${dialect.types.int}) ${dialect.table(2)}`);
  return table;
}

export const timeTravel: Trial<IcebergContext> = eachEngine({
  id: "iceberg.travel",
  title: "A table as it was",
  explain:
    "A table is read at an earlier commit of the catalog, by its hash, after rows were added and after it was dropped. When " +
    "it does not come as it was then, nobody can see what a report was made from, or undo a bad load.",
  weight: "critical",
}, async (context, engine) => {
  const session = sessionOf(context, context.main, engine, "travel");
  const { branch } = context.main;
  const head = async () => (await context.nessie.nessie.reference(branch.name)).hash;
  const table = await create(session, "events");
  await session.run(`INSERT INTO ${table} VALUES (1)`);
  const one = await head();
  await session.run(`INSERT INTO ${table} VALUES (2), (3)`);
  const three = await head();
  await session.run(`DROP TABLE ${table}`);
  await expectRows(
    session,
    await session.table("events", `${branch.name}@${one}`),
    "1",
    "at the first commit",
  );
  await expectRows(
    session,
    await session.table("events", `${branch.name}@${three}`),
    "1 2 3",
    "at the second commit",
  );
  return passed(
    `${engine.title} ${engine.version} reads a table at two earlier commits, after it was dropped`,
  );
});

export const branches: Trial<IcebergContext> = eachEngine({
  id: "iceberg.branches",
  title: "Branches of a table",
  explain:
    "What is written on a branch is not seen on the other, is there after a merge, and a merge of two branches that " +
    "changed the same table is refused with a conflict that names it. When that fails, work on a branch is no safe work.",
  weight: "critical",
}, async (context, engine) => {
  const work = await context.fork(`branches-${engine.name}`);
  const home = sessionOf(context, work, engine, "branches");
  const table = await create(home, "events");
  await home.run(`INSERT INTO ${table} VALUES (1)`);
  const other = await context.fork(
    `side-${engine.name}`,
    await context.nessie.nessie.reference(work.branch.name),
  );
  const side = sessionOf(context, other, engine, "branches");
  await side.run(`INSERT INTO ${await side.table("events")} VALUES (2)`);
  await expectRows(home, table, "1", "on a branch, after another branch was written");
  await expectRows(side, await side.table("events"), "1 2", "on the branch that was written");
  await merge(context, other, work);
  await expectRows(home, table, "1 2", "after the merge");
  return await conflict(context, engine, home, side);
});

/** Both sides change the same table: the catalog must not choose. */
async function conflict(
  context: IcebergContext,
  engine: Engine,
  home: Session,
  side: Session,
): Promise<Outcome> {
  const [table, other] = [await home.table("events"), await side.table("events")];
  await side.run(`INSERT INTO ${other} VALUES (3)`);
  await home.run(`INSERT INTO ${table} VALUES (4)`);
  const merged = await merge(context, side.workspace, home.workspace);
  const named = merged.details.some(({ key, conflict }) => conflict && key.at(-1) === home.nameOf("events"));
  expect(!merged.wasSuccessful && named, "NoConflict", {
    message: "two branches that changed the same table were merged, and one side is lost",
    observed: merged.wasSuccessful ? "merged" : "refused without naming the table",
    expected: "a conflict that names the table",
    evidence: `POST /api/v2/trees/${home.workspace.branch.name}/history/merge`,
  });
  await expectRows(home, table, "1 2 4", "after the merge was refused");
  return passed(
    `${engine.title} ${engine.version} writes on a branch, sees it merged, and a conflict of two branches is told`,
  );
}

async function merge(context: IcebergContext, from: Workspace, to: Workspace) {
  const { nessie } = context.nessie;
  const [source, target] = await Promise.all([
    nessie.reference(from.branch.name),
    nessie.reference(to.branch.name),
  ]);
  return await nessie.merge(target.name, target.hash, {
    fromRefName: source.name,
    fromHash: source.hash,
    returnConflictAsResult: true,
  });
}
