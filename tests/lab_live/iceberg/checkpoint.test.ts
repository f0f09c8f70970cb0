/** The checkpoint of tables as people run it, on the lab: both engines, and nothing left behind. */
import assert from "node:assert/strict";
import { icebergTrialList } from "../../../lib/checkpoints/iceberg/trials/mod.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { lab, task } from "../live.ts";

const TASK = "data-platform:test:iceberg";

async function checkpoint(...args: readonly string[]): Promise<Report> {
  const said = await task(
    TASK,
    ["--json", "--kubeconfig", lab().kubeconfig, "--timeout", "30s", ...args],
    600_000,
  );
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  return report;
}

const found = ({ details }: Report) =>
  details.components.flatMap(({ checks }) => checks).filter(({ check }) => check.startsWith("iceberg."));

/** What these releases can't do, and say so: by the object that the outcome is told of. */
const FAULTS_OF_ENGINES: Readonly<Record<string, string>> = {
  // Iceberg's client for REST writes a space as a plus, which Nessie takes for a plus.
  "names-spark": "NameLost",
  // github.com/duckdb/duckdb-iceberg/pull/1120
  "lost-answer-duckdb": "DataDestroyed",
};

Deno.test("both engines do all that is tried on the lab, read each other, and leave nothing", async () => {
  const report = await checkpoint();
  const all = found(report);
  const bad = all.filter(({ status }) => status !== "ok" && status !== "skipped");
  const known = bad.filter(({ object, reason }) => FAULTS_OF_ENGINES[object.name] === reason);
  assert.deepEqual(
    bad.filter((one) => !known.includes(one)).map(({ check, message }) => `${check}: ${message}`),
    [],
  );
  assert.equal(known.length, Object.keys(FAULTS_OF_ENGINES).length);
  const ok = new Map(
    all.filter(({ status }) => status === "ok").map(({ check, object }) => [object.name, check]),
  );
  for (const engine of ["spark", "duckdb"]) {
    assert.equal(ok.get(engine), "iceberg.engine");
    for (const trial of ["create", "rows", "travel", "branches", "dropped-under", "killed-writer"]) {
      assert.equal(ok.get(`${trial}-${engine}`), `iceberg.${trial}`);
    }
  }
  for (const way of ["spark-duckdb", "duckdb-spark"]) {
    for (const sample of ["types", "changed", "evolved"]) {
      assert.equal(ok.get(`read-each-other-${way}-${sample}`), "iceberg.read-each-other");
    }
  }
  for (const trial of ["evolve-spark", "maintain-spark", "writers", "clean"]) assert.ok(ok.has(trial), trial);
  const tried = new Set(all.map(({ check }) => check));
  assert.deepEqual(icebergTrialList.filter(({ id }) => !tried.has(id)), []);
});

Deno.test("an engine that is none is told before anything is asked", async () => {
  const said = await task(TASK, ["--engine", "duckdbb", "--kubeconfig", lab().kubeconfig], 60_000);
  assert.equal(said.code, 3);
  assert.match(
    said.stderr,
    /--engine is "duckdbb", and there are spark, duckdb and all\. Did you mean duckdb\?/,
  );
});
