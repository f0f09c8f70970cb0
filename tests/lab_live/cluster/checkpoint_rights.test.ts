import assert from "node:assert/strict";
import { join } from "node:path";
import { issueClientCert, kubectl, writeKubeconfig } from "../../../lab/cluster/mod.ts";
import type { Report } from "../../../lib/engine/report.ts";
import { lab, task, unhealthy } from "../live.ts";

const ROLES = ["docs/rbac.yaml", "docs/rbac-checkpoints.yaml"];

Deno.test("the roles in docs are enough for the checkpoints", async () => {
  const ctx = lab();
  const directory = await Deno.makeTempDir({ prefix: "lakecheck-rights-" });
  try {
    for (const file of ROLES) {
      const applied = await kubectl(ctx, ["apply", "-f", join(ctx.root, file)]);
      assert.equal(applied.code, 0, applied.stderr);
    }
    const kubeconfig = join(directory, "prover");
    const groups = ["lakecheck-health", "lakecheck-checkpoints"];
    const certificate = await issueClientCert(ctx, { user: "prover", groups, days: 1 });
    writeKubeconfig(ctx, kubeconfig, "prover", certificate);
    for (const name of ["data-platform:test:s3", "validate:nessie"]) {
      const said = await task(name, ["--json", "--timeout", "30s", "--kubeconfig", kubeconfig], 300_000);
      const report: Report = JSON.parse(said.stdout);
      const blind = unhealthy(report).filter((line) => /^unknown/.test(line));
      assert.deepEqual(blind, [], said.stderr);
      assert.ok(report.details.components.length > 5);
    }
    const nobody = ["--as=prover", "--as-group=lakecheck-checkpoints", "-n", "data-platform"];
    const restart = await kubectl(ctx, [...nobody, "auth", "can-i", "patch", "deployment/nessie"]);
    assert.match(restart.stdout, /^no/);
  } finally {
    for (const file of ROLES) {
      await kubectl(ctx, ["delete", "--ignore-not-found", "-f", join(ctx.root, file)]);
    }
    await Deno.remove(directory, { recursive: true });
  }
});
