/** What the tests on the lab share: the lab, the commands as users run them, and reports. */
import assert from "node:assert/strict";
import { findLab, type LabContext } from "../../lab/context.ts";
import { faultsOn, findFault, repairAll } from "../../lab/faults/mod.ts";
import { breakOne } from "../../lab/faults/run.ts";
import { disagreements } from "../../lab/faults/expect.ts";
import { CLEAN_ENV, run, type RunResult } from "../../lab/process.ts";
import type { Progress } from "../../lab/progress.ts";
import type { Report } from "../../lib/engine/report.ts";
import { reportSchema } from "../../lib/engine/report_schema.ts";

/** The lab of this checkout. Fails when it is not up: these tests are for it. */
export function lab(): LabContext {
  const ctx = findLab();
  assert.ok(ctx, "the lab is not up: deno task lab:up");
  return ctx;
}

/** Runs a task of deno.json to its end, as a user does. */
export async function task(
  name: string,
  args: readonly string[] = [],
  timeoutMs = 60_000,
): Promise<RunResult> {
  const env = { ...CLEAN_ENV, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const argv = [Deno.execPath(), "task", "--quiet", name, ...args];
  return await run(argv, { env, cwd: lab().root, timeoutMs });
}

/** Runs the health command on the lab. The report is checked against its schema. */
export async function health(): Promise<{ code: number; report: Report }> {
  const said = await task("data-platform:health:json", ["--kubeconfig", lab().kubeconfig]);
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  return { code: said.code, report };
}

/** Every finding of a report that is not well, one line each. */
export function unhealthy(report: Report): string[] {
  return report.details.components.flatMap(({ checks }) => checks)
    .filter(({ status }) => status !== "ok" && status !== "skipped")
    .map(({ status, object, reason, message }) =>
      `${status} ${object.kind} ${object.namespace ?? ""}/${object.name} ${reason}: ${message}`
    );
}

const lines: string[] = [];

/** Progress that is only shown when a test fails. */
export const quiet: Progress = {
  start: () => {},
  done: (name, note = "") => void lines.push(`${name} ${note}`),
  skip: (name, note = "") => void lines.push(`${name} ${note}`),
  fail: (name, failure) => void lines.push(`${name} failed: ${failure.why}`),
  info: (text) => void lines.push(text),
  close: () => {},
};

/** Breaks the lab, looks, and repairs whatever happened. Asserts that the diagnosis says what is true of these faults. */
export async function withFaults(
  names: readonly string[],
  look: (seen: { code: number; report: Report }) => void | Promise<void> = () => {},
): Promise<void> {
  const ctx = lab();
  const all = names.map(findFault);
  try {
    for (const fault of all) await breakOne(ctx, fault, quiet);
    const seen = await health();
    assert.deepEqual(
      disagreements(seen.report, {
        exit: 2,
        roots: all.flatMap(({ expect }) => expect.roots),
        symptoms: all.flatMap(({ expect }) => expect.symptoms ?? []),
      }),
      [],
      unhealthy(seen.report).join("\n"),
    );
    await look(seen);
  } finally {
    await repairAll(ctx, faultsOn(ctx), quiet);
  }
}

/** Asserts that nothing is wrong and nothing is worth a word. */
export async function assertHealthy(): Promise<void> {
  const { code, report } = await health();
  assert.deepEqual(unhealthy(report), []);
  assert.equal(code, 0);
  assert.equal(report.status, "healthy");
}
