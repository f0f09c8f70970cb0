/** That the lab's catalog keeps what it is given in PostgreSQL, and that a restart of it loses nothing. */
import assert from "node:assert/strict";
import { kubectl } from "../../../lab/cluster/mod.ts";
import type { Finding } from "../../../lib/engine/model.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { lab, task } from "../live.ts";

async function validated(...more: string[]): Promise<{ report: Report; checks: Map<string, Finding[]> }> {
  const args = ["--json", "--no-integrity", "--kubeconfig", lab().kubeconfig, ...more];
  const said = await task("validate:nessie", args, 240_000);
  assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
  const report: Report = JSON.parse(said.stdout);
  reportSchema.parse(report);
  const all = report.details.components.flatMap(({ checks }) => checks);
  return { report, checks: Map.groupBy(all, ({ check }) => check) };
}

async function password(): Promise<string> {
  const jsonpath = "jsonpath={.data.password}";
  const args = ["-n", "data-platform", "get", "secret", "nessie-postgres-credentials", "-o", jsonpath];
  return atob((await kubectl(lab(), args)).stdout);
}

/** Names of the catalog's pods. */
async function pods(): Promise<string[]> {
  const args = ["-n", "data-platform", "get", "pods", "-l", "app.kubernetes.io/name=nessie", "-o", "name"];
  return (await kubectl(lab(), args)).stdout.trim().split("\n").toSorted();
}

Deno.test("the lab's catalog keeps everything in refs2 and objs2, and the report holds no password", async () => {
  const { report, checks } = await validated();
  for (const part of ["kept", "open", "tables", "grows", "connections", "size", "replicas"]) {
    const found = checks.get(`nessie.store-${part}`);
    assert.ok(found && found.length > 0, `nessie.store-${part} is not in the report`);
    assert.deepEqual(found.filter(({ status }) => status !== "ok"), [], part);
  }
  assert.match(checks.get("nessie.store-grows")?.[0]?.observed ?? "", /3 of 3 commits/);
  assert.match(checks.get("nessie.store-open")?.[0]?.observed ?? "", /PostgreSQL 15\.\d+.*with TLS/);
  assert.match(checks.get("nessie.store-replicas")?.[0]?.observed ?? "", /2 standbys/);
  const secret = await password();
  assert.ok(secret.length > 10);
  assert.ok(!JSON.stringify(report).includes(secret), "the password is in the report");
});

Deno.test("a restart of the lab's catalog loses nothing, hurts nobody, and then proves itself", async () => {
  const before = await pods();
  const { checks } = await validated("--restart", "--yes-restart");
  const found = checks.get("nessie.restart-loses-nothing") ?? [];
  assert.deepEqual(found.filter(({ status }) => status !== "ok").map(({ message }) => message), []);
  assert.equal(found.length, before.length, "one finding for each pod");
  const after = await pods();
  assert.ok(after.every((pod) => !before.includes(pod)), `${before} are still there`);
  const [, answered = "0", asked = "0"] =
    /(\d+) of (\d+) questions were answered/.exec(found[0]?.message ?? "") ?? [];
  assert.ok(Number(asked) > 5, `asked ${asked} times`);
  assert.ok(Number(answered) >= Number(asked) * 0.9, `${answered} of ${asked} were answered`);
  const survives = (await validated()).checks.get("nessie.store-survives");
  assert.equal(survives?.[0]?.status, "ok", survives?.[0]?.message ?? "not tried");
});
