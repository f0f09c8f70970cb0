/** Every trial of tables passes where all is right, and fails where something is wrong in the way that it is there to see. */
import assert from "node:assert/strict";
import { runTrials } from "../../../../lib/checkpoint/run_trials.ts";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import type { Cell, Rows } from "../../../../lib/checkpoints/iceberg/engines/engine.ts";
import { EngineError } from "../../../../lib/checkpoints/iceberg/engines/engine.ts";
import { runScript } from "../../../../lib/checkpoints/iceberg/scripts/run_script.ts";
import { icebergTrialList } from "../../../../lib/checkpoints/iceberg/trials/mod.ts";
import { outcomeOf } from "../../../../lib/checkpoint/expect.ts";
import { fakeLake, type Faults } from "../../../fakes/iceberg.ts";

async function tried(id: string, faults: Faults, titles?: readonly string[]): Promise<TrialRecord[]> {
  const trial = icebergTrialList.find((one) => one.id === id);
  assert.ok(trial, id);
  await using lake = await fakeLake(faults, titles);
  const options = { signal: lake.context.signal, trialTimeoutMs: 60_000, concurrency: 1 };
  return await runTrials([trial], lake.context, options);
}

const nothing: Rows = { columns: [], rows: [] };

/** Scripts are tried by `runScript` below, and on the lab. */
const BY_SCRIPT = new Set(["iceberg.create", "iceberg.rows", "iceberg.evolve", "iceberg.maintain"]);

const CASES: readonly [trial: string, faults: Faults, reason: string][] = [
  ["iceberg.lost-answer", { commitsAgain: true }, "Doubled"],
  ["iceberg.lost-answer", { removesCommitted: true }, "DataDestroyed"],
  ["iceberg.killed-writer", { keepsHalf: true }, "HalfWritten"],
  ["iceberg.killed-writer", { artefacts: true }, "ArtefactsDiffer"],
  ["iceberg.writers", {
    instead: (sql) => sql.endsWith("VALUES (1, 7)") ? Promise.resolve(nothing) : undefined,
  }, "Lost"],
  [
    "iceberg.writers",
    { instead: (sql, run) => sql.endsWith("VALUES (1, 7)") ? run(sql).then(() => run(sql)) : undefined },
    "Doubled",
  ],
  ["iceberg.read-each-other", {
    cell: (cell: Cell) => cell === "9007199254740993" ? "9007199254740992" : cell,
  }, "WrongValues"],
  ["iceberg.read-each-other", { cell: (cell: Cell) => cell === "" ? null : cell }, "WrongValues"],
  [
    "iceberg.travel",
    { noHistory: true, instead: (sql) => sql.startsWith("DROP") ? Promise.resolve(nothing) : undefined },
    "WrongRows",
  ],
  ["iceberg.branches", { sharedBranches: true }, "WrongRows"],
  ["iceberg.branches", { mergesConflicts: true }, "NoConflict"],
  ["iceberg.names", { cell: (cell: Cell) => cell?.replaceAll('"', "") ?? null }, "NameLost"],
  [
    "iceberg.dropped-under",
    { instead: (sql) => sql.endsWith("VALUES (2)") ? Promise.resolve(nothing) : undefined },
    "WrittenToNothing",
  ],
];

for (const { id } of icebergTrialList) {
  if (BY_SCRIPT.has(id)) continue;
  Deno.test(`${id} passes where all is right`, async () => {
    const records = await tried(id, {}, id === "iceberg.writers" ? ["DuckDB", "Other"] : ["DuckDB"]);
    assert.deepEqual(records.filter(({ result }) => result !== "passed" && result !== "skipped"), []);
    assert.ok(records.some(({ result }) => result === "passed"));
  });
}

for (const [id, faults, reason] of CASES) {
  Deno.test(`${id} fails with ${reason}`, async () => {
    const failed = (await tried(id, faults)).filter(({ result }) => result === "failed");
    assert.ok(
      failed.length > 0 && failed.every((one) => one.reason === reason),
      JSON.stringify(failed, null, 1),
    );
    assert.ok(failed.every(({ observed }) => observed !== undefined));
  });
}

Deno.test("every trial has a case in which it fails", () => {
  const without = icebergTrialList.filter(({ id }) =>
    !BY_SCRIPT.has(id) && !CASES.some(([one]) => one === id)
  );
  assert.deepEqual(without.map(({ id }) => id), []);
});

const SCRIPT = `
CREATE TABLE lakehouse.demo.t (id INTEGER);
INSERT INTO lakehouse.demo.t VALUES (1), (2);
SELECT id FROM lakehouse.demo.t ORDER BY id;
-- => 1
-- => 2
-- scans 1 of 2 files
SELECT * FROM lakehouse.demo.u;
-- fails: NotFound
`;

const run = async (faults: Faults, text = SCRIPT) => {
  await using lake = await fakeLake(faults);
  const { context } = lake;
  const [engine] = context.engines;
  assert.ok(engine);
  const script = { name: "s", path: "docs/iceberg/duckdb/s.sql", text };
  return await outcomeOf(() => runScript(context, context.main, engine, script));
};

const SCRIPT_CASES: readonly [what: string, faults: Faults, result: string, reason: string][] = [
  ["all is right", {}, "passed", "Holds"],
  ["other rows come", { cell: (cell) => cell === "2" ? "3" : cell }, "failed", "WrongRows"],
  ["an object is missing", { artefacts: true }, "failed", "ArtefactsDiffer"],
  [
    "what must be refused is accepted",
    { instead: (sql) => sql.includes("s_duckdb_u") ? Promise.resolve(nothing) : undefined },
    "failed",
    "NotRefused",
  ],
  [
    "it is refused for another reason",
    {
      instead: (sql) => {
        if (sql.includes("s_duckdb_u")) {
          throw new EngineError("duckdb", [{ type: "Out of Memory Error", message: "x" }]);
        }
        return undefined;
      },
    },
    "failed",
    "OtherRefusal",
  ],
  [
    "too many files are read",
    {
      instead: (sql, plain) =>
        sql.startsWith("SELECT id") ? plain(sql).then((rows) => ({ ...rows, filesRead: 2 })) : undefined,
    },
    "failed",
    "NotPruned",
  ],
  [
    "the engine has no such statement",
    {
      instead: (sql) => {
        if (sql.startsWith("INSERT")) {
          throw new EngineError("duckdb", [{ type: "Not implemented Error", message: "no" }]);
        }
        return undefined;
      },
    },
    "skipped",
    "NotSupported",
  ],
];

for (const [what, faults, result, reason] of SCRIPT_CASES) {
  Deno.test(`a script where ${what}: ${result}`, async () => {
    const outcome = await run(faults);
    assert.deepEqual([outcome.result, outcome.reason], [result, reason], JSON.stringify(outcome));
    if (result === "failed") assert.match(JSON.stringify(outcome), /docs\/iceberg\/duckdb\/s\.sql, line \d/);
  });
}
