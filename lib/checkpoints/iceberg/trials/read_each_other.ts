/** Every engine reads what every other one wrote. */
import { outcomeOf } from "../../../checkpoint/expect.ts";
import { failed, type Outcome, passed, skipped, type Trial, unknown } from "../../../checkpoint/trial.ts";
import type { IcebergContext } from "../context.ts";
import type { Cell, Engine } from "../engines/engine.ts";
import { toldOf } from "../failures.ts";
import { inParallel } from "../../../checkpoint/side_by_side.ts";
import { objectOf, type Session, sessionOf } from "./session.ts";
import { type Sample, samples } from "./samples.ts";

const TRIAL = "read-each-other";

export const readEachOther: Trial<IcebergContext> = {
  id: `iceberg.${TRIAL}`,
  title: "Every engine reads what every other one wrote",
  explain:
    "Each engine writes tables with the least, the greatest and odd values of every type that it has (nulls, NaN, the " +
    "years 1 and 9999, 38 digits), with rows that were updated and deleted, with columns that were added, renamed and " +
    "dropped, and of format version 3; each engine reads them, and every value is compared. When one differs, two " +
    "users of the same table work with different data.",
  weight: "critical",
  async run(context) {
    const outcomes: Outcome[] = [];
    await inParallel(context.engines, context.engines.length, async (writer) => {
      for (const sample of samples) outcomes.push(...await journey(context, writer, sample));
    });
    return outcomes;
  },
};

/** What became of one table: one outcome for each reader, or one when it could not be written. */
async function journey(context: IcebergContext, writer: Engine, sample: Sample): Promise<Outcome[]> {
  const session = sessionOf(context, context.main, writer, "shared");
  const table = await session.table(sample.name);
  const written = await outcomeOf(() => write(session, sample, table));
  if (written.result !== "passed") {
    return [{ ...written, object: objectOf(TRIAL, writer, sample.name) }];
  }
  const outcomes: Outcome[] = [];
  await inParallel(context.engines, context.engines.length, async (reader) => {
    const outcome = await outcomeOf(() => read(context, session, sample, reader));
    outcomes.push({ ...outcome, object: objectOf(TRIAL, writer, reader.name, sample.name) });
  });
  return outcomes;
}

async function write({ engine, dialect, run }: Session, sample: Sample, table: string): Promise<Outcome> {
  const statements = sample.statements(dialect, table);
  if (!statements) return skipped(`${engine.title} can't write ${sample.title}`, { reason: "NoSuchType" });
  for (const sql of statements) await run(sql);
  return passed("written");
}

async function read(
  context: IcebergContext,
  written: Session,
  sample: Sample,
  reader: Engine,
): Promise<Outcome> {
  const session = sessionOf(context, written.workspace, reader, "shared");
  const answer = await session.ask(
    sample.select(session.dialect, await written.tableFor(reader, sample.name)),
  );
  const way = `${sample.title}, written by ${written.engine.title}, read by ${reader.title}`;
  if ("failure" in answer) {
    const { failure } = answer;
    if (failure.unsupported) {
      return skipped(`${reader.title} can't read it: ${way}`, {
        reason: "NotSupported",
        evidence: failure.evidence,
      });
    }
    return failed(failure.reason, `${way}: ${failure.message}`, toldOf(failure));
  }
  const expected = sample.rows(written.dialect);
  const differs = firstDifference(expected, answer.rows, answer.columns.map(({ name }) => name));
  if (differs) return failed("WrongValues", `${way}: other values come back than were written`, differs);
  return expected.length > 0
    ? passed(`${way}: the same`)
    : unknown("NothingRead", `${way}: nothing to compare`);
}

const shown = (cell: Cell | undefined) => cell === undefined ? "nothing" : cell === null ? "NULL" : cell;

/** The first value that differs, with the name of its column. */
export function firstDifference(
  expected: readonly (readonly Cell[])[],
  rows: readonly (readonly Cell[])[],
  columns: readonly string[],
): { observed: string; expected: string } | undefined {
  if (rows.length !== expected.length) {
    return { observed: `${rows.length} rows`, expected: `${expected.length} rows` };
  }
  for (const [at, want] of expected.entries()) {
    const got = rows[at] ?? [];
    for (let column = 0; column < Math.max(want.length, got.length); column++) {
      if (want[column] === got[column]) continue;
      const where = `row ${at + 1}, ${columns[column] ?? "a column more"}`;
      return { observed: `${where}: ${shown(got[column])}`, expected: shown(want[column]) };
    }
  }
  return undefined;
}
