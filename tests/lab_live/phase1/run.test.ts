/** Phase 1 as people run it, on the lab; tables have a test of their own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parts, recordsOf } from "../../../lib/checkpoints/phase1/parts.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { lab, task } from "../live.ts";

async function phase1(args: readonly string[]): Promise<{ code: number; report: Report; stderr: string }> {
  const said = await task("data-platform:test:phase1", ["--json", ...args], 600_000);
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  return { code: said.code, report, stderr: said.stderr };
}

const rowsOf = (report: Report, name: string) =>
  report.details.tables?.find((table) => table.name === name)?.rows ?? [];

Deno.test("phase 1 runs its parts on the lab, knows what is met, and a recorded run gives the same verdict", async () => {
  const at = await Deno.makeTempDir();
  try {
    const facts = join(at, "phase1.json.gz");
    const live = await phase1([
      "--kubeconfig",
      lab().kubeconfig,
      "--timeout",
      "30s",
      "--skip",
      "iceberg",
      "--save-facts",
      facts,
    ]);
    const verdicts = new Map(
      rowsOf(live.report, "phase1.verdict").map(([goal, what, , met]) => [`${goal} ${what}`, met]),
    );
    for (
      const goal of [
        "1.1 Buckets of the platform",
        "1.1 Operations of lakehouse clients",
        "1.2 Commits arrive in the database",
        "1.4 Secrets through External Secrets",
      ]
    ) assert.equal(verdicts.get(goal), "met", goal);
    assert.equal(verdicts.get("1.4 A backup was restored and compared"), "not started");
    const { report } = await phase1(["--facts", facts]);
    assert.deepEqual(rowsOf(report, "phase1.verdict"), rowsOf(live.report, "phase1.verdict"));
    assert.deepEqual(report.roots, live.report.roots);
  } finally {
    await Deno.remove(at, { recursive: true });
  }
});

Deno.test("an object store that nobody answers for ends the run, and the parts after it are skipped, never ok", async () => {
  const { report, stderr, code } = await phase1([
    ...["--kubeconfig", lab().kubeconfig, "--endpoint", "http://127.0.0.1:9", "--timeout", "2s"],
  ]);
  assert.match(stderr, /Phase 1 stops after the object store; .*prerequisite s3\.reached could not be tried/);
  assert.equal(code, 3);
  const [, ...later] = parts;
  const sources = new Set(later.flatMap(recordsOf).map(({ id }) => id));
  const ids = new Set(
    later.flatMap((part) => part.reported()).flatMap(({ checks }) => checks)
      .filter(({ needs }) => needs.some(({ id }) => sources.has(id))).map(({ id }) => id),
  );
  const found = report.details.components.flatMap(({ checks }) => checks).filter(({ check }) =>
    ids.has(check)
  );
  assert.ok(found.length >= ids.size);
  assert.deepEqual([...new Set(found.map(({ status }) => status))], ["skipped"]);
});
