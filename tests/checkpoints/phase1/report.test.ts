import assert from "node:assert/strict";
import { parts, recordsOf } from "../../../lib/checkpoints/phase1/parts.ts";
import { phaseParts } from "../../../lib/checkpoints/phase1/records.ts";
import { reported } from "../../../lib/checkpoints/phase1/report.ts";
import { stoppedBy } from "../../../lib/checkpoints/phase1/stop.ts";
import { evaluate } from "../../../lib/engine/evaluate.ts";
import { type Facts, type Finding, isRecord, refKey } from "../../../lib/engine/model.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { plain } from "../../../lib/render/plain.ts";
import { factsFor, judgedCommands, scenario, without } from "../../truth/commands.ts";

const command = judgedCommands.find(({ name }) => name === "phase1");
assert.ok(command);
const healthy = factsFor(command, await scenario("healthy"));
const judge = (facts: Facts) => {
  const report = evaluate("data-platform:test:phase1", command.components, facts);
  reportSchema.parse(report);
  return report;
};
const findingsOf = (report: Report): Finding[] => report.details.components.flatMap(({ checks }) => checks);
const verdictTable = (report: Report) => {
  const table = report.details.tables?.find(({ name }) => name === "phase1.verdict");
  assert.ok(table);
  const rows = table.rows.map(([objective, what, , verdict]) => `${objective} ${what}: ${verdict}`);
  return { title: table.title, rows };
};

/** The store can't be reached: what is recorded then, and what of the parts after it. */
function unreached(facts: Facts): Facts {
  const [s3, ...later] = parts;
  assert.ok(s3);
  const dead = without(facts, recordsOf(s3), { kind: "unreachable", message: "no pod behind it is Ready" });
  const why = stoppedBy(s3, dead);
  assert.match(why ?? "", /^prerequisite s3\.reached could not be tried: .*no pod behind it is Ready/);
  const none = later.flatMap(recordsOf).map(({ id }) => [id, { ok: true as const, items: [] }]);
  const items = [
    { part: "s3", state: "run", durationMs: 1 },
    ...later.map(({ name }) => ({ part: name, state: "not run", why })),
  ];
  const sources = {
    ...dead.sources,
    ...Object.fromEntries(none),
    [phaseParts.id]: { ok: true as const, items },
  };
  return { ...dead, sources };
}

Deno.test("each component is there once, and stands on none that is not there", () => {
  const names = reported().map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, dependsOn } of reported()) {
    for (const one of dependsOn) assert.ok(names.includes(one), `${name} on ${one}`);
  }
});

Deno.test("all that is tried by the parts is judged", () => {
  const ids = new Set(reported().flatMap(({ checks }) => checks).map(({ id }) => id));
  const own = parts.flatMap((part) => part.reported().flatMap(({ checks }) => checks))
    .filter(({ needs }) => needs.some(isRecord));
  assert.deepEqual(own.filter(({ id }) => !ids.has(id)).map(({ id }) => id), []);
});

Deno.test("where all passed, what this release can know is met, and the rest is not started", () => {
  const { title, rows } = verdictTable(judge(healthy));
  const others = rows.filter((row) => !row.endsWith(": met") && !row.endsWith(": not started"));
  // Records of no measurement were made up here.
  assert.deepEqual(others, [
    "1.1 S3 operations within 5 s: not known",
    "1.3 Table creation within 30 s: not known",
  ]);
  assert.match(
    title,
    /^Phase 1: \d+ of \d+ criteria and \d of \d deliverables met; not known: 1\.1 S3 operations/,
  );
});

Deno.test("a store that can't be reached is one root over all parts, and what was not run is skipped, never ok", () => {
  const report = judge(unreached(healthy));
  assert.deepEqual(report.roots.map(({ object }) => refKey(object)), ["S3Endpoint//object-store"]);
  assert.equal(report.status, "error");
  const later = parts.slice(1).flatMap((part) => part.reported().flatMap(({ checks }) => checks))
    .filter(({ needs }) => needs.some(isRecord)).map(({ id }) => id);
  assert.ok(later.length > 40);
  for (const { check, status, message } of findingsOf(report)) {
    if (!later.includes(check)) continue;
    assert.equal(status, "skipped", check);
    assert.match(message, /^skipped: prerequisite s3\.reached could not be tried: /, check);
  }
  const { rows } = verdictTable(report);
  const met = rows.filter((row) => /^1\.[123] .*: met$/.test(row));
  // Health knows of the database without any part.
  assert.deepEqual(met, ["1.2 Database on CloudNativePG: met"]);
});

Deno.test("a part that was left out is skipped with who left it out, and its goals are not known", () => {
  const [s3, ...later] = parts;
  assert.ok(s3);
  const none = later.flatMap(recordsOf).map(({ id }) => [id, { ok: true as const, items: [] }]);
  const items = [
    { part: "s3", state: "run", durationMs: 1 },
    ...later.map(({ name }) => ({ part: name, state: "left out", why: "not asked for (--only s3)" })),
  ];
  const sources = {
    ...healthy.sources,
    ...Object.fromEntries(none),
    [phaseParts.id]: { ok: true as const, items },
  };
  const report = judge({ ...healthy, sources });
  assert.equal(report.status, "healthy");
  const commit = findingsOf(report).find(({ check }) => check === "nessie.commit");
  assert.deepEqual([commit?.status, commit?.message], ["skipped", "skipped: not asked for (--only s3)"]);
  assert.ok(verdictTable(report).rows.includes("1.2 Branches, commits, merges, time travel: not known"));
});

Deno.test("a failed trial of its evidence is a goal that is not met, and its line says which", () => {
  const found = healthy.sources["s3.trials"];
  assert.ok(found?.ok && "items" in found);
  const items = found.items.map((one) => {
    const record = one as { trial: string };
    return record.trial === "s3.put-get" ? { ...record, result: "failed", reason: "WrongBytes" } : record;
  });
  const report = judge({ ...healthy, sources: { ...healthy.sources, "s3.trials": { ok: true, items } } });
  const table = report.details.tables?.find(({ name }) => name === "phase1.verdict");
  const row = table?.rows.find(([, what]) => what === "Operations of lakehouse clients");
  assert.deepEqual(row?.slice(3), ["not met", "s3.put-get"]);
  assert.equal(report.status, "critical");
});

Deno.test("facts that know of no run of phase 1 give no verdict", () => {
  const { [phaseParts.id]: _, ...sources } = healthy.sources;
  const report = judge({ ...healthy, sources });
  assert.equal(report.details.tables?.some(({ name }) => name.startsWith("phase1.")), false);
  assert.equal(report.status, "error");
});

Deno.test("the verdict fits a terminal of 80 columns, as a table", () => {
  const text = plain(judge(unreached(healthy)), { colour: false, width: 80 });
  const at = text.slice(text.indexOf("Phase 1:"));
  for (const line of at.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(at, /^ {2}goal +what +kind +verdict +because$/m);
  assert.match(at, /^ {2}1\.1 +Buckets of the +deliverable +not known +s3\.reached, s3\.buckets$/m);
});
