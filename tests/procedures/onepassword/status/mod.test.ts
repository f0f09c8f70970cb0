/** What `1p:status` says of the recorded incidents: it sees those of its own, and no others. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { evaluate } from "../../../../lib/engine/evaluate.ts";
import { loadFacts } from "../../../../lib/disk/facts_file.ts";
import { doctor } from "../../../../lib/procedures/onepassword/status/mod.ts";
import type { Report } from "../../../../lib/engine/report.ts";
import { reportSchema } from "../../../../lib/engine/report_schema.ts";

const SCENARIOS = new URL("../../../scenarios/", import.meta.url).pathname;

async function said(name: string): Promise<Report> {
  return evaluate("1p:status", doctor, await loadFacts(`${SCENARIOS}${name}/facts.json.gz`));
}

const ROOTS: Record<string, string[]> = {
  "healthy": [],
  "postgres-hibernated": [],
  "nessie-image-tag-wrong": [],
  "nessie-service-deleted": [],
  "onepassword-connect-missing": ["ClusterSecretStore onepassword-connect Missing"],
  "connect-scaled-to-zero": ["Deployment onepassword-connect ScaledToZero"],
  "eso-operator-stopped": ["Deployment external-secrets ScaledToZero"],
  "store-connect-host-wrong": ["Service onepassword-connect Missing"],
  "item-missing": ["OnePasswordItem lakehouse/s3-credentials ItemNotFound"],
};

for (const [name, roots] of Object.entries(ROOTS)) {
  Deno.test(`${name}: the doctor finds ${roots.join(", ") || "nothing"}`, async () => {
    const report = await said(name);
    assert.deepEqual(
      report.roots.map(({ object, reason }) => `${object.kind} ${object.name} ${reason}`),
      roots,
    );
    assert.equal(report.status, roots.length > 0 ? "critical" : "healthy");
  });
}

Deno.test("the doctor can judge every recorded incident, none of its checks fails, and none invents a hand-made Secret", async () => {
  const recorded = readdirSync(SCENARIOS).filter((name) => existsSync(`${SCENARIOS}${name}/facts.json.gz`));
  assert.ok(recorded.length > 20);
  for (const name of recorded) {
    const report = await said(name);
    reportSchema.parse(report);
    const findings = report.details.components.flatMap(({ checks }) => checks);
    assert.deepEqual(
      findings.filter(({ reason }) => ["CheckFailed", "MadeByHand"].includes(reason)),
      [],
      name,
    );
  }
});
