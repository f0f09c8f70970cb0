/** What the lab's catalog can do, compared with what is known of it; and that nothing of the trying stays. */
import assert from "node:assert/strict";
import { kubectl } from "../../../lab/cluster/mod.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { reportSchema } from "../../../lib/engine/report_schema.ts";
import { lab, task } from "../live.ts";

/** Of Nessie 0.99.0, as lab.md has it and engines found it; everything else is `yes`. */
const KNOWN: Record<string, "no" | "differently"> = {
  "tell that what is to be listed is missing": "differently",
  "set and remove properties of a namespace": "differently",
  "reject setting and removing one property at once": "no",
  "create a table without saying stage-create": "differently",
  "put a table where the client says": "no",
  "create a table of a format version": "no",
  "keep the snapshots of a table": "differently",
  "branch and tag inside of a table": "no",
  "remove snapshots": "no",
  "upgrade a table to format version 3": "no",
  "reject a second first append": "no",
  "reject requirements and updates that it does not know": "differently",
  "purge a table with its files": "no",
  "let engines delete files of a table": "differently",
  "name the metadata file in the answer to a commit": "differently",
  "say which requests it serves": "differently",
  "lend keys for the store (vended-credentials)": "no",
  "leave the way to the files to the client": "differently",
  "load credentials again": "no",
  "plan scans for clients": "no",
};

let run: Promise<Report> | undefined;

/** The report of one run, whoever asks for it. */
function validated(): Promise<Report> {
  return run ??= (async () => {
    const args = ["--json", "--no-integrity", "--kubeconfig", lab().kubeconfig];
    const said = await task("validate:nessie", args, 120_000);
    assert.ok(said.stdout.startsWith("{"), `no report, but: ${said.stderr}`);
    const report: Report = JSON.parse(said.stdout);
    reportSchema.parse(report);
    return report;
  })();
}

async function references(): Promise<string[]> {
  const path = "/api/v1/namespaces/data-platform/services/nessie:19120/proxy/api/v2/trees?max-records=1000";
  const { stdout } = await kubectl(lab(), ["get", "--raw", path]);
  return JSON.parse(stdout).references.map(({ name, hash }: { name: string; hash: string }) =>
    `${name} ${hash}`
  );
}

const ours = (name: string) => name.startsWith("lakecheck-scratch-");

Deno.test("the lab's catalog can do what is known of Nessie 0.99, and main is as it was", async () => {
  const before = await references();
  const report = await validated();
  const table = report.details.tables?.find(({ name }) => name === "nessie.capabilities");
  assert.ok(table, "no table of capabilities");
  const seen = Object.fromEntries(table.rows.map(([, title, can]) => [title, can]));
  assert.ok(table.rows.length >= 50, `${table.rows.length} capabilities`);
  const others = Object.fromEntries(Object.entries(seen).filter(([, can]) => can !== "yes"));
  assert.deepEqual(others, KNOWN);

  const gone = report.details.components.flatMap(({ checks }) => checks)
    .filter(({ check, status }) => check === "nessie.scratch-gone" && status !== "ok");
  assert.deepEqual(gone, []);
  // Other tests may be at work on scratch branches of their own.
  assert.deepEqual((await references()).filter((one) => !ours(one)), before.filter((one) => !ours(one)));
});

Deno.test("what an engine needs and Nessie 0.99 has not is one finding, with the version that has it", async () => {
  const report = await validated();
  const found = report.details.components.flatMap(({ checks }) => checks)
    .filter(({ check, status }) => check.startsWith("nessie.can-") && status !== "ok");
  assert.deepEqual(found.map(({ check }) => check), ["nessie.can-refuse-second-first"]);
  assert.match(found[0]?.next?.join() ?? "", /0\.101\.1/);
  assert.ok(!/Signature=|Credential=|s3sign\//.test(JSON.stringify(report)), "a signature is in the report");
});
